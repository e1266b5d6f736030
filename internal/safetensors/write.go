package safetensors

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"

	"attn/internal/tensor"
)

// Tensor is one tensor to be written.
type Tensor struct {
	Name  string
	DType tensor.DType
	Shape []int // outermost first
	// Data writes the tensor's bytes, little-endian and row-major: Bytes and
	// Floats make such a function from a slice.
	Data func(io.Writer) error
}

// Bytes returns a Data function for bytes that are as the file wants them.
func Bytes(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
}

// Floats returns a Data function for an F32 tensor's values.
func Floats(values []float32) func(io.Writer) error {
	return func(w io.Writer) error {
		var buffer [4096]byte
		for chunk := range slices.Chunk(values, len(buffer)/4) {
			for i, v := range chunk {
				binary.LittleEndian.PutUint32(buffer[4*i:], math.Float32bits(v))
			}
			if _, err := w.Write(buffer[:4*len(chunk)]); err != nil {
				return err
			}
		}
		return nil
	}
}

// Write writes a file that ReadHeader accepts. Equal arguments give equal
// bytes, in whatever order the tensors come: wider dtypes stand first, so that
// every tensor is aligned, and within a dtype names are in order.
func Write(w io.Writer, metadata map[string]string, tensors []Tensor) error {
	infos, sorted, err := place(tensors)
	if err != nil {
		return err
	}
	header, err := encodeHeader(metadata, infos)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 1<<16)
	var prefix [prefixSize]byte
	binary.LittleEndian.PutUint64(prefix[:], uint64(len(header)))
	// the buffered writer keeps its first error, and Flush returns it
	_, _ = out.Write(prefix[:])
	_, _ = out.Write(header)
	for i, t := range sorted {
		if err := writeData(out, t, infos[i].End-infos[i].Begin); err != nil {
			return err
		}
	}
	return out.Flush()
}

// place orders the tensors and gives each its extent in the buffer.
func place(tensors []Tensor) ([]Info, []Tensor, error) {
	if len(tensors) > maxTensors {
		return nil, nil, fmt.Errorf("%d tensors, a file may have %d", len(tensors), maxTensors)
	}
	sorted := slices.Clone(tensors)
	slices.SortStableFunc(sorted, func(a, b Tensor) int {
		return cmp.Or(
			cmp.Compare(b.DType.Bytes(1), a.DType.Bytes(1)),
			cmp.Compare(a.DType.String(), b.DType.String()),
			cmp.Compare(a.Name, b.Name))
	})
	infos := make([]Info, len(sorted))
	seen := make(map[string]bool, len(sorted))
	at := uint64(0)
	for i, t := range sorted {
		size, err := checkTensor(t)
		if err != nil {
			return nil, nil, err
		}
		if seen[t.Name] {
			return nil, nil, fmt.Errorf("two tensors are named %s", quote(t.Name))
		}
		seen[t.Name] = true
		if size > math.MaxInt64-at {
			return nil, nil, errors.New("the tensors together overflow a file")
		}
		infos[i] = Info{Name: t.Name, DType: t.DType.String(), Shape: t.Shape, Begin: int64(at), End: int64(at + size)}
		at += size
	}
	return infos, sorted, nil
}

// checkTensor holds a tensor to what the reader asks, and returns its size.
func checkTensor(t Tensor) (uint64, error) {
	if t.Name == metadataKey || len(t.Name) > maxName || !utf8.ValidString(t.Name) {
		return 0, fmt.Errorf("%s cannot be a tensor's name", quote(t.Name))
	}
	if len(t.Shape) > maxDims {
		return 0, fmt.Errorf("%v has %d dimensions, the limit is %d", tensorNamed(t.Name), len(t.Shape), maxDims)
	}
	if t.Data == nil {
		return 0, fmt.Errorf("%v has no data", tensorNamed(t.Name))
	}
	for _, size := range t.Shape {
		if size < 0 {
			return 0, fmt.Errorf("%v has the shape %v", tensorNamed(t.Name), t.Shape)
		}
	}
	size, err := byteSize(t.DType.String(), t.Shape)
	if err != nil {
		return 0, fmt.Errorf("%v: %w", tensorNamed(t.Name), err)
	}
	return size, nil
}

// writeData lets a tensor write itself and holds it to its size.
func writeData(w io.Writer, t Tensor, size int64) error {
	counted := counter{w: w}
	if err := t.Data(&counted); err != nil {
		return fmt.Errorf("writing %v: %w", tensorNamed(t.Name), err)
	}
	if counted.n != size {
		return fmt.Errorf("%v wrote %d bytes, %v %v takes %d", tensorNamed(t.Name), counted.n, t.DType, t.Shape, size)
	}
	return nil
}

// counter counts the bytes that pass.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

package weights

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"attn/internal/tensor"
)

// tensorInfo is what a GGUF file says about a tensor, and how large that makes
// it.
type tensorInfo struct {
	Tensor
	offset, size uint64 // in the data
}

// parseInfos reads the tensors' descriptions.
func parseInfos(c *cursor, count int) ([]tensorInfo, error) {
	infos := make([]tensorInfo, 0, count)
	seen := make(map[string]struct{}, count)
	for range count {
		at := c.at
		t, err := parseInfo(c)
		if err != nil {
			return nil, err
		}
		if _, twice := seen[t.Name]; twice {
			return nil, fmt.Errorf("two tensors are called %s, the second at offset %d", quote(t.Name), at)
		}
		seen[t.Name] = struct{}{}
		infos = append(infos, t)
	}
	return infos, nil
}

// parseInfo reads one tensor's name, shape, type and place.
func parseInfo(c *cursor) (tensorInfo, error) {
	var t tensorInfo
	var err error
	if t.Name, err = c.text("a tensor's name", maxTensorName); err != nil {
		return t, err
	}
	what := "tensor " + quote(t.Name)
	if t.Shape, err = parseShape(c, what); err != nil {
		return t, err
	}
	id, err := c.u32(what)
	if err != nil {
		return t, err
	}
	kind, ok := ggmlTypeOf(id)
	if !ok {
		return t, fmt.Errorf("%s is of type %d, which ggml does not have", what, id)
	}
	t.DType, t.stored = kind.dtype, kind.name
	if t.size, err = kind.sizeOf(t.Shape); err != nil {
		return t, fmt.Errorf("%s: %w", what, err)
	}
	t.offset, err = c.u64(what)
	return t, err
}

// parseShape reads a shape. The file writes the fastest dimension first, so
// that a matrix of out rows and in columns has the sizes in, out.
func parseShape(c *cursor, what string) ([]int, error) {
	dims, err := c.u32(what)
	if err != nil {
		return nil, err
	}
	if dims > maxTensorDims {
		return nil, fmt.Errorf("%s has %d dimensions, the limit is %d", what, dims, maxTensorDims)
	}
	shape := make([]int, dims)
	for i := range shape {
		n, err := c.u64(what)
		if err != nil {
			return nil, err
		}
		if n > math.MaxInt {
			return nil, fmt.Errorf("%s: size %d of dimension %d is negative", what, int64(n), i)
		}
		shape[i] = int(n)
	}
	slices.Reverse(shape)
	return shape, nil
}

// ggmlType is one of the types that ggml knows: so many numbers are stored
// together, in so many bytes.
type ggmlType struct {
	name     string
	elements uint64
	bytes    uint64
	dtype    tensor.DType // Unknown if attn does not compute with it
}

// sizeOf returns how many bytes a tensor takes.
func (k ggmlType) sizeOf(shape []int) (uint64, error) {
	elements := uint64(1)
	for _, n := range slices.Backward(shape) { // the file's order: see byteSize in package safetensors
		high, low := bits.Mul64(elements, uint64(n))
		if high != 0 || low > math.MaxInt64 {
			return 0, fmt.Errorf("the number of elements of %v overflows", shape)
		}
		elements = low
	}
	row := 1 // a scalar's
	if len(shape) > 0 {
		row = shape[len(shape)-1]
	}
	if uint64(row)%k.elements != 0 {
		return 0, fmt.Errorf("rows of %d are no whole blocks of %s, which have %d each", row, k.name, k.elements)
	}
	high, size := bits.Mul64(elements/k.elements, k.bytes)
	if high != 0 || size > math.MaxInt64 {
		return 0, fmt.Errorf("the size of %s %v overflows", k.name, shape)
	}
	return size, nil
}

// checkPlaces holds the tensors' places to the only ones that the format's
// readers accept: in the order of their descriptions, each at the next multiple
// of the alignment. The last one's padding may be missing, as writers differ.
func checkPlaces(infos []tensorInfo, data []byte, alignment uint64) error {
	have, at := uint64(len(data)), uint64(0)
	for _, t := range infos {
		if t.offset != at {
			return fmt.Errorf("tensor %s is at offset %d of the data, it should be at %d, right after the one before", quote(t.Name), t.offset, at)
		}
		if at > have || t.size > have-at {
			return fmt.Errorf("the file is cut short: tensor %s needs %d bytes at offset %d of the data, which has %d", quote(t.Name), t.size, at, have)
		}
		at = padded(at+t.size, alignment)
	}
	if have > at {
		return fmt.Errorf("%d bytes after the last tensor belong to no tensor", have-at)
	}
	return nil
}

// Package weights opens a model's weight files and hands out their tensors by
// name, mapped, in the file's own number type: nothing is converted or copied
// until something computes with it.
package weights

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"attn/internal/safetensors"
	"attn/internal/tensor"
)

// Tensor is one stored tensor. It is valid until its Set is closed.
type Tensor struct {
	Name  string
	DType tensor.DType // Unknown if attn cannot compute with it
	Shape []int        // outermost first; empty for a scalar
	Bytes []byte       // little-endian, row-major; read-only, and of any alignment

	// Scales are MXFP4's where they lie in a tensor of their own: see PairMXFP4.
	Scales []byte

	stored string // the dtype as the file names it
}

// Supported reports whether attn can compute with the tensor. Files also hold
// buffers that nothing computes with, such as GPT-2's causal masks, so an
// unsupported dtype is an error only for a tensor that is needed.
func (t Tensor) Supported() error {
	if t.DType == tensor.Unknown {
		return fmt.Errorf("tensor %s has dtype %s, which attn does not compute with", quote(t.Name), t.stored)
	}
	return nil
}

// Stored is the dtype as the file names it, whether or not attn computes with it.
func (t Tensor) Stored() string { return t.stored }

// Floats decodes a tensor: meant for the small ones, biases and norms, since a
// large one is better used in place. It returns nil for an unsupported dtype.
func Floats(t Tensor) []float32 {
	if t.DType == tensor.Unknown {
		return nil
	}
	if t.Scales != nil {
		values := make([]float32, mxfp4Block*len(t.Scales))
		tensor.DecodeMXFP4(values, t.Scales, t.Bytes)
		return values
	}
	values := make([]float32, elements(t.DType, t.Bytes))
	tensor.Decode(values, t.DType, t.Bytes)
	return values
}

// elements returns how many numbers data holds.
func elements(d tensor.DType, data []byte) int {
	elements, bytes := d.Block()
	return len(data) / bytes * elements
}

// Set is the tensors of one model, under the names that its files give them.
// It remembers which were asked for, so that a loader can refuse a file with
// weights that it would silently leave out. It is not safe for concurrent use;
// its tensors' bytes are.
type Set struct {
	tensors map[string]*held
	order   []string // as they lie in the files
	files   []*mapped
}

func newSet() *Set { return &Set{tensors: make(map[string]*held)} }

// held is a tensor together with what the Set knows about it.
type held struct {
	Tensor
	file string
	used bool
}

// Parse makes a Set of a safetensors file that is already in memory, such as
// an embedded one. The Set refers to data; name stands for it in errors.
func Parse(name string, data []byte) (*Set, error) {
	s := newSet()
	if err := s.add(name, data); err != nil {
		return nil, err
	}
	return s, nil
}

// add takes in one safetensors file's tensors.
func (s *Set) add(file string, data []byte) error {
	h, err := safetensors.ReadHeader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	buffer := data[h.DataStart:]
	for _, info := range h.Tensors {
		// a dtype that does not parse is stored as Unknown: see Supported
		dtype, _ := tensor.ParseDType(info.DType)
		err := s.put(file, Tensor{
			Name:   info.Name,
			DType:  dtype,
			Shape:  info.Shape,
			Bytes:  buffer[info.Begin:info.End:info.End],
			stored: info.DType,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// put takes in one tensor.
func (s *Set) put(file string, t Tensor) error {
	if other, twice := s.tensors[t.Name]; twice {
		return fmt.Errorf("%s: tensor %s is in %s already", file, quote(t.Name), other.file)
	}
	s.tensors[t.Name] = &held{Tensor: t, file: file}
	s.order = append(s.order, t.Name)
	return nil
}

// Get returns a tensor and marks it as used.
func (s *Set) Get(name string) (Tensor, bool) {
	t, ok := s.tensors[name]
	if !ok {
		return Tensor{}, false
	}
	t.used = true
	return t.Tensor, true
}

// Has reports whether there is a tensor, and marks nothing.
func (s *Set) Has(name string) bool {
	_, ok := s.tensors[name]
	return ok
}

// Names returns every tensor's name, sorted.
func (s *Set) Names() []string {
	return slices.Sorted(maps.Keys(s.tensors))
}

// Size returns how many bytes the tensors take in their files.
func (s *Set) Size() int64 {
	size := int64(0)
	for _, t := range s.tensors {
		size += int64(len(t.Bytes))
	}
	return size
}

// Unused returns the names of the tensors that nobody asked for, sorted.
func (s *Set) Unused() []string {
	var names []string
	for name, t := range s.tensors {
		if !t.used {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Close unmaps the files. No tensor of the Set may be used after it; closing
// twice does nothing the second time.
func (s *Set) Close() error {
	var first error
	for _, f := range s.files {
		if err := f.unmap(); err != nil && first == nil {
			first = err
		}
	}
	s.tensors, s.order, s.files = nil, nil, nil
	return first
}

// quote shows a name that a file chose, cut so that it fits a line.
func quote(s string) string {
	const most = 100
	if len(s) > most {
		return strconv.Quote(s[:most]) + "..."
	}
	return strconv.Quote(s)
}

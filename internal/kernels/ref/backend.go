// Package ref is the backend that says what right is: each op written as its
// formula reads, in plain loops, every sum taken in float64. It is slow and
// meant to be read; the other backends must agree with it.
package ref

import (
	"errors"
	"slices"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// Backend computes one number at a time on the calling goroutine. It must not
// be used by two goroutines at once.
type Backend struct{ err error }

// array is a row-major tensor and the backend that it belongs to.
type array struct {
	owner *Backend
	shape []tensor.Dim
	data  []float32
}

var (
	_ kernels.Backend  = (*Backend)(nil)
	_ kernels.Lender   = (*Backend)(nil)
	_ kernels.Comparer = (*Backend)(nil)
)

// Shape returns a copy of the array's axes; none if the op that should have
// made it failed.
func (a *array) Shape() []tensor.Dim { return slices.Clone(a.shape) }

// New returns a backend that holds nothing.
func New() *Backend { return &Backend{} }

// Name returns "ref".
func (b *Backend) Name() string { return "ref" }

// Put copies a tensor of any shape.
func (b *Backend) Put(t tensor.Tensor) kernels.Array {
	err := kernels.CheckShape(t.Shape)
	if err == nil {
		err = t.Check()
	}
	out, ok := b.out(slices.Clone(t.Shape), err)
	if ok {
		copy(out.data, t.Data)
	}
	return out
}

// Get copies an array of any shape back, or returns the zero Tensor if
// anything failed so far.
func (b *Backend) Get(a kernels.Array) tensor.Tensor {
	x := b.in(a)
	if b.err != nil {
		return tensor.Tensor{}
	}
	return tensor.Tensor{Shape: x.shape, Data: x.data}.Clone()
}

// Lend returns an array's numbers where they lie: see kernels.Lender. No op writes
// to an array but the one that makes it.
func (b *Backend) Lend(a kernels.Array) tensor.Tensor {
	x := b.in(a)
	if b.err != nil {
		return tensor.Tensor{}
	}
	return tensor.Tensor{Shape: x.Shape(), Data: x.data}
}

// Return does nothing: no array's memory is used again.
func (b *Backend) Return(tensor.Tensor) {}

// Err returns the first error of any op so far.
func (b *Backend) Err() error { return b.err }

// Close ends the backend: later ops fail.
func (b *Backend) Close() error {
	b.fail(errors.New("ref: the backend is closed"))
	return nil
}

// fail keeps the first error.
func (b *Backend) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// in returns the array that a caller handed over: an empty one, and an error
// for the backend to keep, if it is not this backend's own.
func (b *Backend) in(a kernels.Array) *array {
	x, ok := a.(*array)
	if !ok || x == nil || x.owner != b {
		b.fail(errors.New("ref: an array of another backend, or none"))
		return &array{}
	}
	return x
}

// out returns a zero array for an op to fill, and whether the op should: not
// after an error, this op's or an earlier one.
func (b *Backend) out(shape []tensor.Dim, err error) (*array, bool) {
	if err != nil {
		b.fail(err)
	}
	if b.err != nil {
		return &array{owner: b}, false
	}
	return &array{owner: b, shape: shape, data: make([]float32, tensor.Elements(shape))}, true
}

// Package ref64 is the forward pass once more, with every number kept in
// float64 from the first op to the last: what attn verify holds the other
// backends against. Package ref rounds to float32 after each op, as trained
// models do, and so cannot tell how much that rounding adds up to.
//
// It is written from the formulas, not from package ref, so that a mistake in
// one of them shows. Weights and tables come in as they are stored; Get rounds
// what it hands out, and only that.
package ref64

import (
	"errors"
	"slices"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// Backend computes on the calling goroutine. It must not be used by two
// goroutines at once.
type Backend struct{ err error }

// array is a row-major tensor and the backend that it belongs to.
type array struct {
	owner *Backend
	shape []tensor.Dim
	data  []float64
}

var _ kernels.Backend = (*Backend)(nil)

// Shape returns a copy of the array's axes; none if the op that should have
// made it failed.
func (a *array) Shape() []tensor.Dim { return slices.Clone(a.shape) }

// size is how long axis i is.
func (a *array) size(i int) int { return a.shape[i].Size }

// New returns a backend that holds nothing.
func New() *Backend { return &Backend{} }

// Name returns "float64". It is no device that a user can choose.
func (b *Backend) Name() string { return "float64" }

// Put copies a tensor of any shape.
func (b *Backend) Put(t tensor.Tensor) kernels.Array {
	err := kernels.CheckShape(t.Shape)
	if err == nil {
		err = t.Check()
	}
	out, ok := b.out(slices.Clone(t.Shape), err)
	if ok {
		widen(out.data, t.Data)
	}
	return out
}

// Get returns an array of any shape, rounded, or the zero Tensor if anything
// failed so far.
func (b *Backend) Get(a kernels.Array) tensor.Tensor {
	x := b.in(a)
	if b.err != nil {
		return tensor.Tensor{}
	}
	t := tensor.New(slices.Clone(x.shape)...)
	for i, v := range x.data {
		t.Data[i] = float32(v)
	}
	return t
}

// Err returns the first error of any op so far.
func (b *Backend) Err() error { return b.err }

// Close ends the backend: later ops fail.
func (b *Backend) Close() error {
	b.fail(errors.New("float64: the backend is closed"))
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
		b.fail(errors.New("float64: an array of another backend, or none"))
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
	return &array{owner: b, shape: shape, data: make([]float64, tensor.Elements(shape))}, true
}

// each is an op that makes one number of one number.
func (b *Backend) each(x *array, shape []tensor.Dim, err error, f func(i int, v float64) float64) kernels.Array {
	out, ok := b.out(shape, err)
	if !ok {
		return out
	}
	for i, v := range x.data {
		out.data[i] = f(i, v)
	}
	return out
}

func widen(dst []float64, src []float32) {
	for i, v := range src {
		dst[i] = float64(v)
	}
}

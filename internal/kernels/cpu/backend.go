// Package cpu is the backend for machines without an accelerator: float32 in
// portable Go, in blocks and on as many threads as the process may use.
//
// Its results are the same bits for any number of threads: work is split by
// rows and columns, never along a sum, and the blocks depend on shapes alone.
package cpu

import (
	"errors"
	"slices"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// Options say how a backend runs.
type Options struct {
	Threads int    // how many threads compute; 0 is as many as the process may use
	Set     string // the instruction set, one of Sets; "" is the best
}

// Backend computes on the calling goroutine and on its own workers. It must
// not be used by two goroutines at once, and holds its workers until Close.
type Backend struct {
	err   error
	pool  *pool
	set   *set
	store store

	packed []float32  // keys and values of fused attention, kept for the next call's
	left   leftPanels // the rows that a product by parts multiplies, reused by the next
}

// array is a row-major tensor and the backend that it belongs to. Its data is
// aligned.
type array struct {
	owner    *Backend
	shape    []tensor.Dim
	data     []float32
	released bool
	lent     bool // somebody holds the data
}

var (
	_ kernels.Backend  = (*Backend)(nil)
	_ kernels.Lender   = (*Backend)(nil)
	_ kernels.Comparer = (*Backend)(nil)
)

// Shape returns a copy of the array's axes; none if the op that should have
// made it failed.
func (a *array) Shape() []tensor.Dim { return slices.Clone(a.shape) }

// New returns a backend; its workers start with the first op that needs them.
func New(o Options) *Backend {
	b := &Backend{}
	b.pool = newPool(o.Threads, b.fail)
	var err error
	if b.set, err = choose(o.Set); err != nil {
		b.fail(err)
	}
	return b
}

// Name returns "cpu".
func (b *Backend) Name() string { return "cpu" }

// Put copies a tensor of any shape.
func (b *Backend) Put(t tensor.Tensor) kernels.Array {
	err := kernels.CheckShape(t.Shape)
	if err == nil {
		err = t.Check()
	}
	out, ok := b.blank(slices.Clone(t.Shape), err)
	if ok {
		b.copy(out, t.Data)
	}
	return out
}

// copy fills an array, on all threads, for one is slower than the memory.
func (b *Backend) copy(out *array, from []float32) {
	b.pool.chunks(len(out.data), 8*elements, 1, func(first, last int) { copy(out.data[first:last], from[first:last]) })
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
// to an array but the one that makes it, and its memory is not used again.
func (b *Backend) Lend(a kernels.Array) tensor.Tensor {
	x := b.in(a)
	if b.err != nil {
		return tensor.Tensor{}
	}
	if !x.lent {
		b.store.lend(x)
	}
	return tensor.Tensor{Shape: x.Shape(), Data: x.data}
}

// Return takes back what Lend returned: see kernels.Lender.
func (b *Backend) Return(t tensor.Tensor) {
	if t.Data != nil {
		b.store.back(t.Data)
	}
}

// Err returns the first error of any op so far.
func (b *Backend) Err() error { return b.err }

// Close stops the workers and waits until they are gone; later ops fail.
func (b *Backend) Close() error {
	b.fail(errors.New("cpu: the backend is closed"))
	b.pool.close()
	return nil
}

// fail keeps the first error.
func (b *Backend) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// in returns the array that a caller handed over: an empty one, and an error
// for the backend to keep, if it is not this backend's own, or not any more.
func (b *Backend) in(a kernels.Array) *array {
	x, ok := a.(*array)
	switch {
	case !ok || x == nil || x.owner != b:
		b.fail(errors.New("cpu: an array of another backend, or none"))
		return &array{}
	case x.released:
		b.fail(errors.New("cpu: an array that was released"))
		return &array{}
	}
	return x
}

// out returns a zero array for an op to add to, and whether the op should: not
// after an error, this op's or an earlier one.
func (b *Backend) out(shape []tensor.Dim, err error) (*array, bool) {
	out, used, ok := b.array(shape, err)
	if used {
		b.pool.chunks(len(out.data), 8*elements, 1, func(from, to int) { clear(out.data[from:to]) })
	}
	return out, ok
}

// blank is out for an op that sets every number: they may be any.
func (b *Backend) blank(shape []tensor.Dim, err error) (*array, bool) {
	out, _, ok := b.array(shape, err)
	return out, ok
}

func (b *Backend) array(shape []tensor.Dim, err error) (out *array, used, ok bool) {
	if err != nil {
		b.fail(err)
	}
	if b.err != nil {
		return &array{owner: b}, false, false
	}
	out = &array{owner: b, shape: shape}
	out.data, used = b.store.take(tensor.Elements(shape))
	return out, used, true
}

// last is the size of an array's innermost axis.
func (a *array) last() int { return a.shape[len(a.shape)-1].Size }

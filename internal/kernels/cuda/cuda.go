// Package cuda computes on an NVIDIA GPU. Its kernels are the .cu files beside
// it, one for each op, compiled to PTX (folder ptx) by tools/cuda/make.sh with
// clang alone, and embedded. What the backend needs of a GPU is the interface
// driver; package ptx, an interpreter, is one that any machine has, so that
// every kernel is tested where there is no GPU.
package cuda

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// pointer is a place in the GPU's memory; 0 is none.
type pointer uint64

// grid says how many blocks of how many threads run a kernel.
type grid struct {
	blocks  [3]int
	threads int
}

// driver is what the backend needs of a GPU. Everything happens in order.
type driver interface {
	alloc(bytes int) (pointer, error)
	free(p pointer) error
	room() (room, error)
	upload(p pointer, data []byte) error
	download(data []byte, p pointer) error
	// later is download, but the bytes are there after settle alone. read is called
	// when the memory has been read, by one of the driver's other calls.
	later(data []byte, p pointer, read func()) error
	settle() error
	// launch runs a kernel of a module, one argument for each parameter. An error
	// within it may come with a later call, as an opError.
	launch(op, module, kernel string, g grid, args [][]byte) error
	// interrupt has calls that wait fail with errInterrupted once stop says yes.
	interrupt(stop func() bool)
	close() error
}

// room is how many bytes of a GPU's memory are free, and how many there are.
type room struct{ free, total int }

// Backend computes op by op on a GPU. It must not be used by two goroutines at
// once.
type Backend struct {
	gpu driver
	err error

	busy int // blocks that keep the GPU busy: fewer large tiles are cut into small ones

	weights  []uploaded // by their addresses
	ordered  map[place]pointer
	uploaded int // bytes of them
	taken    int // bytes of arrays since the last collection
	quarter  int // of the memory; 0 before anybody asked

	stop func() bool // nil: nobody interrupts

	lock    sync.Mutex // of garbage, which cleanups add to
	garbage []pointer
}

// array is a row-major tensor on the GPU.
type array struct {
	owner    *Backend
	shape    []tensor.Dim
	at       pointer
	of       *memory
	released bool
}

// memory is what an array's numbers lie in, and others' of the same numbers.
type memory struct {
	at      pointer
	bytes   int
	users   int             // arrays that were not released, and downloads under way
	cleanup runtime.Cleanup // where nobody released it
}

var _ kernels.Backend = (*Backend)(nil)

// newBackend returns a backend on a GPU, which it closes.
func newBackend(gpu driver) *Backend {
	return &Backend{gpu: gpu, busy: many, ordered: map[place]pointer{}}
}

// Shape returns a copy of the array's axes; none if the op that should have
// made it failed.
func (a *array) Shape() []tensor.Dim { return slices.Clone(a.shape) }

func (a *array) size() int { return tensor.Elements(a.shape) }

// Name returns "cuda".
func (b *Backend) Name() string { return "cuda" }

// Err returns the first error of any op so far.
func (b *Backend) Err() error { return b.err }

// errClosed is what ops after Close fail with.
var errClosed = errors.New("cuda: the backend is closed")

// Close gives the GPU back; later ops fail. Closing twice is no error.
func (b *Backend) Close() error {
	if errors.Is(b.err, errClosed) {
		return nil
	}
	b.err = errClosed
	return b.gpu.close()
}

// fail keeps the first error. That nobody waited is none: the pass is over, but
// the GPU is as it was.
func (b *Backend) fail(op string, err error) {
	if b.err != nil || err == nil || errors.Is(err, errInterrupted) {
		return
	}
	var of *opError
	if errors.As(err, &of) {
		op, err = of.op, of.err
	}
	b.err = fmt.Errorf("cuda: %s: %w", op, err)
}

// Put copies a tensor to the GPU.
func (b *Backend) Put(t tensor.Tensor) kernels.Array {
	err := kernels.CheckShape(t.Shape)
	if err == nil {
		err = t.Check()
	}
	out, ok := b.out("put", slices.Clone(t.Shape), err)
	if ok {
		b.fail("put", b.gpu.upload(out.at, floatBytes(t.Data)))
	}
	return b.whole(out)
}

// Get copies an array back, or returns the zero Tensor if anything failed so
// far.
func (b *Backend) Get(a kernels.Array) tensor.Tensor {
	x := b.in(a)
	if b.err != nil {
		return tensor.Tensor{}
	}
	t := tensor.New(x.shape...)
	err := b.gpu.download(floatBytes(t.Data), x.at)
	runtime.KeepAlive(x)
	b.fail("get", err)
	if err != nil {
		return tensor.Tensor{}
	}
	return t
}

// in returns the array that a caller handed over: an empty one, and an error
// for the backend to keep, if it is not this backend's own.
func (b *Backend) in(a kernels.Array) *array {
	x, ok := a.(*array)
	switch {
	case !ok || x == nil || x.owner != b:
		b.fail("argument", errors.New("an array of another backend, or none"))
		return &array{}
	case x.released:
		b.fail("argument", errors.New("an array that was released"))
		return &array{}
	}
	return x
}

// out returns an array for an op to fill, and whether the op should: not after
// an error, this op's or an earlier one.
func (b *Backend) out(op string, shape []tensor.Dim, err error) (*array, bool) {
	b.fail(op, err)
	out := &array{owner: b}
	if b.err != nil {
		return out, false
	}
	at, err := b.alloc(4 * tensor.Elements(shape))
	b.fail(op, err)
	if b.err != nil || err != nil {
		return out, false
	}
	out.shape, out.at, out.of = shape, at, b.used(at, 4*tensor.Elements(shape))
	return out, true
}

// whole returns an op's result, or an empty array if the op failed.
func (b *Backend) whole(out *array) kernels.Array {
	if b.err != nil {
		return &array{owner: b}
	}
	return out
}

// discard notes memory whose array nobody has any more: cleanups run whenever
// the collector likes, the GPU only when asked.
func (b *Backend) discard(p pointer) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.garbage = append(b.garbage, p)
}

// sweep frees what was discarded.
func (b *Backend) sweep() {
	b.lock.Lock()
	dead := b.garbage
	b.garbage = nil
	b.lock.Unlock()
	for _, p := range dead {
		b.fail("free", b.gpu.free(p))
	}
}

// floatBytes is the memory of numbers; GPU and CPU are both little-endian.
func floatBytes(v []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v))
}

// typeName is what kernels call a stored type.
func typeName(d tensor.DType) string {
	return strings.ReplaceAll(d.String(), "F8_", "F8")
}

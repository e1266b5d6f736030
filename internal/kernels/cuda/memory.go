package cuda

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

var (
	_ kernels.Interruptible = (*Backend)(nil)
	_ kernels.Bounded       = (*Backend)(nil)
	_ kernels.Overlapping   = (*Backend)(nil)
	_ kernels.Releaser      = (*Backend)(nil)
)

// Release gives an array's memory to the arrays to come, once nobody else reads it.
func (b *Backend) Release(a kernels.Array) {
	x, ok := a.(*array)
	if !ok || x == nil || x.owner != b || x.of == nil || x.released {
		return
	}
	x.released = true
	b.left(x.of)
}

// used is memory that one user has taken, and gives back with left, or else when the
// collector finds that nobody has it.
func (b *Backend) used(at pointer, bytes int) *memory {
	m := &memory{at: at, bytes: bytes, users: 1}
	m.cleanup = runtime.AddCleanup(m, b.discard, at)
	return m
}

// left says that a user of memory reads it no more. What the GPU was told to do with
// it comes before what it is told next.
func (b *Backend) left(m *memory) {
	if m.users--; m.users > 0 || errors.Is(b.err, errClosed) {
		return
	}
	m.cleanup.Stop()
	b.taken = max(0, b.taken-m.bytes)
	b.fail("free", b.gpu.free(m.at))
}

// Interrupt has ops that wait for the GPU return once stop says yes. A kernel
// that runs then runs on: nothing ends it but itself.
func (b *Backend) Interrupt(stop func() bool) {
	b.stop = stop
	b.gpu.interrupt(stop)
}

func (b *Backend) stopped() bool { return b.stop != nil && b.stop() }

// Fit reports whether weights of so many bytes fit into the GPU's memory, beside
// those that are there already and may be among them.
func (b *Backend) Fit(bytes int) error {
	if b.err != nil {
		return b.err
	}
	r, err := b.gpu.room()
	if err != nil {
		b.fail("memory", err)
		return b.err
	}
	if missing := bytes - b.uploaded; missing > r.free {
		return fmt.Errorf("cuda: the model does not fit: its weights take %s, and %s of the GPU's %s are free",
			inBytes(bytes), inBytes(r.free+b.uploaded), inBytes(r.total))
	}
	return nil
}

// Later is Get, but the numbers are there after Settle alone.
func (b *Backend) Later(a kernels.Array) tensor.Tensor {
	x := b.in(a)
	if b.err != nil {
		return tensor.Tensor{}
	}
	t := tensor.New(x.shape...)
	x.of.users++
	err := b.gpu.later(floatBytes(t.Data), x.at, func() { b.left(x.of) })
	b.fail("get", err)
	if err != nil {
		return tensor.Tensor{}
	}
	return t
}

// Settle waits for what Later promised.
func (b *Backend) Settle() { b.fail("get", b.gpu.settle()) }

// alloc takes memory. Arrays that nobody has any more come back when Go's
// collector finds them, which knows nothing of the GPU's memory: it is asked to
// look whenever much of that has been taken, and when none is left.
func (b *Backend) alloc(bytes int) (pointer, error) {
	if b.taken += bytes; b.taken > b.pace() {
		runtime.GC()
		b.taken = 0
	}
	b.sweep()
	at, err := b.gpu.alloc(bytes)
	for range 2 {
		if !errors.Is(err, errMemory) {
			break
		}
		collect()
		b.sweep()
		at, err = b.gpu.alloc(bytes)
	}
	return at, err
}

// pace is how many bytes are taken from one collection to the next: a quarter of
// what is there.
func (b *Backend) pace() int {
	if b.quarter == 0 {
		r, err := b.gpu.room()
		b.fail("memory", err)
		b.quarter = max(r.free/4, 1)
	}
	return b.quarter
}

// collect has Go's collector look for arrays that nobody has, and waits until
// what it found has most likely been told: cleanups run beside the program.
func collect() {
	told := make(chan struct{})
	runtime.AddCleanup(new([16]byte), func(c chan struct{}) { close(c) }, told)
	runtime.GC()
	select {
	case <-told:
	case <-time.After(100 * time.Millisecond):
	}
}

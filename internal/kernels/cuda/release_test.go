package cuda

import (
	"slices"
	"testing"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// TestReleaseTakesNoMemory: who gives back what an op made takes nothing of the driver
// the next time, and has no collector look for it.
func TestReleaseTakesNoMemory(t *testing.T) {
	g := newFakeGPU(t)
	b := g.open()
	x := b.Put(numbers(3000))
	b.Release(b.Scale(x, 2))
	b.idle()
	before := g.uses["cuMemAlloc"]
	for range 50 {
		b.Release(b.Scale(x, 2))
	}
	b.idle()
	if took := g.uses["cuMemAlloc"] - before; took != 0 {
		t.Errorf("memory was asked for %d times", took)
	}
	if b.taken > 2*4*3000 || b.Err() != nil {
		t.Errorf("%d bytes count as taken, %v", b.taken, b.Err())
	}
}

// TestReleasedWhileItComesBack: what is being copied back is not written over.
func TestReleasedWhileItComesBack(t *testing.T) {
	b := newFakeGPU(t).open()
	x := b.Put(numbers(3000))
	got := b.Later(x)
	b.Release(x)
	b.Put(tensor.New(tensor.D(tensor.Pos, 3000)))
	b.Settle()
	if !slices.Equal(got.Data, numbers(3000).Data) || b.Err() != nil {
		t.Errorf("something else came back: %v", b.Err())
	}
	if b.Put(numbers(3000)).(*array).at != x.(*array).at {
		t.Error("the memory is not used again once it was read")
	}
}

// TestReleasedUnderOtherAxes: memory that two arrays share is theirs until both are
// released, in either order, and each once however often it is released.
func TestReleasedUnderOtherAxes(t *testing.T) {
	for _, order := range [][2]int{{0, 1}, {1, 0}} {
		b := newFakeGPU(t).open()
		x := b.Put(numbers(3000))
		both := [2]kernels.Array{x, b.Reshape(x, tensor.D(tensor.Pos, 30), tensor.D(tensor.DModel, 100))}
		first, second := both[order[0]], both[order[1]]
		b.Release(first)
		b.Release(first)
		b.Put(tensor.New(tensor.D(tensor.Pos, 3000)))
		if got := b.Get(second); !slices.Equal(got.Data, numbers(3000).Data) {
			t.Errorf("%v: written over", order)
		}
		b.Release(second)
		if b.Put(numbers(3000)).(*array).at != x.(*array).at {
			t.Errorf("%v: the memory is not used again", order)
		}
		if b.Err() != nil {
			t.Error(b.Err())
		}
		if b.Scale(first, 2); b.Err() == nil {
			t.Errorf("%v: an array that was released was read", order)
		}
	}
}

// TestReleaseOfNothing does nothing.
func TestReleaseOfNothing(t *testing.T) {
	b := newFakeGPU(t).open()
	other := newFakeGPU(t).open().Put(numbers(2))
	for _, a := range []kernels.Array{nil, other, b.whole(&array{owner: b})} {
		b.Release(a)
	}
	if b.Err() != nil || other.(*array).released {
		t.Error(b.Err())
	}
}

// TestAfterClose: what is asked of a closed backend fails in its usual way.
func TestAfterClose(t *testing.T) {
	b := newFakeGPU(t).open()
	x := b.Put(numbers(10))
	b.Later(x)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b.Settle()
	b.Release(x)
	if _, err := b.Time(func() error { return nil }); err == nil {
		t.Error("a closed backend keeps time")
	}
	if got := b.Get(x); got.Data != nil {
		t.Errorf("got %v", got)
	}
}

// gridOf is a GPU that notes the last grid, and runs nothing.
type gridOf struct {
	interpreted
	last grid
}

func (d *gridOf) launch(_, _, _ string, g grid, _ [][]byte) error {
	d.last = g
	return nil
}

// TestManyRows: a grid has 65,535 blocks at most, but along x.
func TestManyRows(t *testing.T) {
	d := &gridOf{}
	b := newBackend(d)
	x := b.Put(tensor.New(tensor.D(tensor.Pos, 3), tensor.D(tensor.DModel, 300)))
	w := kernels.Weight{Name: "embedding", Type: tensor.F32, Shape: [2]int{1, 1}, Stride: [2]int{1, 1}, Bytes: make([]byte, 4)}
	for name, run := range map[string]func(){
		"rows":   func() { b.Rows(x, make([]int, 70_000)) },
		"gather": func() { b.Gather(w, make([]int32, 70_000)) },
		"top":    func() { b.Top(b.Put(tensor.New(tensor.D(tensor.Pos, 70_000), tensor.D(tensor.DModel, 2))), 1) },
	} {
		run()
		if most := max(d.last.blocks[1], d.last.blocks[2]); most > 65_535 || d.last.blocks[0] < 70_000 || b.Err() != nil {
			t.Errorf("%s: %v, %v", name, d.last.blocks, b.Err())
		}
	}
}

// TestStatisticsComeBackLater: attention does not wait for what it tells of the pattern.
func TestStatisticsComeBackLater(t *testing.T) {
	g := newFakeGPU(t)
	b := g.open()
	x := b.Put(tensor.New(tensor.D(tensor.Pos, 70), tensor.D(tensor.Head, 2), tensor.D(tensor.DHead, 16)))
	b.idle()
	waits := g.uses["cuEventSynchronize"] + g.uses["cuStreamSynchronize"]
	_, stats := b.Attention(x, x, x, kernels.AttentionOpts{Scale: 1, Rows: true, Top: 3})
	b.idle()
	if now := g.uses["cuEventSynchronize"] + g.uses["cuStreamSynchronize"]; now != waits {
		t.Errorf("it waited %d times", now-waits)
	}
	b.Settle()
	if b.Err() != nil || stats.TopWeights.Data[0] <= 0 || stats.LSE.Data[139] <= 0 {
		t.Errorf("%v: %v, %v", b.Err(), stats.TopWeights.Data[:3], stats.LSE.Data[139])
	}
}

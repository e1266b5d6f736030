package model_test

import (
	"context"
	"math"
	"runtime"
	"slices"
	"testing"

	"attn/internal/kernels"
	"attn/internal/kernels/all"
	"attn/internal/model"
	"attn/internal/trace"
)

// passBytes is what a pass of two layers may allocate once its backend has
// memory for it: the headers of its arrays, and the logits that it returns.
const passBytes = 64 << 10

// TestSecondPassTakesNoMemory: a pass that keeps nothing finds its memory where
// the one before it left it.
func TestSecondPassTakesNoMemory(t *testing.T) {
	const n = 256
	m, err := model.Random(model.Shape{Layers: 2, Heads: 4, DModel: 128, DVocab: 100, Context: n}, nil)
	if err != nil {
		t.Fatal(err)
	}
	be := openCPU(t, 2)
	ids := make([]int32, n)
	least := uint64(math.MaxUint64)
	for range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := m.Forward(context.Background(), be, ids, nil); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	if least > passBytes {
		t.Errorf("a pass takes %d bytes anew; one of its arrays has %d", least, 4*n*m.Config.DMLP)
	}
}

// device is all that the CPU's backend offers to a pass.
type device interface {
	kernels.Backend
	kernels.FusedAttention
	kernels.Interruptible
	kernels.Lender
	kernels.Releaser
}

func openCPU(t *testing.T, threads int) device {
	t.Helper()
	be, err := all.Open("cpu", all.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = be.Close() })
	return be.(device)
}

// counting is a backend that counts the arrays that it is given back.
type counting struct {
	device
	t        *testing.T
	released int
	gone     map[kernels.Array]bool
}

func (c *counting) Release(a kernels.Array) {
	if a.Shape() == nil || c.gone[a] {
		c.t.Error("an array is released that was before, or is none")
	}
	c.gone[a] = true
	c.released++
	c.device.Release(a)
}

// TestEverythingIsReleased: each array that a pass makes is released once, but
// for the logits, whatever the family; and what was recorded is not written over.
func TestEverythingIsReleased(t *testing.T) {
	for _, r := range references(t) {
		t.Run(r.name, func(t *testing.T) {
			m, err := r.open()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = m.Close() }()
			be := &counting{device: openCPU(t, 1), t: t, gone: map[kernels.Array]bool{}}
			want := loadReference(t, r.name)
			run := func() *trace.Trace {
				return recordBy(t, m, be, want.Tokens, func(string) bool { return true }, nil)
			}
			first := run()
			once := be.released
			kept := make([][]float32, len(first.Steps))
			for i, s := range first.Steps {
				kept[i] = slices.Clone(s.Whole().Data)
			}
			read := be.released
			run()
			if once == 0 || be.released != read+once {
				t.Errorf("%d arrays were released, then %d", once, be.released-read)
			}
			for i, s := range first.Steps {
				for j, v := range s.Whole().Data {
					if math.Float32bits(v) != math.Float32bits(kept[i][j]) {
						t.Fatalf("%s changed after it was recorded", s.Name)
					}
				}
			}
		})
	}
}

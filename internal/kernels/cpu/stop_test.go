package cpu

import (
	"sync/atomic"
	"testing"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// lateTiles is how many tiles of a product one thread may still do once it was
// asked to stop: those of one band of rows by one group of outputs, which take a
// fraction of a millisecond.
const lateTiles = 1024

// TestProductsStop: a product of many rows, whose tasks take a second each, ends
// within a few tiles of being asked to. It counts tiles, for time is anybody's.
func TestProductsStop(t *testing.T) {
	const rows, d = 8192, 512
	for _, set := range Sets() {
		for _, threads := range []int{1, 2} {
			stops(t, set, threads, rows, d)
		}
	}
}

func stops(t *testing.T, set string, threads, rows, d int) {
	t.Helper()
	be := New(Options{Threads: threads, Set: set})
	var tiles, asked atomic.Int64
	be.set = counting(be.set, &tiles)
	be.Interrupt(func() bool {
		if tiles.Load() < 3*lateTiles {
			return false
		}
		asked.CompareAndSwap(0, tiles.Load())
		return true
	})
	x := be.Put(tensor.New(tensor.D(tensor.Pos, rows), tensor.D(tensor.DModel, d)))
	w := kernels.Weight{Type: tensor.F32, Shape: [2]int{d, d}, Stride: [2]int{d, 1}, Bytes: make([]byte, 4*d*d)}
	be.MatMul(x, w, kernels.MatMulOpts{Out: []tensor.Dim{tensor.D(tensor.DModel, d)}})
	if late := tiles.Load() - 3*lateTiles; asked.Load() == 0 || late > int64(threads)*lateTiles {
		t.Errorf("%s, %d threads: %d tiles after it was to stop (first asked at %d)", set, threads, late, asked.Load())
	}
	if err := be.Close(); err != nil {
		t.Error(err)
	}
}

// counting is a set that counts its tiles.
func counting(s *set, tiles *atomic.Int64) *set {
	own := *s
	own.tile = func(c, a, b []float32, ldc, lda, k, rows int, add bool) {
		tiles.Add(1)
		s.tile(c, a, b, ldc, lda, k, rows, add)
	}
	if s.wide != nil {
		own.wide = counting(s.wide, tiles)
	}
	if s.parts != nil {
		parts := *s.parts
		parts.multiply = func(j *tileJob) {
			tiles.Add(1)
			s.parts.multiply(j)
		}
		own.parts = &parts
	}
	return &own
}

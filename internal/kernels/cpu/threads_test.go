package cpu

import (
	"math"
	"testing"

	"attn/internal/kernels/kernelstest"
	"attn/internal/tensor"
)

// TestSameBitsForAnyNumberOfThreads compares one thread that never dispatches
// with workers that always do, over the suite's odd shapes.
func TestSameBitsForAnyNumberOfThreads(t *testing.T) { eachSet(t, sameBitsOnThreads) }

func sameBitsOnThreads(t *testing.T, set string) {
	t.Helper()
	one := New(Options{Threads: 1, Set: set})
	defer func() { _ = one.Close() }()
	counts := []int{1, 2, 3, 5, 16}
	if testing.Short() {
		counts = []int{3}
	}
	for _, threads := range counts {
		many := eager(Options{Threads: threads, Set: set})
		for _, op := range append(kernelstest.Ops(), kernelstest.FusedOps()...) {
			for _, c := range op.Calls {
				sameBits(t, op.Name+" "+c.Name, threads, run(t, c, many), run(t, c, one))
			}
		}
		if err := many.Close(); err != nil {
			t.Error(err)
		}
	}
}

// run returns a call's results on a backend.
func run(t *testing.T, c kernelstest.Call, be *Backend) []tensor.Tensor {
	t.Helper()
	results, err := c.Run(be)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	return results
}

// sameBits holds that two runs of a call agree to the last bit.
func sameBits(t *testing.T, name string, threads int, got, want []tensor.Tensor) {
	t.Helper()
	for r := range want {
		for i, v := range want[r].Data {
			if g := got[r].Data[i]; math.Float32bits(g) != math.Float32bits(v) {
				t.Fatalf("%s: number %d of result %d is %v on one thread, %v on %d", name, i, r, v, g, threads)
			}
		}
	}
}

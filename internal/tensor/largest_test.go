package tensor_test

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"attn/internal/tensor"
)

// TestLargestIsTheFrontOfASort: whatever the numbers, and however many are wanted.
func TestLargestIsTheFrontOfASort(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		number := rapid.OneOf(rapid.Float32(), rapid.SampledFrom([]float32{0, 1, 1, 2, float32(math.Inf(-1)), float32(math.Inf(1)), float32(math.NaN())}))
		x := rapid.SliceOfN(number, 0, 40).Draw(rt, "x")
		k := rapid.IntRange(-1, 50).Draw(rt, "k")
		want := make([]int32, len(x))
		for i := range want {
			want[i] = int32(i)
		}
		slices.SortStableFunc(want, func(a, b int32) int { return cmp.Compare(x[b], x[a]) })
		want = want[:max(0, min(k, len(x)))]
		if got := tensor.Largest(x, k); !slices.Equal(got, want) {
			rt.Errorf("the largest %d of %v are %v, want %v", k, x, got, want)
		}
	})
}

func TestLargestOfMoreThanThereAre(t *testing.T) {
	if got := tensor.Largest([]float32{1, 3, 2}, math.MaxInt); !slices.Equal(got, []int32{1, 2, 0}) {
		t.Errorf("all of three are %v", got)
	}
}

package tensor

import (
	"cmp"
	"slices"
)

// Largest returns the places of the k largest numbers of x, the largest first, the
// earlier of two that are equal. There are fewer when x is shorter. NaN counts as less
// than every number.
func Largest[F float32 | float64](x []F, k int) []int32 {
	k = max(0, min(k, len(x)))
	best := make([]int32, 0, k+1)
	for i, v := range x {
		if len(best) == k && (k == 0 || cmp.Compare(v, x[best[k-1]]) <= 0) {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, v, func(place int32, v F) int {
			if cmp.Compare(x[place], v) >= 0 { // equals stay before
				return -1
			}
			return 1
		})
		best = slices.Insert(best, at, int32(i))
		best = best[:min(k, len(best))]
	}
	return best
}

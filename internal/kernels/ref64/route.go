package ref64

import (
	"cmp"
	"math"
	"slices"

	"attn/internal/kernels"
)

// Route gives each token's experts their shares. An expert is chosen if fewer
// than so many come before it.
func (b *Backend) Route(scores kernels.Array, o kernels.RouteOpts) kernels.Array {
	in := b.in(scores)
	out, ok := b.out(kernels.RouteShape(in.shape, o))
	if !ok {
		return out
	}
	for pos := range in.size(0) {
		routeRow(out.row(pos), in.row(pos), o)
	}
	return out
}

func routeRow(dst, scores []float64, o kernels.RouteOpts) {
	suits := make([]float64, len(scores))
	if o.Sigmoid {
		for e, v := range scores {
			suits[e] = 1 / (1 + math.Exp(-v))
		}
	} else {
		top, sum := slices.Max(scores), 0.0
		for _, v := range scores {
			sum += math.Exp(v - top)
		}
		for e, v := range scores {
			suits[e] = math.Exp(v-top) / sum
		}
	}
	worth := corrected(suits, o)
	factor, total := 1.0, 0.0
	for e, suit := range suits {
		if place(worth, e) < o.Used {
			total += suit
		}
	}
	if o.Anew {
		factor = 1 / total
	}
	if o.Scale != 0 {
		factor *= float64(o.Scale)
	}
	for e, suit := range suits {
		if place(worth, e) < o.Used {
			dst[e] = suit * factor
		}
	}
}

// corrected is what experts are chosen by: -Inf in a group that is not among the
// best.
func corrected(suits []float64, o kernels.RouteOpts) []float64 {
	worth := make([]float64, len(suits))
	for e, suit := range suits {
		worth[e] = suit
		if o.Correction != nil {
			worth[e] += float64(o.Correction[e])
		}
	}
	if o.Groups == 0 {
		return worth
	}
	size := len(suits) / o.Groups
	sums := make([]float64, o.Groups)
	for g := range sums {
		own := worth[g*size : (g+1)*size]
		for rank := range o.GroupBest { // the largest first, as sums are rounded
			for e := range own {
				if place(own, e) == rank {
					sums[g] += own[e]
				}
			}
		}
	}
	for e := range worth {
		if place(sums, e/size) >= o.GroupsUsed {
			worth[e] = math.Inf(-1)
		}
	}
	return worth
}

// place is how many numbers come before number i: those that are larger, and
// earlier ones that are as large. What is no number comes last.
func place(x []float64, i int) int {
	before := 0
	for j, v := range x {
		if c := cmp.Compare(v, x[i]); c > 0 || c == 0 && j < i {
			before++
		}
	}
	return before
}

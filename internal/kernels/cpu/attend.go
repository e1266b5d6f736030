package cpu

import (
	"math"

	"attn/internal/kernels"
)

// Attend takes some queries of a head at a time from q·k to the sum of values, while
// their rows of the pattern are near: see kernels.Attender. Scores are made where their
// weights will be, and none of keys that no query of these may look at; nor are weights
// of 0 multiplied with values, unless a value is none that 0 makes 0.
func (b *Backend) Attend(q, k, v kernels.Array, factor float32, m kernels.Mask) (pattern, z kernels.Array) {
	qs, ks, vs := b.in(q), b.in(k), b.in(v)
	shape, err := kernels.ScoresShape(qs.shape, ks.shape)
	if err == nil {
		shape, err = kernels.MaskShape(shape, m)
	}
	weights, ok := b.blank(shape, err)
	if !ok {
		return weights, &array{owner: b}
	}
	out, ok := b.blank(kernels.MixShape(weights.shape, vs.shape))
	if !ok {
		return weights, out
	}
	t, heads, d := qs.shape[0].Size, qs.shape[1].Size, qs.shape[2].Size
	group, dv := heads/ks.shape[1].Size, vs.shape[2].Size
	groupV := heads / vs.shape[1].Size
	from, to := matrix{data: qs.data, stride: heads * d}, matrix{data: out.data, stride: heads * dv}
	maps := matrix{data: weights.data, stride: t}
	skips := finite(b.set, vs.data)
	b.pool.queries(heads, t, d, func(h, i, count int, mem *scratch) {
		first, _ := allowed(m, i, t)
		_, last := allowed(m, i+count-1, t)
		keys := operand{data: ks.data[h/group*d:], stride: [2]int{ks.shape[1].Size * d, 1}}
		b.set.product(mem, maps.from(h*t+i, first), from.from(i, h*d), keys, count, first, last-first, 0, d)
		for r := i; r < i+count && !mem.stopped(); r++ {
			b.set.patternRow(maps.from(h*t+r, 0).data[:t], factor, m, r)
		}
		// Sums are the same when they begin and end where a pass of product does.
		first, last = first/b.set.tiles.depth*b.set.tiles.depth, min(t, roundUp(last, beside))
		if !skips {
			first, last = 0, t
		}
		values := operand{data: vs.data[h/groupV*dv:], stride: [2]int{1, vs.shape[1].Size * dv}}
		b.set.product(mem, to.from(i, h*dv), maps.from(h*t+i, first), values, count, 0, dv, first, last-first)
	})
	return weights, out
}

// finite reports whether no number is NaN or an infinity: their squares' sum is finite,
// in float64.
func finite(s *set, x []float32) bool {
	sum := s.squares(x, 0)
	return !math.IsNaN(sum) && !math.IsInf(sum, 0)
}

// patternRow makes query q's scores its weights. Of keys that it may not look at nothing
// is asked.
func (s *set) patternRow(row []float32, factor float32, m kernels.Mask, q int) {
	from, to := allowed(m, q, len(row))
	seen := row[from:to]
	s.scale(seen, seen, factor)
	if s.largest(seen) <= math.MaxFloat32 {
		clear(row[:from])
		clear(row[to:])
		s.softmaxRow(seen, seen)
		return
	}
	maskRow(row, row, m, q) // NaN and +Inf poison hidden keys too
	s.softmaxRow(row, row)
}

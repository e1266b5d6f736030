package cpu

import (
	"math"

	"attn/internal/kernels"
)

// Pattern scales, masks and normalises each row of x [.., query_pos, key_pos] while
// it is near.
func (b *Backend) Pattern(x kernels.Array, factor float32, m kernels.Mask) kernels.Array {
	in := b.in(x)
	out, ok := b.blank(kernels.MaskShape(in.shape, m))
	if !ok {
		return out
	}
	keys := in.last()
	queries := in.shape[len(in.shape)-2].Size
	b.pool.chunks(len(out.data)/keys, 1+elements/8/keys, 8*keys, func(from, to int) {
		for r := from; r < to; r++ {
			b.set.patternRow(out.data[r*keys:(r+1)*keys], in.data[r*keys:], factor, m, r%queries)
		}
	})
	return out
}

// patternRow is query q's row of Pattern: of keys that it may not look at nothing
// is asked.
func (s *set) patternRow(dst, x []float32, factor float32, m kernels.Mask, q int) {
	from, to := allowed(m, q, len(dst))
	s.scale(dst[from:to], x[from:to], factor)
	if seen := dst[from:to]; s.largest(seen) <= math.MaxFloat32 {
		clear(dst[:from])
		clear(dst[to:])
		s.softmaxRow(seen, seen)
		return
	}
	maskRow(dst, dst, m, q) // NaN and +Inf poison hidden keys too
	s.softmaxRow(dst, dst)
}

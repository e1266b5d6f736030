package cpu

import (
	"math"

	"attn/internal/kernels"
)

// Mask puts -Inf where the mask does not allow; x and the result are [..,
// query_pos, key_pos].
func (b *Backend) Mask(x kernels.Array, m kernels.Mask) kernels.Array {
	in := b.in(x)
	out, ok := b.blank(kernels.MaskShape(in.shape, m))
	if !ok {
		return out
	}
	keys := in.last()
	queries := in.shape[len(in.shape)-2].Size
	b.pool.chunks(len(out.data)/keys, 1+elements/keys, keys, func(from, to int) {
		for r := from; r < to; r++ {
			maskRow(out.data[r*keys:(r+1)*keys], in.data[r*keys:], m, r%queries)
		}
	})
	return out
}

// maskRow copies query q's row of keys [len(dst)], -Inf where it may not look.
func maskRow(dst, x []float32, m kernels.Mask, q int) {
	from, to := allowed(m, q, len(dst))
	hidden := float32(math.Inf(-1))
	for k := range dst[:from] {
		dst[k] = hidden
	}
	copy(dst[from:to], x[from:to])
	for k := to; k < len(dst); k++ {
		dst[k] = hidden
	}
}

// allowed is the run of n keys that query q, which may lie beyond them, may look at.
func allowed(m kernels.Mask, q, n int) (from, to int) {
	from, to = m.Visible(q, n)
	from = min(from, n)
	return from, max(from, min(to, n))
}

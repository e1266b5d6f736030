package ref

import (
	"math"

	"attn/internal/kernels"
)

// Mask hides keys (Vaswani et al. 2017, section 3.2.3), and beyond a window
// (Beltagy, Peters and Cohan 2020). x and the result are [.., query_pos,
// key_pos].
//
//	out[.., q, k] = x[.., q, k] if m.Allows(q, k), else -Inf
func (b *Backend) Mask(x kernels.Array, m kernels.Mask) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.MaskShape(in.shape, m))
	if !ok {
		return out
	}
	queries, keys := in.shape[len(in.shape)-2].Size, in.shape[len(in.shape)-1].Size
	for i, v := range in.data {
		if !m.Allows(i/keys%queries, i%keys) {
			v = float32(math.Inf(-1))
		}
		out.data[i] = v
	}
	return out
}

package ref64

import (
	"math"

	"attn/internal/kernels"
)

// Mask puts -Inf where a query may not see a key; x is [.., query_pos, key_pos].
func (b *Backend) Mask(x kernels.Array, m kernels.Mask) kernels.Array {
	in := b.in(x)
	shape, err := kernels.MaskShape(in.shape, m)
	return b.each(in, shape, err, func(i int, v float64) float64 {
		queries, keys := in.size(len(in.shape)-2), in.size(len(in.shape)-1)
		if m.Allows(i/keys%queries, i%keys) {
			return v
		}
		return math.Inf(-1)
	})
}

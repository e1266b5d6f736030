package ref64

import (
	"math"

	"attn/internal/kernels"
)

// Softcap bends every number into (-limit, limit): limit * tanh(x / limit).
func (b *Backend) Softcap(x kernels.Array, limit float32) kernels.Array {
	in, most := b.in(x), float64(limit)
	shape, err := kernels.SoftcapShape(in.shape, limit)
	return b.each(in, shape, err, func(_ int, v float64) float64 { return most * math.Tanh(v/most) })
}

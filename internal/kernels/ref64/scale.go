package ref64

import "attn/internal/kernels"

// Scale multiplies every number by the factor.
func (b *Backend) Scale(x kernels.Array, factor float32) kernels.Array {
	in := b.in(x)
	shape, err := kernels.ScaleShape(in.shape)
	return b.each(in, shape, err, func(_ int, v float64) float64 { return v * float64(factor) })
}

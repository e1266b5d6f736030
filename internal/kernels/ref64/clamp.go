package ref64

import "attn/internal/kernels"

// Clamp brings every number into [low, high].
func (b *Backend) Clamp(x kernels.Array, low, high float32) kernels.Array {
	in := b.in(x)
	shape, err := kernels.ClampShape(in.shape, low, high)
	return b.each(in, shape, err, func(_ int, v float64) float64 { return min(max(v, float64(low)), float64(high)) })
}

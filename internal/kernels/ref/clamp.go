package ref

import "attn/internal/kernels"

// Clamp brings every number of x, whatever its shape, into [low, high]:
// min(max(x, low), high). NaN stays NaN.
func (b *Backend) Clamp(x kernels.Array, low, high float32) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.ClampShape(in.shape, low, high))
	if !ok {
		return out
	}
	for i, v := range in.data {
		out.data[i] = min(max(v, low), high)
	}
	return out
}

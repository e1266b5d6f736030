package cpu

import "attn/internal/kernels"

// Clamp brings every number of x, whatever its shape, into [low, high].
func (b *Backend) Clamp(x kernels.Array, low, high float32) kernels.Array {
	in := b.in(x)
	out, ok := b.blank(kernels.ClampShape(in.shape, low, high))
	if !ok {
		return out
	}
	b.pool.chunks(len(out.data), elements, 1, func(from, to int) {
		dst := out.data[from:to]
		for i, v := range in.data[from:to] {
			dst[i] = min(max(v, low), high)
		}
	})
	return out
}

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
		b.set.clamp(out.data[from:to], in.data[from:to], low, high)
	})
	return out
}

// clamp is set.clamp in portable Go.
func clamp(dst, x []float32, low, high float32) {
	for i, v := range x {
		dst[i] = min(max(v, low), high)
	}
}

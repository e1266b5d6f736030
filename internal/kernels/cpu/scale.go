package cpu

import "attn/internal/kernels"

// Scale multiplies every number of x, whatever its shape, by the factor.
func (b *Backend) Scale(x kernels.Array, factor float32) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.ScaleShape(in.shape))
	if !ok {
		return out
	}
	b.pool.chunks(len(out.data), elements, 1, func(from, to int) {
		dst := out.data[from:to]
		for i, v := range in.data[from:to] {
			dst[i] = v * factor
		}
	})
	return out
}

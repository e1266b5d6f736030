package cpu

import "attn/internal/kernels"

// Scale multiplies every number of x, whatever its shape, by the factor.
func (b *Backend) Scale(x kernels.Array, factor float32) kernels.Array {
	in := b.in(x)
	out, ok := b.blank(kernels.ScaleShape(in.shape))
	if !ok {
		return out
	}
	b.pool.chunks(len(out.data), elements, 1, func(from, to int) {
		b.set.scale(out.data[from:to], in.data[from:to], factor)
	})
	return out
}

// scale is set.scale in portable Go.
func scale(dst, x []float32, factor float32) {
	for i, v := range x {
		dst[i] = v * factor
	}
}

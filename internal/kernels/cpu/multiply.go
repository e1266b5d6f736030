package cpu

import "attn/internal/kernels"

// Multiply returns the product, number by number; the shapes are equal.
func (b *Backend) Multiply(x, y kernels.Array) kernels.Array {
	left, right := b.in(x), b.in(y)
	out, ok := b.blank(kernels.MultiplyShape(left.shape, right.shape))
	if !ok {
		return out
	}
	b.pool.chunks(len(out.data), elements, 1, func(from, to int) {
		b.set.multiply(out.data[from:to], left.data[from:to], right.data[from:to])
	})
	return out
}

// multiply is set.multiply in portable Go.
func multiply(dst, x, y []float32) {
	for i, v := range x {
		dst[i] = v * y[i]
	}
}

package ref64

import "attn/internal/kernels"

// Multiply returns x * y, number by number; the shapes are equal.
func (b *Backend) Multiply(x, y kernels.Array) kernels.Array {
	left, right := b.in(x), b.in(y)
	shape, err := kernels.MultiplyShape(left.shape, right.shape)
	return b.each(left, shape, err, func(i int, v float64) float64 { return v * right.data[i] })
}

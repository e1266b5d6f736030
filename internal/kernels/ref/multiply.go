package ref

import "attn/internal/kernels"

// Multiply returns a[i] * b[i]; the shapes are equal.
func (b *Backend) Multiply(x, y kernels.Array) kernels.Array {
	left, right := b.in(x), b.in(y)
	out, ok := b.out(kernels.MultiplyShape(left.shape, right.shape))
	if !ok {
		return out
	}
	for i, v := range left.data {
		out.data[i] = v * right.data[i]
	}
	return out
}

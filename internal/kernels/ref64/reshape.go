package ref64

import (
	"attn/internal/kernels"
	"attn/internal/tensor"
)

// Reshape returns a copy of x under other axes.
func (b *Backend) Reshape(x kernels.Array, shape ...tensor.Dim) kernels.Array {
	in := b.in(x)
	shape, err := kernels.ReshapeShape(in.shape, shape)
	return b.each(in, shape, err, func(_ int, v float64) float64 { return v })
}

package cpu

import (
	"attn/internal/kernels"
	"attn/internal/tensor"
)

// Reshape returns a copy of x under other axes.
func (b *Backend) Reshape(x kernels.Array, shape ...tensor.Dim) kernels.Array {
	in := b.in(x)
	out, ok := b.blank(kernels.ReshapeShape(in.shape, shape))
	if ok {
		b.copy(out, in.data)
	}
	return out
}

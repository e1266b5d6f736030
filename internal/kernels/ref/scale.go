package ref

import "attn/internal/kernels"

// Scale multiplies, whatever x's shape; attention's factor is 1/sqrt(d_head)
// (Vaswani et al. 2017, section 3.2.1). One float32 product is exact to its
// last bit.
//
//	out[i] = x[i] * factor
func (b *Backend) Scale(x kernels.Array, factor float32) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.ScaleShape(in.shape))
	if !ok {
		return out
	}
	for i, v := range in.data {
		out.data[i] = v * factor
	}
	return out
}

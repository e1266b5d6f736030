package ref

import "attn/internal/kernels"

// Add is the residual connection (He et al. 2015, equation 1): a and b have
// one shape, any, and so has the result. One float32 sum is exact to its last
// bit, so there is nothing for float64 to do.
//
//	out[i] = a[i] + b[i]
func (b *Backend) Add(a, c kernels.Array) kernels.Array {
	x, y := b.in(a), b.in(c)
	out, ok := b.out(kernels.AddShape(x.shape, y.shape))
	if !ok {
		return out
	}
	for i := range out.data {
		out.data[i] = x.data[i] + y.data[i]
	}
	return out
}

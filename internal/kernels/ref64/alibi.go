package ref64

import "attn/internal/kernels"

// ALiBi adds slopes[h] * k to x [head H, query_pos T, key_pos T].
func (b *Backend) ALiBi(x kernels.Array, slopes []float32) kernels.Array {
	in := b.in(x)
	shape, err := kernels.ALiBiShape(in.shape, slopes)
	return b.each(in, shape, err, func(i int, v float64) float64 {
		keys := in.size(2)
		return v + float64(slopes[i/keys/in.size(1)])*float64(i%keys)
	})
}

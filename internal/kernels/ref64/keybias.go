package ref64

import "attn/internal/kernels"

// KeyBias adds bias[h, k] to x [head H, query_pos T, key_pos T].
func (b *Backend) KeyBias(x kernels.Array, bias []float32) kernels.Array {
	in := b.in(x)
	shape, err := kernels.KeyBiasShape(in.shape, bias)
	return b.each(in, shape, err, func(i int, v float64) float64 {
		keys := in.size(2)
		return v + float64(bias[i/keys/in.size(1)*keys+i%keys])
	})
}

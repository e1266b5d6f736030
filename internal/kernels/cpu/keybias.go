package cpu

import "attn/internal/kernels"

// KeyBias adds bias [head H, key_pos T] to x [head H, query_pos T, key_pos T].
func (b *Backend) KeyBias(x kernels.Array, bias []float32) kernels.Array {
	in := b.in(x)
	out, ok := b.blank(kernels.KeyBiasShape(in.shape, bias))
	if !ok {
		return out
	}
	queries, keys := in.shape[1].Size, in.shape[2].Size
	b.pool.chunks(in.shape[0].Size*queries, 1+elements/keys, keys, func(from, to int) {
		for row := from; row < to; row++ {
			own := bias[row/queries*keys : (row/queries+1)*keys]
			dst := out.data[row*keys : (row+1)*keys]
			for k, v := range in.data[row*keys : (row+1)*keys] {
				dst[k] = v + own[k]
			}
		}
	})
	return out
}

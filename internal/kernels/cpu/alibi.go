package cpu

import "attn/internal/kernels"

// ALiBi adds slopes[h] * key_pos to x [head H, query_pos T, key_pos T].
func (b *Backend) ALiBi(x kernels.Array, slopes []float32) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.ALiBiShape(in.shape, slopes))
	if !ok {
		return out
	}
	queries, keys := in.shape[1].Size, in.shape[2].Size
	b.pool.chunks(in.shape[0].Size*queries, 1+elements/keys, keys, func(from, to int) {
		for row := from; row < to; row++ {
			slope := slopes[row/queries]
			dst := out.data[row*keys : (row+1)*keys]
			for k, v := range in.data[row*keys : (row+1)*keys] {
				dst[k] = v + slope*float32(k)
			}
		}
	})
	return out
}

package ref

import "attn/internal/kernels"

// ALiBi adds to each score its head's slope times the key's place (Press, Smith
// and Lewis 2022): out[h, q, k] = x[h, q, k] + slopes[h] * k.
func (b *Backend) ALiBi(x kernels.Array, slopes []float32) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.ALiBiShape(in.shape, slopes))
	if !ok {
		return out
	}
	queries, keys := in.shape[1].Size, in.shape[2].Size
	for i, v := range in.data {
		h, k := i/(queries*keys), i%keys
		out.data[i] = float32(float64(v) + float64(slopes[h])*float64(k))
	}
	return out
}

package ref

import "attn/internal/kernels"

// KeyBias adds to each score its head's number for the key:
// out[h, q, k] = x[h, q, k] + bias[h, k].
func (b *Backend) KeyBias(x kernels.Array, bias []float32) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.KeyBiasShape(in.shape, bias))
	if !ok {
		return out
	}
	queries, keys := in.shape[1].Size, in.shape[2].Size
	for i, v := range in.data {
		h, k := i/(queries*keys), i%keys
		out.data[i] = v + bias[h*keys+k]
	}
	return out
}

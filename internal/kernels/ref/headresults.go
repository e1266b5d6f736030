package ref

import "attn/internal/kernels"

// HeadResults splits the output projection into what each head writes into
// the residual stream (Elhage et al. 2021, "A Mathematical Framework for
// Transformer Circuits": attention heads are independent and additive):
//
//	out[t, h, o] = sum_d z[t, h / (H/KV), d] w[o, h*D + d]
//
// z is [pos T, head KV, d_head D], w [out d_model, in H*D], the result [pos T,
// head H, d_model]. With KV = H, summed over heads, it is MatMul(z, w) without
// a bias.
func (b *Backend) HeadResults(z kernels.Array, w kernels.Weight) kernels.Array {
	in := b.in(z)
	out, ok := b.out(kernels.HeadResultsShape(in.shape, w))
	if !ok {
		return out
	}
	shared, d := in.shape[1].Size, in.shape[2].Size
	heads, outputs := out.shape[1].Size, w.Shape[0]
	for o := range outputs {
		weights := row(w, o)
		for th := range in.shape[0].Size * heads {
			t, h := th/heads, th%heads
			z := in.data[(t*shared+h/(heads/shared))*d:]
			out.data[th*outputs+o] = float32(dot(z, weights[h*d:][:d]))
		}
	}
	return out
}

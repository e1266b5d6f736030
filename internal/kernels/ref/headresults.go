package ref

import "attn/internal/kernels"

// HeadResults splits the output projection into what each head writes into
// the residual stream (Elhage et al. 2021, "A Mathematical Framework for
// Transformer Circuits": attention heads are independent and additive):
//
//	out[t, h, o] = sum_d z[t, h, d] w[o, h*D + d]
//
// z is [pos T, head H, d_head D], w [out d_model, in H*D], the result [pos T,
// head H, d_model]. Summed over heads it is MatMul(z, w) without a bias.
func (b *Backend) HeadResults(z kernels.Array, w kernels.Weight) kernels.Array {
	in := b.in(z)
	out, ok := b.out(kernels.HeadResultsShape(in.shape, w))
	if !ok {
		return out
	}
	heads, d := in.shape[1].Size, in.shape[2].Size
	outputs := w.Shape[0]
	for o := range outputs {
		weights := row(w, o)
		for th := range in.shape[0].Size * heads {
			own := weights[th%heads*d:][:d]
			out.data[th*outputs+o] = float32(dot(in.data[th*d:], own))
		}
	}
	return out
}

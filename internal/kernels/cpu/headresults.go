package cpu

import "attn/internal/kernels"

// HeadResults multiplies each head's z with its own columns of w: z is [pos T,
// head KV, d_head D], w [out d_model, in H*D], the result [pos T, head H,
// d_model]; head h reads z's head h / (H/KV).
func (b *Backend) HeadResults(z kernels.Array, w kernels.Weight) kernels.Array {
	in := b.in(z)
	out, ok := b.blank(kernels.HeadResultsShape(in.shape, w))
	if !ok {
		return out
	}
	t, shared, d := in.shape[0].Size, in.shape[1].Size, in.shape[2].Size
	heads, outputs := out.shape[1].Size, w.Shape[0]
	rows := matrix{data: in.data, stride: shared * d}
	to := matrix{data: out.data, stride: heads * outputs}
	b.outputs(w, t, b.set.tiles.cols, func(first, count int, right operand, mem *scratch) {
		for h := range heads {
			b.set.product(mem, to.from(0, h*outputs+first), rows.from(0, h/(heads/shared)*d),
				right, t, first, count, h*d, d)
		}
	})
	return out
}

package ref

import "attn/internal/kernels"

// Rotate turns pairs of components by their position's angles (Su et al. 2021,
// equation 34):
//
//	out[k] = x[i] cos - x[j] sin
//	out[l] = x[j] cos + x[i] sin
//
// for the pair i, j = p, p + Pairs, or 2p, 2p + 1 when interleaved; k, l are i, j
// unless RotaryOpts.Pair says otherwise. x is [pos T, head H, d_head D];
// components that are in no pair stay as they are.
func (b *Backend) Rotate(x kernels.Array, o kernels.RotaryOpts) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.RotateShape(in.shape, o))
	if !ok {
		return out
	}
	copy(out.data, in.data)
	heads, d := in.shape[1].Size, in.shape[2].Size
	for row := range in.shape[0].Size * heads {
		pos := row / heads
		rotateRow(out.data[row*d:(row+1)*d], in.data[row*d:(row+1)*d], o, o.Cos[pos*o.Pairs:], o.Sin[pos*o.Pairs:])
	}
	return out
}

// rotateRow turns one head's pairs; cos and sin begin with its position's.
func rotateRow(out, x []float32, o kernels.RotaryOpts, cos, sin []float32) {
	for p := range o.Pairs {
		from, to := o.Pair(p)
		a, b := float64(x[from[0]]), float64(x[from[1]])
		c, s := float64(cos[p]), float64(sin[p])
		out[to[0]], out[to[1]] = float32(a*c-b*s), float32(b*c+a*s)
	}
}

package ref64

import "attn/internal/kernels"

// Rotate turns pairs of components of x [pos T, head H, d_head D] by their
// position's angles; see kernels.RotaryOpts for which pairs.
func (b *Backend) Rotate(x kernels.Array, o kernels.RotaryOpts) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.RotateShape(in.shape, o))
	if !ok {
		return out
	}
	copy(out.data, in.data)
	heads, width := in.size(1), in.size(2)
	for i := range in.size(0) * heads * o.Pairs {
		p, start := i%o.Pairs, i/o.Pairs*width
		pos := i / o.Pairs / heads
		cos, sin := float64(o.Cos[pos*o.Pairs+p]), float64(o.Sin[pos*o.Pairs+p])
		start += o.First
		first, second := start+p, start+p+o.Pairs
		re, im := in.data[first], in.data[second]
		if o.Interleaved {
			re, im = in.data[start+2*p], in.data[start+2*p+1]
		}
		if o.Interleaved && !o.Apart {
			first, second = start+2*p, start+2*p+1
		}
		out.data[first] = re*cos - im*sin
		out.data[second] = re*sin + im*cos
	}
	return out
}

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
		first, second := p, p+o.Pairs
		if o.Interleaved {
			first, second = 2*p, 2*p+1
		}
		re, im := in.data[start+first], in.data[start+second]
		out.data[start+first] = re*cos - im*sin
		out.data[start+second] = re*sin + im*cos
	}
	return out
}

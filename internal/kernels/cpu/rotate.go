package cpu

import "attn/internal/kernels"

// Rotate turns the pairs of x [pos T, head H, d_head D] by their position's
// angles; components after them stay.
func (b *Backend) Rotate(x kernels.Array, o kernels.RotaryOpts) kernels.Array {
	in := b.in(x)
	out, ok := b.blank(kernels.RotateShape(in.shape, o))
	if !ok {
		return out
	}
	heads, d := in.shape[1].Size, in.shape[2].Size
	b.pool.chunks(in.shape[0].Size*heads, 1+elements/d, d, func(from, to int) {
		for row := from; row < to; row++ {
			at := row / heads * o.Pairs
			b.set.rotateRow(out.data[row*d:(row+1)*d], in.data[row*d:], o, o.Cos[at:at+o.Pairs], o.Sin[at:at+o.Pairs])
		}
	})
	return out
}

// rotateRow turns one head's pairs of x into dst [d_head].
func (s *set) rotateRow(dst, x []float32, o kernels.RotaryOpts, cos, sin []float32) {
	copy(dst, x)
	x, dst = x[o.First:], dst[o.First:]
	if !o.Interleaved {
		s.turn(dst[:o.Pairs], dst[o.Pairs:], x[:o.Pairs], x[o.Pairs:], cos, sin)
		return
	}
	x = x[:2*o.Pairs]
	if o.Apart {
		s.turnApart(dst[:o.Pairs], dst[o.Pairs:], x, cos, sin)
		return
	}
	s.turnPairs(dst[:2*o.Pairs], x, cos, sin)
}

// turn is set.turn in portable Go.
func turn(low, high, a, b, cos, sin []float32) {
	for p, c := range cos {
		low[p], high[p] = a[p]*c-b[p]*sin[p], b[p]*c+a[p]*sin[p]
	}
}

// turnPairs is set.turnPairs in portable Go.
func turnPairs(dst, x, cos, sin []float32) {
	for p, c := range cos {
		a, b := x[2*p], x[2*p+1]
		dst[2*p], dst[2*p+1] = a*c-b*sin[p], b*c+a*sin[p]
	}
}

// turnApart is set.turnApart in portable Go.
func turnApart(low, high, x, cos, sin []float32) {
	for p, c := range cos {
		a, b := x[2*p], x[2*p+1]
		low[p], high[p] = a*c-b*sin[p], b*c+a*sin[p]
	}
}

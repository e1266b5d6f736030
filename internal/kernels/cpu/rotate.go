package cpu

import "attn/internal/kernels"

// Rotate turns the pairs of x [pos T, head H, d_head D] by their position's
// angles; components after them stay.
func (b *Backend) Rotate(x kernels.Array, o kernels.RotaryOpts) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.RotateShape(in.shape, o))
	if !ok {
		return out
	}
	heads, d := in.shape[1].Size, in.shape[2].Size
	b.pool.chunks(in.shape[0].Size*heads, 1+elements/d, d, func(from, to int) {
		for row := from; row < to; row++ {
			at := row / heads * o.Pairs
			rotateRow(out.data[row*d:(row+1)*d], in.data[row*d:], o, o.Cos[at:at+o.Pairs], o.Sin[at:at+o.Pairs])
		}
	})
	return out
}

// rotateRow turns one head's pairs of x into dst [d_head].
func rotateRow(dst, x []float32, o kernels.RotaryOpts, cos, sin []float32) {
	copy(dst, x)
	x, dst = x[o.First:], dst[o.First:]
	read, write := 1, 1 // components from one pair to the next
	readGap, writeGap := o.Pairs, o.Pairs
	if o.Interleaved {
		read, readGap = 2, 1
		if !o.Apart {
			write, writeGap = 2, 1
		}
	}
	for p, c := range cos {
		a, b := x[p*read], x[p*read+readGap]
		dst[p*write], dst[p*write+writeGap] = a*c-b*sin[p], b*c+a*sin[p]
	}
}

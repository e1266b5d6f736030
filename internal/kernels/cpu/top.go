package cpu

import "attn/internal/kernels"

// Top returns the n largest numbers of each row of x, whatever its shape, and their
// places.
func (b *Backend) Top(x kernels.Array, n int) (values, places kernels.Array) {
	in := b.in(x)
	shape, err := kernels.TopShape(in.shape, n)
	top, _ := b.blank(shape, err)
	at, ok := b.blank(shape, err)
	if !ok {
		return top, at
	}
	width := in.last()
	b.pool.chunks(len(top.data)/n, 1+elements/width, width, func(from, to int) {
		for r := from; r < to; r++ {
			kernels.TopRow(top.data[r*n:][:n], at.data[r*n:][:n], in.data[r*width:][:width])
		}
	})
	return top, at
}

package ref

import "attn/internal/kernels"

// Top returns the n largest numbers of each row of x, whatever its shape, and their
// places.
func (b *Backend) Top(x kernels.Array, n int) (values, places kernels.Array) {
	in := b.in(x)
	shape, err := kernels.TopShape(in.shape, n)
	top, _ := b.out(shape, err)
	at, ok := b.out(shape, err)
	if !ok {
		return top, at
	}
	width := in.shape[len(in.shape)-1].Size
	for r := range len(top.data) / n {
		kernels.TopRow(top.data[r*n:][:n], at.data[r*n:][:n], in.data[r*width:][:width])
	}
	return top, at
}

package cpu

import "attn/internal/kernels"

// Rows returns x [pos T, ...] at some positions.
func (b *Backend) Rows(x kernels.Array, rows []int) kernels.Array {
	in := b.in(x)
	out, ok := b.blank(kernels.RowsShape(in.shape, rows))
	if !ok {
		return out
	}
	n := len(in.data) / in.shape[0].Size
	b.pool.run(len(rows), len(out.data), func(i int, _ *scratch) {
		copy(out.data[i*n:(i+1)*n], in.data[rows[i]*n:])
	})
	return out
}

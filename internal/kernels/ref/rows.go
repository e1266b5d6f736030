package ref

import "attn/internal/kernels"

// Rows returns x [pos T, ...] at some positions.
func (b *Backend) Rows(x kernels.Array, rows []int) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.RowsShape(in.shape, rows))
	if !ok {
		return out
	}
	n := len(in.data) / in.shape[0].Size
	for i, r := range rows {
		copy(out.data[i*n:(i+1)*n], in.data[r*n:])
	}
	return out
}

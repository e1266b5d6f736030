package ref64

import (
	"slices"

	"attn/internal/kernels"
)

// Rows returns x [pos T, ...] at some positions.
func (b *Backend) Rows(x kernels.Array, rows []int) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.RowsShape(in.shape, rows))
	if !ok {
		return out
	}
	for i, r := range rows {
		copy(out.row(i), in.row(r))
	}
	return out
}

// AddRows adds rows of y, each times its factor, to some positions of x.
func (b *Backend) AddRows(x, y kernels.Array, rows []int, factors []float32) kernels.Array {
	in, more := b.in(x), b.in(y)
	out, ok := b.out(kernels.AddRowsShape(in.shape, more.shape, rows, factors))
	if !ok {
		return out
	}
	out.data = slices.Clone(in.data)
	for i, r := range rows {
		for j, v := range more.row(i) {
			out.row(r)[j] += float64(factors[i]) * v
		}
	}
	return out
}

// row is what an array holds of position i.
func (a *array) row(i int) []float64 {
	n := len(a.data) / a.size(0)
	return a.data[i*n : (i+1)*n]
}

package ref

import (
	"slices"

	"attn/internal/kernels"
)

// AddRows adds rows of y, each times its factor, to some positions of x [pos T,
// ...], and leaves x as it is. Product and sum are rounded each, so that there is
// nothing for float64 to do:
//
//	out[rows[i]] = x[rows[i]] + factors[i] y[i]
func (b *Backend) AddRows(x, y kernels.Array, rows []int, factors []float32) kernels.Array {
	in, more := b.in(x), b.in(y)
	out, ok := b.out(kernels.AddRowsShape(in.shape, more.shape, rows, factors))
	if !ok {
		return out
	}
	out.data = slices.Clone(in.data)
	n := len(in.data) / in.shape[0].Size
	for i, r := range rows {
		for j, v := range more.data[i*n : (i+1)*n] {
			out.data[r*n+j] += float32(factors[i] * v)
		}
	}
	return out
}

package cpu

import "attn/internal/kernels"

// AddRows adds rows of y, each times its factor, to some positions of x [pos T,
// ...]: to x itself, unless somebody else reads what lies there.
func (b *Backend) AddRows(x, y kernels.Array, rows []int, factors []float32) kernels.Array {
	in, more := b.in(x), b.in(y)
	shape, err := kernels.AddRowsShape(in.shape, more.shape, rows, factors)
	if err != nil || b.err != nil {
		none, _ := b.blank(nil, err)
		return none
	}
	out := in
	if in.lent || in == more {
		out, _ = b.blank(shape, nil)
		b.copy(out, in.data)
	}
	n := len(in.data) / shape[0].Size
	b.pool.run(len(rows), 2*len(more.data), func(i int, mem *scratch) {
		product, row := grow(&mem.rows, n), out.data[rows[i]*n:][:n]
		b.set.scale(product, more.data[i*n:][:n], factors[i])
		b.set.add(row, row, product)
	})
	return out
}

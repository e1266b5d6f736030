package cpu

import "attn/internal/kernels"

// panelRows is how many outputs one task computes: their weights, as float32,
// stay in the nearest cache while every row of x passes by.
const panelRows = 16

// MatMul returns x · wᵀ + bias. x is [pos T, ...] with `in` numbers per
// position, the result [pos T, o.Out...] with `out` numbers per position.
// Each panel of weights is converted once, by the thread that multiplies it.
func (b *Backend) MatMul(x kernels.Array, w kernels.Weight, o kernels.MatMulOpts) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.MatMulShape(in.shape, w, o))
	if !ok {
		return out
	}
	t, outputs, inputs := in.shape[0].Size, w.Shape[0], w.Shape[1]
	rows := alignedRows(in.data, t, inputs)
	to := matrix{data: out.data, stride: outputs}
	b.pool.panels(w, t, func(first, count int, weights matrix, s *scratch) {
		product(to.from(0, first), weights, rows, t, count, inputs, s)
		if o.Bias != nil {
			addBias(to.from(0, first), o.Bias[first:][:count], t)
		}
	})
	return out
}

// panels runs do for each panel of w's outputs, as float32, for a product
// with t rows.
func (p *pool) panels(w kernels.Weight, t int, do func(first, count int, weights matrix, s *scratch)) {
	outputs, inputs := w.Shape[0], w.Shape[1]
	cost := outputs * inputs * (t + 8) / 12 // 12 products a nanosecond; converting is 8 more
	p.run((outputs+panelRows-1)/panelRows, cost, func(task int, s *scratch) {
		first := task * panelRows
		count := min(panelRows, outputs-first)
		do(first, count, panel(w, first, count, &s.panel), s)
	})
}

// product sets c [t, count] to the dot products of x's aligned rows [t, n]
// with the rows of a panel [count, n], which need no alignment: they are the
// first operand of dots, whose result is then turned.
func product(c, panel, x matrix, t, count, n int, s *scratch) {
	turned := matrix{data: grow(&s.product, panelRows*tile), stride: tile}
	for start := 0; start < t; start += tile {
		rows := min(tile, t-start)
		dots(turned, panel, x.from(start, 0), count, rows, n)
		for r := range rows {
			to := c.from(start+r, 0).data[:count]
			for o := range to {
				to[o] = turned.data[o*tile+r]
			}
		}
	}
}

// addBias adds one number to each column of c [t, len(bias)].
func addBias(c matrix, bias []float32, t int) {
	for r := range t {
		row := c.from(r, 0).data[:len(bias)]
		for o, v := range bias {
			row[o] += v
		}
	}
}

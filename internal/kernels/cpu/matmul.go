package cpu

import "attn/internal/kernels"

// MatMul returns x · wᵀ + bias. x is [pos T, ...] with `in` numbers per
// position, the result [pos T, o.Out...] with `out` numbers per position.
// A task is some outputs at all positions, so that each weight is converted
// once, by the thread that multiplies it.
func (b *Backend) MatMul(x kernels.Array, w kernels.Weight, o kernels.MatMulOpts) kernels.Array {
	in := b.in(x)
	shape, err := kernels.MatMulShape(in.shape, w, o)
	out, ok := b.blank(shape, err)
	if !ok {
		return out
	}
	t, inputs := in.shape[0].Size, w.Shape[1]
	rows, to := matrix{data: in.data, stride: inputs}, matrix{data: out.data, stride: w.Shape[0]}
	if b.set.byParts(t, w) {
		b.multiplyByParts(to, in, w, o.Bias, t)
		return out
	}
	b.outputs(w, t, b.set.tiles.cols, func(first, count int, right operand, mem *scratch) {
		b.set.product(mem, to.from(0, first), rows, right, t, first, count, 0, inputs)
		if o.Bias != nil {
			b.set.addBias(to.from(0, first), o.Bias[first:][:count], t)
		}
	})
	return out
}

// outputs runs do for each task's share of w's outputs, for a product with t
// rows. A task has a multiple of unit outputs, but for the last.
func (b *Backend) outputs(w kernels.Weight, t, unit int, do func(first, count int, right operand, mem *scratch)) {
	outputs, inputs := w.Shape[0], w.Shape[1]
	right, threads := operandOf(w), b.pool.threads
	// Two tasks for each thread leave little to wait for at the end.
	size := min(b.set.tiles.group, roundUp((outputs+2*threads-1)/(2*threads), unit))
	cost := outputs * inputs * (t + 8) / 40 // 40 products a nanosecond; converting is 8 more
	b.pool.run((outputs+size-1)/size, cost, func(task int, mem *scratch) {
		first := task * size
		do(first, min(size, outputs-first), right, mem)
	})
}

// addBias adds one number to each column of c [t, len(bias)].
func (s *set) addBias(c matrix, bias []float32, t int) {
	for r := range t {
		row := c.from(r, 0).data[:len(bias)]
		s.add(row, row, bias)
	}
}

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
	s := b.set.forOutputs(w.Shape[0])
	b.outputs(w, t, s.tiles, func(first, count int, right operand, mem *scratch) {
		s.product(mem, to.from(0, first), rows, right, t, first, count, 0, inputs)
		if o.Bias != nil {
			b.set.addBias(to.from(0, first), o.Bias[first:][:count], t)
		}
	})
	return out
}

// forOutputs returns the set for products of so many outputs.
func (s *set) forOutputs(n int) *set {
	if s.wide != nil && n >= s.wide.tiles.group {
		return s.wide
	}
	return s
}

// outputs runs do for each task's share of w's outputs, for a product with t
// rows. A task has whole tiles of them, but for the last.
func (b *Backend) outputs(w kernels.Weight, t int, tiles tiling, do func(first, count int, right operand, mem *scratch)) {
	outputs, inputs := w.Shape[0], w.Shape[1]
	right, threads := operandOf(w), b.pool.threads
	strips, most := (outputs+tiles.cols-1)/tiles.cols, tiles.group/tiles.cols
	// Two tasks for each thread leave little to wait for at the end.
	tasks := min(roundUp(max((strips+most-1)/most, 2*threads), threads), strips)
	cost := outputs * inputs * (t + 8) / 40 // 40 products a nanosecond; converting is 8 more
	b.pool.run(tasks, cost, func(task int, mem *scratch) {
		first, next := task*strips/tasks*tiles.cols, (task+1)*strips/tasks*tiles.cols
		do(first, min(next, outputs)-first, right, mem)
	})
}

// addBias adds one number to each column of c [t, len(bias)].
func (s *set) addBias(c matrix, bias []float32, t int) {
	for r := range t {
		row := c.from(r, 0).data[:len(bias)]
		s.add(row, row, bias)
	}
}

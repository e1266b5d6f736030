package cpu

import "attn/internal/kernels"

// Compare returns each vector's products with the rows of w, and the rows' own
// squares. A task is some rows, converted four at a time and used for all of it
// while they are near.
func (b *Backend) Compare(vectors [][]float32, w kernels.Weight) (products [][]float32, squares []float64) {
	if err := kernels.CheckCompare(vectors, w); err != nil {
		b.fail(err)
	}
	if b.err != nil {
		return nil, nil
	}
	const rows = 256 // of a task
	outputs, inputs := w.Shape[0], w.Shape[1]
	products, squares = make([][]float32, len(vectors)), make([]float64, outputs)
	for v := range products {
		products[v] = make([]float32, outputs)
	}
	x, right := sideBySide(vectors, inputs), operandOf(w)
	cost := outputs * inputs * (len(vectors) + 9) / 40 // as a product's, see outputs
	b.pool.run((outputs+rows-1)/rows, cost, func(task int, mem *scratch) {
		for o := task * rows; o < min(outputs, (task+1)*rows); o += 4 {
			b.set.compareFour(mem, products, squares, x, right, o)
		}
	})
	return products, squares
}

// sideBySide returns a copy of vectors as the rows of a matrix: a multiple of three,
// the last of zeros, as dots takes them.
func sideBySide(vectors [][]float32, n int) matrix {
	x := matrix{data: aligned(roundUp(len(vectors), 3) * n), stride: n}
	for v, numbers := range vectors {
		copy(x.from(v, 0).data, numbers)
	}
	return x
}

// compareFour compares vectors, the rows of x, with up to four rows of w from the
// first on.
func (s *set) compareFour(mem *scratch, products [][]float32, squares []float64, x matrix, w operand, first int) {
	four, n := min(4, len(squares)-first), x.stride
	rows := s.rows(mem, w, first, four, 0, n)
	if four < 4 {
		rows = fourRows(&mem.last, rows, four, n)
	}
	for i := range four {
		squares[first+i] = s.squares(rows.from(i, 0).data[:n], 0)
	}
	for v := 0; v < len(products); v += 3 {
		s.dots(mem.dots[:], x.from(v, 0).data, rows.data, n, rows.stride, n, 3)
		for i := v; i < min(v+3, len(products)); i++ {
			copy(products[i][first:][:four], mem.dots[4*(i-v):])
		}
	}
}

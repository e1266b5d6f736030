package kernelstest

import (
	"fmt"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// CheckComparer holds a kernels.Comparer to the sums that it stands for, and has it
// refuse what does not fit.
func CheckComparer(be kernels.Backend) error {
	c, ok := be.(kernels.Comparer)
	if !ok {
		return nil
	}
	s := newSource(60)
	var weights []kernels.Weight
	for _, rows := range []int{1, 4, 39, 257} {
		weights = append(weights, s.weight(tensor.F32, layouts()[0], rows, 37), s.weight(tensor.F16, layouts()[3], rows, 37))
	}
	for _, d := range storedTypes() {
		weights = append(weights, s.blocks(d, 7, 512))
	}
	for _, w := range weights {
		for _, count := range []int{1, 2, 3, 4, 7} {
			if err := comparison(c, s, w, count); err != nil {
				return fmt.Errorf("%s, %d rows, %d vectors: %w", w.Name, w.Shape[0], count, err)
			}
		}
	}
	return be.Err()
}

// comparison compares so many vectors with a matrix.
func comparison(c kernels.Comparer, s source, w kernels.Weight, count int) error {
	n, vectors := w.Shape[1], make([][]float32, count)
	for v := range vectors {
		vectors[v] = s.vector(n)
	}
	products, squares := c.Compare(vectors, w)
	if len(products) != count || len(squares) != w.Shape[0] {
		return fmt.Errorf("%d products, %d squares", len(products), len(squares))
	}
	for o := range w.Shape[0] {
		square := 0.0
		for i := range n {
			square += float64(at(w, o, i)) * float64(at(w, o, i))
		}
		if limit := relative(8, square); !limit.holds(float32(squares[o]), float32(square)) {
			return fmt.Errorf("the square of row %d is %v, not %v", o, squares[o], square)
		}
		for v := range vectors {
			term := func(i int) (a, b float32) { return vectors[v][i], at(w, o, i) }
			want := 0.0
			for i := range n {
				a, b := term(i)
				want += float64(a) * float64(b)
			}
			if limit := relative(n+3, sumOfProducts(n, term)); !limit.holds(products[v][o], float32(want)) {
				return fmt.Errorf("vector %d with row %d is %v, not %v", v, o, products[v][o], want)
			}
		}
	}
	return nil
}

// comparerRefuses: what does not fit is an error, and nothing comes after it.
func comparerRefuses(be kernels.Backend) error {
	c, ok := be.(kernels.Comparer)
	if !ok {
		return nil
	}
	s := newSource(61)
	w := s.weight(tensor.F32, layouts()[4], 4, 8)
	products, squares := c.Compare([][]float32{s.vector(8)}, w)
	if be.Err() == nil || products != nil || squares != nil {
		return fmt.Errorf("columns were compared: %v, %w", products, be.Err())
	}
	return nil
}

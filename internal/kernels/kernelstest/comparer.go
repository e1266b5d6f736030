package kernelstest

import (
	"fmt"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// Comparison is one use of kernels.Comparer, which gives no arrays: vectors, and the
// matrix whose rows they are compared with.
type Comparison struct {
	Name    string
	weight  kernels.Weight
	vectors [][]float32
}

// Comparisons lists those that the suite makes, of every type that a matrix may have.
func Comparisons() (all []Comparison) {
	s := newSource(60)
	var weights []kernels.Weight
	for _, rows := range []int{1, 4, 39, 257} {
		weights = append(weights, s.weight(tensor.F32, layouts()[0], rows, 37), s.weight(tensor.F16, layouts()[3], rows, 37), s.weight(tensor.BF16, layouts()[2], rows, 37))
	}
	for _, d := range storedTypes() {
		weights = append(weights, s.blocks(d, 7, 512))
	}
	for _, w := range weights {
		for _, count := range []int{1, 2, 3, 4, 7} {
			c := Comparison{Name: fmt.Sprintf("%s, %d rows, %d vectors", w.Name, w.Shape[0], count), weight: w}
			for range count {
				c.vectors = append(c.vectors, s.vector(w.Shape[1]))
			}
			all = append(all, c)
		}
	}
	return all
}

// comparerCheck holds a kernels.Comparer to the sums that it stands for.
func comparerCheck(be kernels.Backend) error {
	if _, ok := be.(kernels.Comparer); !ok {
		return nil
	}
	for _, c := range Comparisons() {
		if err := c.Check(be); err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	return nil
}

// Check holds a backend that is a kernels.Comparer to the sums.
func (c Comparison) Check(be kernels.Backend) error {
	products, squares := be.(kernels.Comparer).Compare(c.vectors, c.weight)
	if be.Err() != nil || len(products) != len(c.vectors) || len(squares) != c.weight.Shape[0] {
		return fmt.Errorf("%d products, %d squares, %w", len(products), len(squares), be.Err())
	}
	row := make([]float32, c.weight.Shape[1])
	for o := range c.weight.Shape[0] {
		for i := range row {
			row[i] = at(c.weight, o, i)
		}
		if err := near(squares[o], row, row, 8); err != nil {
			return fmt.Errorf("the square of row %d: %w", o, err)
		}
		for v, vector := range c.vectors {
			if err := near(float64(products[v][o]), vector, row, len(row)+3); err != nil {
				return fmt.Errorf("vector %d with row %d: %w", v, o, err)
			}
		}
	}
	return nil
}

// near holds a number to the product of two vectors, within so many roundings.
func near(got float64, a, b []float32, roundings int) error {
	want := 0.0
	for i := range a {
		want += float64(a[i]) * float64(b[i])
	}
	terms := sumOfProducts(len(a), func(i int) (x, y float32) { return a[i], b[i] })
	if !relative(roundings, terms).holds(float32(got), float32(want)) {
		return fmt.Errorf("%v, not %v", got, want)
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

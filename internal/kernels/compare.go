package kernels

import "fmt"

// Comparer is a backend that holds a few vectors against every row of a matrix, and
// reads it once for all of them: the vectors of a vocabulary are most of a small
// model.
type Comparer interface {
	// Compare returns v · w[o] for each vector v and each output o of w, whose inputs
	// lie side by side, and |w[o]|² for each. It waits; nothing comes after an error.
	Compare(vectors [][]float32, w Weight) (products [][]float32, squares []float64)
}

// CheckCompare reports whether vectors may be compared with a matrix.
func CheckCompare(vectors [][]float32, w Weight) error {
	if err := w.Check(); err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	if w.Stride[1] != 1 {
		return fmt.Errorf("compare: the inputs of %s lie %d apart", w.Name, w.Stride[1])
	}
	for i, v := range vectors {
		if len(v) != w.Shape[1] {
			return fmt.Errorf("compare: vector %d has %d numbers, %s takes %d", i, len(v), w.Name, w.Shape[1])
		}
	}
	return nil
}

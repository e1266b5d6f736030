package ref

import "attn/internal/kernels"

// Compare returns each vector's products with the rows of w, and the rows' own
// squares:
//
//	products[v][o] = sum_i vectors[v][i] w[o, i]
//	squares[o] = sum_i w[o, i]²
func (b *Backend) Compare(vectors [][]float32, w kernels.Weight) (products [][]float32, squares []float64) {
	if err := kernels.CheckCompare(vectors, w); err != nil {
		b.fail(err)
	}
	if b.err != nil {
		return nil, nil
	}
	products, squares = make([][]float32, len(vectors)), make([]float64, w.Shape[0])
	for o := range squares {
		weights := row(w, o)
		squares[o] = dot(weights, weights)
		for v := range vectors {
			products[v] = append(products[v], float32(dot(vectors[v], weights)))
		}
	}
	return products, squares
}

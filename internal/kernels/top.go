package kernels

import "attn/internal/tensor"

// TopRow fills values with the largest numbers of a row, as many as it is long, and
// places, as long, with where they stand: what Top makes of one row.
func TopRow[F float32 | float64](values, places, row []F) {
	for i, place := range tensor.Largest(row, len(values)) {
		values[i], places[i] = row[place], F(place)
	}
}

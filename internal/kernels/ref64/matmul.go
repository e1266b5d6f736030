package ref64

import "attn/internal/kernels"

// MatMul returns x · wᵀ + bias: x is [pos T, ...] with `in` numbers per
// position, the result [pos T, o.Out...] with `out` numbers per position.
func (b *Backend) MatMul(x kernels.Array, w kernels.Weight, o kernels.MatMulOpts) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.MatMulShape(in.shape, w, o))
	if !ok {
		return out
	}
	outputs, inputs := w.Shape[0], w.Shape[1]
	for j := range outputs {
		weights, bias := row(w, j), 0.0
		if o.Bias != nil {
			bias = float64(o.Bias[j])
		}
		for t := range in.size(0) {
			out.data[t*outputs+j] = dot(in.data[t*inputs:(t+1)*inputs], weights) + bias
		}
	}
	return out
}

// row returns the weights of one output, one per input. Types that store numbers
// in blocks can only be decoded block by block: a row at a time, or the block that
// each number is in.
func row(w kernels.Weight, output int) []float64 {
	stored := make([]float32, w.Shape[1])
	if w.Stride[1] == 1 {
		w.Decode(stored, w.Row(output))
	} else {
		size, _ := w.Type.Block()
		numbers := make([]float32, size)
		for i := range stored {
			place := w.Row(output) + i*w.Stride[1]
			w.Decode(numbers, place)
			stored[i] = numbers[place%size]
		}
	}
	weights := make([]float64, len(stored))
	widen(weights, stored)
	return weights
}

// dot returns the sum of the products of equally many numbers.
func dot(x, y []float64) float64 {
	sum := 0.0
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

package ref

import "attn/internal/kernels"

// MatMul is a linear layer, as torch.nn.functional.linear defines it:
//
//	out[t, o] = sum_i x[t, i] w[o, i] + bias[o]
//
// x is [pos T, ...] with `in` numbers per position, the result [pos T,
// o.Out...] with `out` numbers per position.
func (b *Backend) MatMul(x kernels.Array, w kernels.Weight, o kernels.MatMulOpts) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.MatMulShape(in.shape, w, o))
	if !ok {
		return out
	}
	outputs, inputs := w.Shape[0], w.Shape[1]
	for j := range outputs {
		weights := row(w, j)
		for t := range in.shape[0].Size {
			sum := dot(in.data[t*inputs:], weights)
			if o.Bias != nil {
				sum += float64(o.Bias[j])
			}
			out.data[t*outputs+j] = float32(sum)
		}
	}
	return out
}

// row returns the weights of one output, one per input [in].
func row(w kernels.Weight, output int) []float32 {
	weights := make([]float32, w.Shape[1])
	if w.Stride[1] == 1 { // blocks are decoded whole
		w.Decode(weights, w.Row(output))
		return weights
	}
	n, _ := w.Type.Block()
	block := make([]float32, n) // that the number is in
	for i := range weights {
		at := w.Row(output) + i*w.Stride[1]
		w.Decode(block, at)
		weights[i] = block[at%n]
	}
	return weights
}

// dot returns sum_i x[i] y[i] over the length of y.
func dot(x, y []float32) float64 {
	sum := 0.0
	for i, v := range y {
		sum += float64(x[i]) * float64(v)
	}
	return sum
}

package cpu

import (
	"math"

	"attn/internal/kernels"
)

// Softmax normalises each row of x along the last axis, whatever its shape: a
// row of only -Inf becomes zeros, one that holds NaN or +Inf becomes NaN.
func (b *Backend) Softmax(x kernels.Array) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.SoftmaxShape(in.shape))
	if !ok {
		return out
	}
	n := in.last()
	b.pool.chunks(len(out.data)/n, 1+elements/8/n, 8*n, func(from, to int) {
		for r := from; r < to; r++ {
			softmaxRow(out.data[r*n:(r+1)*n], in.data[r*n:])
		}
	})
	return out
}

// softmaxRow normalises x into dst, which holds zeros and says how many.
func softmaxRow(dst, x []float32) {
	x = x[:len(dst)]
	top := float32(math.Inf(-1))
	for _, v := range x {
		top = max(top, v)
	}
	hidden := float32(math.Inf(-1))
	if top == hidden {
		return
	}
	sum := 0.0
	for i, v := range x {
		if v == hidden { // half of a causal row: exp would say 0, slowly
			continue
		}
		e := math.Exp(float64(v) - float64(top))
		dst[i] = float32(e)
		sum += e
	}
	inverse := 1 / sum
	for i, v := range dst {
		dst[i] = float32(float64(v) * inverse)
	}
}

package cpu

import (
	"math"

	"attn/internal/kernels"
)

// Softmax normalises each row of x along the last axis, whatever its shape: a
// row of only -Inf becomes zeros, one that holds NaN or +Inf becomes NaN.
func (b *Backend) Softmax(x kernels.Array) kernels.Array {
	in := b.in(x)
	out, ok := b.blank(kernels.SoftmaxShape(in.shape))
	if !ok {
		return out
	}
	n := in.last()
	b.pool.chunks(len(out.data)/n, 1+elements/8/n, 8*n, func(from, to int) {
		for r := from; r < to; r++ {
			b.set.softmaxRow(out.data[r*n:(r+1)*n], in.data[r*n:])
		}
	})
	return out
}

// softmaxRow normalises x into dst, which says how many.
func (s *set) softmaxRow(dst, x []float32) {
	x = x[:len(dst)]
	top := s.largest(x)
	if top <= math.MaxFloat32 { // NaN and +Inf poison hidden keys too
		x = visible(x)
	}
	clear(dst[len(x):])
	dst = dst[:len(x)]
	s.scale(dst, dst, float32(1/s.exps(dst, x, top)))
}

// largest is set.largest in portable Go.
func largest(x []float32) float32 {
	top := float32(math.Inf(-1))
	for _, v := range x {
		if v > top || v != v { // as max does, but faster
			top = v
		}
	}
	return top
}

// visible returns x without the -Inf at its end, half of a causal pattern or
// all of a row that may see nothing: their weights are zero without asking exp.
func visible(x []float32) []float32 {
	for len(x) > 0 && math.IsInf(float64(x[len(x)-1]), -1) {
		x = x[:len(x)-1]
	}
	return x
}

// exps is set.exps in portable Go, in steps for the reason that block gives.
func exps(dst, x []float32, top float32) float64 {
	var buffer block
	sum := 0.0
	for len(x) > 0 {
		part := buffer.widen(x)
		for i, v := range part {
			part[i] = math.Exp(v - float64(top))
		}
		for i, e := range part {
			sum += e
			dst[i] = float32(e)
		}
		dst, x = dst[len(part):], x[len(part):]
	}
	return sum
}

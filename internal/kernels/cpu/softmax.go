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
	from, to := s.visible(x[:len(dst)])
	top := s.largest(x[from:to])
	if !(top <= math.MaxFloat32) { // NaN and +Inf poison hidden keys too
		from, to = 0, len(dst)
	}
	clear(dst[:from])
	clear(dst[to:])
	dst, x = dst[from:to], x[from:to]
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

// visible is the range of x without the -Inf at either end, half of a causal
// pattern, nearly all of a window's, or all of a row that may see nothing: their
// weights are zero without asking exp.
func (s *set) visible(x []float32) (from, to int) {
	const step = 64
	for to = len(x); to >= step && masked(s.largest(x[to-step:to])); to -= step {
	}
	for ; to > 0 && masked(x[to-1]); to-- {
	}
	for ; from+step <= to && masked(x[from]) && masked(s.largest(x[from:from+step])); from += step {
	}
	for ; from < to && masked(x[from]); from++ {
	}
	return from, to
}

// masked reports whether a score is one that the mask leaves no weight.
func masked(x float32) bool { return math.IsInf(float64(x), -1) }

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

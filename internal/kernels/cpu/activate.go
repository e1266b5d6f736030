package cpu

import (
	"math"

	"attn/internal/kernels"
)

// Activate applies the nonlinearity to every number of x, whatever its shape.
func (b *Backend) Activate(x kernels.Array, f kernels.Activation) kernels.Array {
	in := b.in(x)
	out, ok := b.blank(kernels.ActivateShape(in.shape, f))
	if !ok {
		return out
	}
	b.pool.chunks(len(out.data), elements/8, 8, func(from, to int) {
		b.set.activate(out.data[from:to], in.data[from:to], f)
	})
	return out
}

// activate fills dst with the nonlinearity of each number of x.
func (s *set) activate(dst, x []float32, f kernels.Activation) {
	switch f {
	case kernels.ReLU:
		s.relu(dst, x)
	case kernels.GELUTanh:
		s.geluTanh(dst, x)
	case kernels.GELU:
		s.gelu(dst, x)
	case kernels.SiLU:
		s.silu(dst, x)
	}
}

// relu is set.relu in portable Go.
func relu(dst, x []float32) {
	for i, v := range x {
		dst[i] = max(0, v)
	}
}

// gelu is set.gelu in portable Go, geluTanh set.geluTanh, silu set.silu.
func gelu(dst, x []float32)     { factors(dst, x, kernels.GELU) }
func geluTanh(dst, x []float32) { factors(dst, x, kernels.GELUTanh) }
func silu(dst, x []float32)     { factors(dst, x, kernels.SiLU) }

// factors fills dst with each number of x times what multiplies it under f.
func factors(dst, x []float32, f kernels.Activation) {
	var buffer block // which a call by name leaves on the stack
	for len(x) > 0 {
		part := buffer.widen(x)
		switch f {
		case kernels.GELU:
			normal(part)
		case kernels.GELUTanh:
			geluTanhFactor(part)
		default:
			logistic(part)
		}
		for i, f := range part {
			dst[i] = float32(float64(x[i]) * f)
		}
		dst, x = dst[len(part):], x[len(part):]
	}
}

// block is a few numbers on their way through float64. They go in steps, each
// a loop of its own: a conversion between the types waits for what was last in
// its register, so that in one loop with exp only one number is under way at a
// time, and takes five times as long.
type block [64]float64

// widen converts the first numbers of x, as many as fit.
func (b *block) widen(x []float32) []float64 {
	part := b[:min(len(x), len(b))]
	for i := range part {
		part[i] = float64(x[i])
	}
	return part
}

// geluTanhFactor turns each x into what multiplies it: 0.5 (1 + tanh(u)), which is
// 1 / (1 + exp(-2u)), one exp and no tanh.
func geluTanhFactor(part []float64) {
	const root = 0.7978845608028654 // sqrt(2/pi)
	for i, x := range part {
		part[i] = 2 * root * (x + 0.044715*x*x*x)
	}
	logistic(part)
}

// normal turns each x into what multiplies it under GELU: 0.5 (1 + erf(x / sqrt(2))),
// in which nothing cancels as erfc.
func normal(part []float64) {
	for i, x := range part {
		part[i] = math.Erfc(-x / math.Sqrt2)
	}
	for i, erfc := range part {
		part[i] = 0.5 * erfc
	}
}

// logistic turns each x into what multiplies it under SiLU.
func logistic(part []float64) {
	for i, x := range part {
		part[i] = math.Exp(-x)
	}
	for i, e := range part {
		part[i] = 1 / (1 + e)
	}
}

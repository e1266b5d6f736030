package cpu

import (
	"math"

	"attn/internal/kernels"
)

// Activate applies the nonlinearity to every number of x, whatever its shape.
func (b *Backend) Activate(x kernels.Array, f kernels.Activation) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.ActivateShape(in.shape, f))
	if !ok {
		return out
	}
	b.pool.chunks(len(out.data), elements/8, 8, func(from, to int) {
		activate(out.data[from:to], in.data[from:to], f)
	})
	return out
}

// activate fills dst with the nonlinearity of each number of x.
func activate(dst, x []float32, f kernels.Activation) {
	switch f {
	case kernels.GELUTanh:
		for i, v := range x {
			dst[i] = geluTanh(float64(v))
		}
	case kernels.GELU:
		for i, v := range x {
			dst[i] = float32(0.5 * float64(v) * (1 + math.Erf(float64(v)*(1/math.Sqrt2))))
		}
	case kernels.ReLU:
		for i, v := range x {
			dst[i] = max(0, v)
		}
	case kernels.SiLU:
		for i, v := range x {
			dst[i] = float32(float64(v) / (1 + math.Exp(-float64(v))))
		}
	}
}

// geluTanh uses 0.5 (1 + tanh(u)) = 1 / (1 + exp(-2u)): one exp, no tanh.
func geluTanh(x float64) float32 {
	const root = 0.7978845608028654 // sqrt(2/pi)
	u := root * (x + 0.044715*x*x*x)
	return float32(x / (1 + math.Exp(-2*u)))
}

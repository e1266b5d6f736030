package ref

import (
	"math"

	"attn/internal/kernels"
)

// Activate applies the MLP's nonlinearity to every number of x, whatever its
// shape:
//
//	gelu_new  0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))   Hendrycks and Gimpel 2016, section 2
//	gelu      0.5 x (1 + erf(x / sqrt(2)))                      the same, exact
//	relu      max(0, x)                                         Nair and Hinton 2010
//	silu      x / (1 + exp(-x))                                 Elfwing, Uchibe and Doya 2017
func (b *Backend) Activate(x kernels.Array, f kernels.Activation) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.ActivateShape(in.shape, f))
	if !ok {
		return out
	}
	for i, v := range in.data {
		out.data[i] = float32(activate(float64(v), f))
	}
	return out
}

// activate is one number's nonlinearity.
func activate(x float64, f kernels.Activation) float64 {
	switch f {
	case kernels.GELUTanh:
		return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	case kernels.GELU:
		return 0.5 * x * (1 + math.Erf(x/math.Sqrt2))
	case kernels.SiLU:
		return x / (1 + math.Exp(-x))
	}
	return math.Max(0, x) // ReLU: ActivateShape let no other through
}

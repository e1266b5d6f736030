package ref64

import (
	"math"

	"attn/internal/kernels"
)

// Activate applies the MLP's nonlinearity; see kernels.Activation for the
// formulas.
func (b *Backend) Activate(x kernels.Array, f kernels.Activation) kernels.Array {
	in := b.in(x)
	shape, err := kernels.ActivateShape(in.shape, f)
	return b.each(in, shape, err, func(_ int, v float64) float64 {
		switch f {
		case kernels.GELUTanh:
			inner := math.Sqrt(2/math.Pi) * (v + 0.044715*v*v*v)
			return v * (1 + math.Tanh(inner)) / 2
		case kernels.GELU:
			return v * math.Erfc(-v/math.Sqrt2) / 2
		case kernels.SiLU:
			return v / (1 + math.Exp(-v))
		}
		return max(v, 0) // ReLU: ActivateShape let no other through
	})
}

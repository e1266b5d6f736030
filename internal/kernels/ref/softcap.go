package ref

import (
	"math"

	"attn/internal/kernels"
)

// Softcap bends every number of x, whatever its shape, into (-limit, limit)
// (Gemma 2, section 2): limit * tanh(x / limit).
func (b *Backend) Softcap(x kernels.Array, limit float32) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.SoftcapShape(in.shape, limit))
	if !ok {
		return out
	}
	for i, v := range in.data {
		out.data[i] = float32(float64(limit) * math.Tanh(float64(v)/float64(limit)))
	}
	return out
}

package cpu

import (
	"math"

	"attn/internal/kernels"
)

// Softcap bends every number of x, whatever its shape, into (-limit, limit).
func (b *Backend) Softcap(x kernels.Array, limit float32) kernels.Array {
	in := b.in(x)
	out, ok := b.blank(kernels.SoftcapShape(in.shape, limit))
	if !ok {
		return out
	}
	b.pool.chunks(len(out.data), elements/8, 8, func(from, to int) {
		b.set.bend(out.data[from:to], in.data[from:to], 1/limit, limit)
	})
	return out
}

// bend is set.bend in portable Go.
func bend(dst, x []float32, in, out float32) {
	for i, v := range x {
		dst[i] = float32(float64(out) * math.Tanh(float64(in)*float64(v)))
	}
}

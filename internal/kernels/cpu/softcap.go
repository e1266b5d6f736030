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
		for i, v := range in.data[from:to] {
			out.data[from+i] = float32(float64(limit) * math.Tanh(float64(v)/float64(limit)))
		}
	})
	return out
}

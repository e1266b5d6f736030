package cpu

import (
	"math"

	"attn/internal/kernels"
)

// Norm normalises each row of x [.., d], with its sums in float64: a row is
// short, and 1e30 must not overflow when squared. normalized has x's shape,
// scale is [.., one 1].
func (b *Backend) Norm(x kernels.Array, o kernels.NormOpts) (normalized, scale kernels.Array) {
	in := b.in(x)
	shape, scaleShape, err := kernels.NormShapes(in.shape, o)
	norm, ok := b.out(shape, err)
	scales, _ := b.out(scaleShape, err)
	if !ok {
		return norm, scales
	}
	d := in.last()
	b.pool.run(len(scales.data), 4*len(in.data), func(r int, _ *scratch) {
		scales.data[r] = normRow(norm.data[r*d:(r+1)*d], in.data[r*d:(r+1)*d], o)
	})
	return norm, scales
}

// normRow normalises x [d] into dst [d] and returns the scale.
func normRow(dst, x []float32, o kernels.NormOpts) float32 {
	mean := 0.0
	if !o.RMS {
		for _, v := range x {
			mean += float64(v)
		}
		mean /= float64(len(x))
	}
	variance := 0.0
	for _, v := range x {
		variance += (float64(v) - mean) * (float64(v) - mean)
	}
	variance /= float64(len(x))
	scale := math.Sqrt(variance + float64(o.Epsilon))
	for i, v := range x {
		dst[i] = float32((float64(v) - mean) / scale)
	}
	if o.Gain != nil {
		for i, v := range o.Gain {
			dst[i] *= v
		}
	}
	if o.Bias != nil {
		for i, v := range o.Bias {
			dst[i] += v
		}
	}
	return float32(scale)
}

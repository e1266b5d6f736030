package ref64

import (
	"math"

	"attn/internal/kernels"
)

// Norm normalises each row of x [.., d]; see kernels.NormOpts for the formula.
// normalized has x's shape, scale is [.., one 1].
func (b *Backend) Norm(x kernels.Array, o kernels.NormOpts) (normalized, scale kernels.Array) {
	in := b.in(x)
	shape, scaleShape, err := kernels.NormShapes(in.shape, o)
	out, ok := b.out(shape, err)
	scales, _ := b.out(scaleShape, err)
	if !ok {
		return out, scales
	}
	d := in.size(len(in.shape) - 1)
	for r := range scales.data {
		from, to := r*d, (r+1)*d
		scales.data[r] = normRow(out.data[from:to], in.data[from:to], o)
	}
	return out, scales
}

// normRow normalises x into dst and returns the scale.
func normRow(dst, x []float64, o kernels.NormOpts) float64 {
	n, center, squares := float64(len(x)), 0.0, 0.0
	if !o.RMS {
		for _, v := range x {
			center += v
		}
		center /= n
	}
	for _, v := range x {
		squares += (v - center) * (v - center)
	}
	scale := math.Sqrt(squares/n + float64(o.Epsilon))
	for i, v := range x {
		dst[i] = (v - center) / scale
		if o.Gain != nil {
			dst[i] *= float64(o.Gain[i])
		}
		if o.Bias != nil {
			dst[i] += float64(o.Bias[i])
		}
	}
	return scale
}

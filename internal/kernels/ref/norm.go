package ref

import (
	"math"

	"attn/internal/kernels"
)

// Norm is layer normalisation (Ba, Kiros and Hinton 2016, equation 4) over
// each row of x [.., d]:
//
//	mean    = sum_i x[i] / d
//	scale   = sqrt(sum_i (x[i] - mean)^2 / d + epsilon)
//	norm[i] = gain[i] (x[i] - mean) / scale + bias[i]
//
// and with RMS the same with mean = 0 (Zhang and Sennrich 2019, equation 4).
// normalized has x's shape, scale is [.., one 1].
func (b *Backend) Norm(x kernels.Array, o kernels.NormOpts) (normalized, scale kernels.Array) {
	in := b.in(x)
	shape, scaleShape, err := kernels.NormShapes(in.shape, o)
	norm, ok := b.out(shape, err)
	scales, _ := b.out(scaleShape, err)
	if !ok {
		return norm, scales
	}
	d := shape[len(shape)-1].Size
	for r := range scales.data {
		scales.data[r] = normRow(norm.data[r*d:(r+1)*d], in.data[r*d:(r+1)*d], o)
	}
	return norm, scales
}

// normRow normalises x [d] into dst [d] and returns the scale.
func normRow(dst, x []float32, o kernels.NormOpts) float32 {
	mean, variance := 0.0, 0.0
	if !o.RMS {
		for _, v := range x {
			mean += float64(v) / float64(len(x))
		}
	}
	for _, v := range x {
		variance += (float64(v) - mean) * (float64(v) - mean) / float64(len(x))
	}
	scale := math.Sqrt(variance + float64(o.Epsilon))
	for i, v := range x {
		n := (float64(v) - mean) / scale
		if o.Gain != nil {
			n *= float64(o.Gain[i])
		}
		if o.Bias != nil {
			n += float64(o.Bias[i])
		}
		dst[i] = float32(n)
	}
	return float32(scale)
}

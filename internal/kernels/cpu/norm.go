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
	norm, ok := b.blank(shape, err)
	scales, _ := b.blank(scaleShape, err)
	if !ok {
		return norm, scales
	}
	d := in.last()
	b.pool.run(len(scales.data), 4*len(in.data), func(r int, _ *scratch) {
		scales.data[r] = b.set.normRow(norm.data[r*d:(r+1)*d], in.data[r*d:(r+1)*d], o)
	})
	return norm, scales
}

// normRow normalises x [d] into dst [d] and returns the scale.
func (s *set) normRow(dst, x []float32, o kernels.NormOpts) float32 {
	mean := 0.0
	if !o.RMS {
		mean = s.total(x) / float64(len(x))
	}
	scale := math.Sqrt(s.squares(x, mean)/float64(len(x)) + float64(o.Epsilon))
	s.standard(dst, x, mean, 1/scale)
	if o.Gain != nil {
		s.multiply(dst, dst, o.Gain)
	}
	if o.Bias != nil {
		s.add(dst, dst, o.Bias)
	}
	return float32(scale)
}

// total is set.total in portable Go.
func total(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v)
	}
	return sum
}

// squares is set.squares in portable Go.
func squares(x []float32, mean float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += (float64(v) - mean) * (float64(v) - mean)
	}
	return sum
}

// standard is set.standard in portable Go.
func standard(dst, x []float32, mean, factor float64) {
	for i, v := range x {
		dst[i] = float32((float64(v) - mean) * factor)
	}
}

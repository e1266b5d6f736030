package ref

import (
	"math"

	"attn/internal/kernels"
)

// SoftmaxSink normalises each row of x [head H, query_pos T, key_pos T] together
// with its head's sink, a logit that belongs to no key (Xiao et al. 2024;
// gpt-oss):
//
//	pattern[k] = exp(x[k] - m) / (sum_j exp(x[j] - m) + exp(sink - m))
//	sink       = exp(sink - m) / the same
//
// with m the largest of all of them.
func (b *Backend) SoftmaxSink(x kernels.Array, sinks []float32) (pattern, sink kernels.Array) {
	in := b.in(x)
	shape, sinkShape, err := kernels.SoftmaxSinkShapes(in.shape, sinks)
	out, ok := b.out(shape, err)
	rest, _ := b.out(sinkShape, err)
	if !ok {
		return out, rest
	}
	queries, n := in.shape[1].Size, in.shape[2].Size
	for r := range rest.data {
		rest.data[r] = softmaxSinkRow(out.data[r*n:(r+1)*n], in.data[r*n:(r+1)*n], sinks[r/queries])
	}
	return out, rest
}

// softmaxSinkRow normalises x [n] into dst [n] and returns the sink's share.
func softmaxSinkRow(dst, x []float32, sink float32) float32 {
	top := float64(sink)
	for _, v := range x {
		top = math.Max(top, float64(v))
	}
	own := math.Exp(float64(sink) - top)
	sum := own
	for _, v := range x {
		sum += math.Exp(float64(v) - top)
	}
	for i, v := range x {
		dst[i] = float32(math.Exp(float64(v)-top) / sum)
	}
	return float32(own / sum)
}

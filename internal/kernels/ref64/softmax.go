package ref64

import (
	"math"
	"slices"

	"attn/internal/kernels"
)

// Softmax returns exp(x - max) / sum along the last axis. A row that holds only
// -Inf becomes zeros.
func (b *Backend) Softmax(x kernels.Array) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.SoftmaxShape(in.shape))
	if !ok {
		return out
	}
	n := in.size(len(in.shape) - 1)
	for from := 0; from < len(in.data); from += n {
		softmaxRow(out.data[from:from+n], in.data[from:from+n], math.Inf(-1))
	}
	return out
}

// softmaxRow shares 1 out between x, into dst, and one more logit, whose share
// it returns.
func softmaxRow(dst, x []float64, more float64) float64 {
	top := max(slices.Max(x), more)
	if math.IsInf(top, -1) {
		return 0
	}
	rest := math.Exp(more - top)
	sum := rest
	for i, v := range x {
		dst[i] = math.Exp(v - top)
		sum += dst[i]
	}
	for i := range dst {
		dst[i] /= sum
	}
	return rest / sum
}

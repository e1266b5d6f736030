package ref

import (
	"math"

	"attn/internal/kernels"
)

// Softmax normalises each row of x along the last axis, whatever its shape,
// with the maximum taken off first so that exp cannot overflow (Goodfellow,
// Bengio and Courville 2016, section 4.1):
//
//	out[i] = exp(x[i] - max(x)) / sum_j exp(x[j] - max(x))
//
// A row of only -Inf, a query that may see no key, becomes zeros. A row that
// holds NaN or +Inf becomes NaN.
func (b *Backend) Softmax(x kernels.Array) kernels.Array {
	in := b.in(x)
	out, ok := b.out(kernels.SoftmaxShape(in.shape))
	if !ok {
		return out
	}
	n := in.shape[len(in.shape)-1].Size
	for start := 0; start < len(in.data); start += n {
		softmaxRow(out.data[start:start+n], in.data[start:start+n])
	}
	return out
}

// softmaxRow normalises x [n] into dst [n], which holds zeros.
func softmaxRow(dst, x []float32) {
	top, sum := math.Inf(-1), 0.0
	for _, v := range x {
		top = math.Max(top, float64(v))
	}
	if math.IsInf(top, -1) {
		return
	}
	for _, v := range x {
		sum += math.Exp(float64(v) - top)
	}
	for i, v := range x {
		dst[i] = float32(math.Exp(float64(v)-top) / sum)
	}
}

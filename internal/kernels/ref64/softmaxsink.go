package ref64

import "attn/internal/kernels"

// SoftmaxSink is Softmax of x [head H, query_pos T, key_pos T] with one more
// logit for each head, whose share [head H, query_pos T] it also returns.
func (b *Backend) SoftmaxSink(x kernels.Array, sinks []float32) (pattern, sink kernels.Array) {
	in := b.in(x)
	shape, sinkShape, err := kernels.SoftmaxSinkShapes(in.shape, sinks)
	out, ok := b.out(shape, err)
	shares, _ := b.out(sinkShape, err)
	if !ok {
		return out, shares
	}
	queries, n := in.size(1), in.size(2)
	for r := range shares.data {
		from, to := r*n, (r+1)*n
		shares.data[r] = softmaxRow(out.data[from:to], in.data[from:to], float64(sinks[r/queries]))
	}
	return out, shares
}

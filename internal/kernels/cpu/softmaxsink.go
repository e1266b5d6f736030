package cpu

import (
	"math"

	"attn/internal/kernels"
)

// SoftmaxSink normalises each row of x [head H, query_pos T, key_pos T] together
// with its head's sink; it returns the pattern and the sink's share [head H,
// query_pos T].
func (b *Backend) SoftmaxSink(x kernels.Array, sinks []float32) (pattern, sink kernels.Array) {
	in := b.in(x)
	shape, sinkShape, err := kernels.SoftmaxSinkShapes(in.shape, sinks)
	out, ok := b.blank(shape, err)
	rest, _ := b.blank(sinkShape, err)
	if !ok {
		return out, rest
	}
	queries, n := in.shape[1].Size, in.shape[2].Size
	b.pool.chunks(len(rest.data), 1+elements/(8*n), 8*n, func(from, to int) {
		for r := from; r < to; r++ {
			rest.data[r] = b.set.softmaxSinkRow(out.data[r*n:(r+1)*n], in.data[r*n:(r+1)*n], sinks[r/queries])
		}
	})
	return out, rest
}

// softmaxSinkRow normalises x [n] into dst [n] and returns the sink's share.
func (s *set) softmaxSinkRow(dst, x []float32, sink float32) float32 {
	from, to := s.visible(x)
	top := max(sink, s.largest(x[from:to]))
	if top-top != 0 { // what is not finite poisons hidden keys too
		from, to = 0, len(x)
	}
	clear(dst[:from])
	clear(dst[to:])
	dst, x = dst[from:to], x[from:to]
	own := math.Exp(float64(sink) - float64(top))
	sum := own + s.exps(dst, x, top)
	s.scale(dst, dst, float32(1/sum))
	return float32(own / sum)
}

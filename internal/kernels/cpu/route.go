package cpu

import "attn/internal/kernels"

// Route gives each token's experts their shares: scores [pos T, expert E] ->
// [pos T, expert E].
func (b *Backend) Route(scores kernels.Array, o kernels.RouteOpts) kernels.Array {
	in := b.in(scores)
	out, ok := b.blank(kernels.RouteShape(in.shape, o))
	if !ok {
		return out
	}
	n := in.last()
	b.pool.run(in.shape[0].Size, 50*len(in.data), func(t int, _ *scratch) {
		o.Shares(out.data[t*n:][:n], in.data[t*n:][:n])
	})
	return out
}

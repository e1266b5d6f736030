package cuda

import "attn/internal/kernels"

// Rows returns x [pos T, ...] at some positions, in the order given.
func (b *Backend) Rows(x kernels.Array, rows []int) kernels.Array {
	in := b.in(x)
	shape, err := kernels.RowsShape(in.shape, rows)
	out, ok := b.out("rows", shape, err)
	if ok {
		width := in.size() / in.shape[0].Size
		b.work("rows").arrays(in).rows(rows).arrays(out).int(width).long(width).long(1).
			run("gather", "gather_F32", grid{[3]int{len(rows), ceil(width, perBlock), 1}, perBlock})
	}
	return b.whole(out)
}

// AddRows adds rows of y, each times its factor, to some positions of x [pos T,
// ...]: to x itself, unless somebody else reads its memory.
func (b *Backend) AddRows(x, y kernels.Array, rows []int, factors []float32) kernels.Array {
	in, more := b.in(x), b.in(y)
	_, err := kernels.AddRowsShape(in.shape, more.shape, rows, factors)
	b.fail("addrows", err)
	out := in
	if b.err == nil && (in.of.users > 1 || in == more) {
		out = b.in(b.Scale(x, 1))
	}
	if b.err == nil {
		b.work("addrows").arrays(out, more).rows(rows).floats(factors).long(more.size()).int(more.size()/len(rows)).
			run("addrows", "addrows", over(more.size()))
	}
	return b.whole(out)
}

// Route gives each token's experts their shares: scores [pos T, expert E] -> [pos
// T, expert E].
func (b *Backend) Route(scores kernels.Array, o kernels.RouteOpts) kernels.Array {
	in := b.in(scores)
	shape, err := kernels.RouteShape(in.shape, o)
	out, ok := b.out("route", shape, err)
	if ok {
		tokens, experts := shape[0].Size, shape[1].Size
		b.work("route").arrays(in).floats(o.Correction).arrays(out).room(8*tokens*(2*experts+o.Groups)).
			int(experts).int(o.Used).flag(o.Sigmoid).flag(o.Anew).float(o.Scale).int(o.Groups).int(o.GroupsUsed).int(o.GroupBest).
			run("route", "route", rows(tokens, experts))
	}
	return b.whole(out)
}

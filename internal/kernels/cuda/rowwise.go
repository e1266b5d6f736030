package cuda

import "attn/internal/kernels"

// Norm normalises each row of x [.., d] and returns the result and each row's
// scale [.., one 1].
func (b *Backend) Norm(x kernels.Array, o kernels.NormOpts) (normalized, scale kernels.Array) {
	in := b.in(x)
	shape, scaleShape, err := kernels.NormShapes(in.shape, o)
	out, ok := b.out("norm", shape, err)
	scales, _ := b.out("norm", scaleShape, err)
	if ok && b.err == nil {
		width := last(shape)
		b.work("norm").arrays(in).floats(o.Gain).floats(o.Bias).arrays(out, scales).
			int(width).float(o.Epsilon).flag(o.RMS).run("norm", "norm", rows(scales.size(), width))
	}
	return b.whole(out), b.whole(scales)
}

// Softmax normalises along the last axis. A row of only -Inf becomes zeros.
func (b *Backend) Softmax(x kernels.Array) kernels.Array {
	in := b.in(x)
	shape, err := kernels.SoftmaxShape(in.shape)
	out, ok := b.out("softmax", shape, err)
	if ok {
		width := last(out.shape)
		b.work("softmax").arrays(in, out).int(width).run("softmax", "softmax", rows(out.size()/width, width))
	}
	return b.whole(out)
}

// SoftmaxSink is Softmax with one more logit for each head; it returns the
// pattern and the sinks' shares.
func (b *Backend) SoftmaxSink(x kernels.Array, sinks []float32) (pattern, sink kernels.Array) {
	in := b.in(x)
	shape, sinkShape, err := kernels.SoftmaxSinkShapes(in.shape, sinks)
	out, ok := b.out("softmax", shape, err)
	rest, _ := b.out("softmax", sinkShape, err)
	if ok && b.err == nil {
		width := last(shape)
		b.work("softmax").arrays(in).floats(sinks).arrays(out, rest).int(shape[1].Size).int(width).
			run("softmaxsink", "softmaxsink", rows(rest.size(), width))
	}
	return b.whole(out), b.whole(rest)
}

// Top returns the n largest numbers of each row of x [.., d] and their places: both
// [.., rank n].
func (b *Backend) Top(x kernels.Array, n int) (values, places kernels.Array) {
	in := b.in(x)
	shape, err := kernels.TopShape(in.shape, n)
	top, _ := b.out("top", shape, err)
	at, ok := b.out("top", shape, err)
	if ok {
		width := last(in.shape)
		b.work("top").arrays(in, top, at).int(width).int(n).run("top", "top", rows(in.size()/width, width))
	}
	return b.whole(top), b.whole(at)
}

// Gather returns rows of w, one per id: [pos T, d_model in].
func (b *Backend) Gather(w kernels.Weight, ids []int32) kernels.Array {
	shape, err := kernels.GatherShape(w, ids)
	out, ok := b.out("gather", shape, err)
	if ok {
		width := w.Shape[1]
		at, w := b.weight(w)
		b.work("gather").pointer(at).ids(ids).arrays(out).int(width).long(w.Stride[0]).long(w.Stride[1]).
			run("gather", "gather_"+typeName(w.Type), grid{[3]int{len(ids), ceil(width, perBlock), 1}, perBlock})
	}
	return b.whole(out)
}

package cuda

import (
	"attn/internal/kernels"
	"attn/internal/tensor"
)

// Add returns a + b.
func (b *Backend) Add(x, y kernels.Array) kernels.Array {
	p, q := b.in(x), b.in(y)
	shape, err := kernels.AddShape(p.shape, q.shape)
	return b.pairwise("add", p, q, shape, err)
}

// Multiply returns a * b, number by number.
func (b *Backend) Multiply(x, y kernels.Array) kernels.Array {
	p, q := b.in(x), b.in(y)
	shape, err := kernels.MultiplyShape(p.shape, q.shape)
	return b.pairwise("multiply", p, q, shape, err)
}

func (b *Backend) pairwise(op string, x, y *array, shape []tensor.Dim, err error) kernels.Array {
	out, ok := b.out(op, shape, err)
	if ok {
		b.work(op).arrays(x, y, out).long(out.size()).run(op, op, over(out.size()))
	}
	return b.whole(out)
}

// each runs a kernel that makes one number of each of x's.
func (b *Backend) each(op, kernel string, x *array, shape []tensor.Dim, err error, more func(w *work)) kernels.Array {
	out, ok := b.out(op, shape, err)
	if ok {
		w := b.work(op).arrays(x, out).long(out.size())
		more(w)
		w.run(op, kernel, over(out.size()))
	}
	return b.whole(out)
}

// Activate applies the nonlinearity to every number.
func (b *Backend) Activate(x kernels.Array, f kernels.Activation) kernels.Array {
	in := b.in(x)
	shape, err := kernels.ActivateShape(in.shape, f)
	return b.each("activate", "activate_"+string(f), in, shape, err, func(*work) {})
}

// Scale multiplies every number by the factor.
func (b *Backend) Scale(x kernels.Array, factor float32) kernels.Array {
	in := b.in(x)
	shape, err := kernels.ScaleShape(in.shape)
	return b.each("scale", "scale", in, shape, err, func(w *work) { w.float(factor) })
}

// Softcap bends every number into (-limit, limit).
func (b *Backend) Softcap(x kernels.Array, limit float32) kernels.Array {
	in := b.in(x)
	shape, err := kernels.SoftcapShape(in.shape, limit)
	return b.each("softcap", "softcap", in, shape, err, func(w *work) { w.float(limit) })
}

// Clamp brings every number into [low, high].
func (b *Backend) Clamp(x kernels.Array, low, high float32) kernels.Array {
	in := b.in(x)
	shape, err := kernels.ClampShape(in.shape, low, high)
	return b.each("clamp", "clamp", in, shape, err, func(w *work) { w.float(low).float(high) })
}

// Mask puts -Inf where the mask does not allow [.., query_pos, key_pos].
func (b *Backend) Mask(x kernels.Array, m kernels.Mask) kernels.Array {
	in := b.in(x)
	shape, err := kernels.MaskShape(in.shape, m)
	return b.each("mask", "mask", in, shape, err, func(w *work) {
		w.int(shape[len(shape)-2].Size).int(last(shape)).flag(m.Causal).int(m.Window)
	})
}

// KeyBias adds bias [head H, key_pos T] to x [head H, query_pos T, key_pos T].
func (b *Backend) KeyBias(x kernels.Array, bias []float32) kernels.Array {
	in := b.in(x)
	shape, err := kernels.KeyBiasShape(in.shape, bias)
	out, ok := b.out("keybias", shape, err)
	if ok {
		b.work("keybias").arrays(in).floats(bias).arrays(out).long(out.size()).
			int(out.shape[1].Size).int(out.shape[2].Size).run("keybias", "keybias", over(out.size()))
	}
	return b.whole(out)
}

// Join puts y [pos T, head KV, d_head B] behind x [pos T, head H, d_head A],
// head h taking y's head h / (H/KV).
func (b *Backend) Join(x, y kernels.Array) kernels.Array {
	left, right := b.in(x), b.in(y)
	shape, err := kernels.JoinShape(left.shape, right.shape)
	out, ok := b.out("join", shape, err)
	if ok {
		heads := left.shape[1].Size
		b.work("join").arrays(left, right, out).long(out.size()).
			int(heads).int(heads/right.shape[1].Size).int(left.shape[2].Size).int(right.shape[2].Size).run("join", "join", over(out.size()))
	}
	return b.whole(out)
}

// Rotate turns the pairs of x [pos T, head H, d_head D] by their position's
// angles.
func (b *Backend) Rotate(x kernels.Array, o kernels.RotaryOpts) kernels.Array {
	in := b.in(x)
	shape, err := kernels.RotateShape(in.shape, o)
	out, ok := b.out("rotate", shape, err)
	if ok {
		b.work("rotate").arrays(in).floats(o.Cos).floats(o.Sin).arrays(out).long(out.size()).
			int(out.shape[1].Size).int(out.shape[2].Size).int(o.First).int(o.Pairs).flag(o.Interleaved).flag(o.Apart).
			run("rotate", "rotate", over(out.size()))
	}
	return b.whole(out)
}

// Reshape returns the same numbers under other axes; they are not copied.
func (b *Backend) Reshape(x kernels.Array, shape ...tensor.Dim) kernels.Array {
	in := b.in(x)
	out, err := kernels.ReshapeShape(in.shape, shape)
	b.fail("reshape", err)
	if b.err != nil {
		return &array{owner: b}
	}
	in.of.users++
	return &array{owner: b, shape: out, at: in.at, of: in.of}
}

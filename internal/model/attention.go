package model

import (
	"math"

	"attn/internal/kernels"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// attention: softmax(mask(q·k · scale)) · v, through the output matrix, with
// what a layer's family adds on the way: norms of q and k, rotation, softcap,
// ALiBi.
func (p *pass) attention(layer int, x kernels.Array) kernels.Array {
	return p.within(func() kernels.Array { return p.heads(layer, x) })
}

// heads is attention, which leaves behind what it made on the way.
func (p *pass) heads(layer int, x kernels.Array) kernels.Array {
	in := func(name string) string { return trace.InBlock(layer, name) }
	b := &p.m.Blocks[layer]
	q, k, v := p.queriesKeysValues(layer, x)
	q = p.place(layer, p.headNorm(q, b.QNorm, in(trace.QNorm)), in(trace.RotQ))
	k = p.place(layer, p.headNorm(k, b.KNorm, in(trace.KNorm)), in(trace.RotK))
	var z kernels.Array
	if p.fused != nil && !p.looksInside(layer) {
		z = p.fusedAttention(layer, q, k, v)
	} else {
		scores := p.within(func() kernels.Array { return p.scores(layer, q, k) })
		z = p.be.Mix(p.pattern(in, scores, b.Sinks), v)
	}
	p.recordWaiting()
	p.keep(in(trace.Z), z)
	p.headSteps(in, b, v, z)
	return p.linear(z, b.O, tensor.D(tensor.DModel, p.m.Config.DModel))
}

// headNorm brings queries or keys to one size: each head's, or, where the
// family does it so, all heads' together.
func (p *pass) headNorm(x kernels.Array, o *kernels.NormOpts, name string) kernels.Array {
	if o == nil {
		return x
	}
	shape := x.Shape()
	if p.m.Config.QKNormWhole && len(shape) == 3 {
		x = p.be.Reshape(x, shape[0], tensor.D(tensor.DModel, tensor.Elements(shape[1:])))
	}
	plain := *o
	byHead := len(shape) == 3 && !p.m.Config.QKNormWhole && len(o.Gain) > shape[2].Size
	if byHead {
		plain.Gain = nil
	}
	x, _ = p.be.Norm(x, plain)
	if byHead {
		x = p.be.Multiply(x, p.be.Put(everyPosition(shape, o.Gain)))
	}
	if p.m.Config.QKNormWhole {
		x = p.be.Reshape(x, shape...)
	}
	return p.keep(name, x)
}

// everyPosition repeats a gain [head, d_head] for each position of [pos, head,
// d_head].
func everyPosition(shape []tensor.Dim, gain []float32) tensor.Tensor {
	t := tensor.New(shape...)
	for pos := range shape[0].Size {
		copy(t.Row(pos), gain)
	}
	return t
}

// place turns queries or keys by their positions, in layers that do.
func (p *pass) place(layer int, x kernels.Array, name string) kernels.Array {
	r := p.m.Config.rope(layer)
	if r == nil {
		return x
	}
	turns, ok := p.turns[r]
	if !ok {
		turns = r.Tables(p.tokens)
		p.turns[r] = turns
	}
	return p.keep(name, p.be.Rotate(x, turns))
}

// scores takes queries and keys to the numbers that the softmax reads.
func (p *pass) scores(layer int, q, k kernels.Array) kernels.Array {
	in := func(name string) string { return trace.InBlock(layer, name) }
	c := &p.m.Config
	s, scaledBy, last := p.keep(in(trace.QK), p.be.Scores(q, k)), c.Scales[layer], trace.Scaled
	s = p.follow(in(trace.Scaled), p.be.Scale(s, scaledBy), in(trace.QK), func(dst, src []float32) { scale(dst, src, scaledBy) })
	if c.Softcap != 0 {
		s, last = p.keep(in(trace.Softcapped), p.be.Softcap(s, c.Softcap)), trace.Softcapped
	}
	if c.ALiBi.Slopes != nil {
		s, last = p.keep(in(trace.Biased), p.be.KeyBias(s, c.ALiBi.bias(p.tokens, c.Scales[layer]))), trace.Biased
	}
	m, n := c.mask(layer), p.tokens
	return p.follow(in(trace.AttnScores), p.be.Mask(s, m), in(last), func(dst, src []float32) { mask(dst, src, m, n) })
}

// follow keeps a step whose numbers follow from another's, which is kept: not the
// numbers then, but how they follow.
func (p *pass) follow(name string, a kernels.Array, from string, derive func(dst, src []float32)) kernels.Array {
	if p.rec.Wants(name) && !p.rec.RecordDerived(name, from, derive) {
		p.record(name, a)
	}
	return a
}

// scale is what every backend's Scale computes: one product, rounded once.
func scale(dst, src []float32, factor float32) {
	for i, v := range src {
		dst[i] = v * factor
	}
}

// mask is what every backend's Mask does to rows of n keys, one for each query.
func mask(dst, src []float32, m tensor.Mask, n int) {
	hidden := float32(math.Inf(-1))
	for row := 0; row < len(src); row += n {
		from, to := m.Visible(row/n%n, n)
		for k := range n {
			dst[row+k] = hidden
			if k >= from && k < to {
				dst[row+k] = src[row+k]
			}
		}
	}
}

// pattern makes weights of scores; where heads have sinks, they take a part that
// no key gets.
func (p *pass) pattern(in func(string) string, scores kernels.Array, sinks []float32) kernels.Array {
	if sinks == nil {
		return p.keep(in(trace.Pattern), p.be.Softmax(scores))
	}
	pattern, sink := p.be.SoftmaxSink(scores, sinks)
	p.keep(in(trace.Pattern), pattern)
	p.keep(in(trace.Sink), sink)
	return pattern
}

// headSteps records what no later step needs, only readers do: each value and
// each head's result in the stream's own space, and the bias they share.
func (p *pass) headSteps(in func(string) string, b *Block, v, z kernels.Array) {
	for _, step := range []struct {
		name string
		of   kernels.Array
	}{{in(trace.VUp), v}, {in(trace.Result), z}} {
		if p.rec.Wants(step.name) {
			from := p.scope.mark()
			part, rows := p.part(step.name, step.of)
			p.rec.RecordRows(step.name, rows, p.read(p.be.HeadResults(part, b.O.Weight)))
			p.scope.leave(from, nil)
		}
	}
	if name := in(trace.OutputBias); p.rec.Wants(name) {
		bias := tensor.New(tensor.D(tensor.DModel, p.m.Config.DModel))
		copy(bias.Data, b.O.Bias) // zeros when there is none
		p.rec.Record(name, bias)
	}
}

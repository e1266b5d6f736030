package model

import (
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
		z = p.within(func() kernels.Array { return p.mixed(layer, q, k, v) })
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

// mixed takes queries and keys to weights, and values to their sums.
func (p *pass) mixed(layer int, q, k, v kernels.Array) kernels.Array {
	in := func(name string) string { return trace.InBlock(layer, name) }
	c, stages, left := &p.m.Config, p.stages(layer), true
	maps := []tensor.Dim{tensor.D(tensor.Head, c.Heads), tensor.D(tensor.QueryPos, p.tokens), tensor.D(tensor.KeyPos, p.tokens)}
	for i, stage := range stages {
		left = p.leave(in(stage.name), maps, inTurn(stages[:i+1]), q, k) && left
	}
	if plain := len(stages) == 3 && p.m.Blocks[layer].Sinks == nil; plain && left && p.attends != nil {
		pattern, z := p.attends.Attend(q, k, v, c.Scales[layer], c.mask(layer))
		p.keep(in(trace.Pattern), pattern)
		return z
	}
	of := []kernels.Array{q, k}
	for _, stage := range stages {
		of = []kernels.Array{stage.op(p.be, of)}
		if !left {
			p.keep(in(stage.name), of[0])
		}
	}
	return p.be.Mix(p.pattern(layer, of[0]), v)
}

// pattern makes weights of scores; where heads have sinks, they take a part that no
// key gets.
func (p *pass) pattern(layer int, scores kernels.Array) kernels.Array {
	in := func(name string) string { return trace.InBlock(layer, name) }
	sinks := p.m.Blocks[layer].Sinks
	if sinks == nil {
		return p.keep(in(trace.Pattern), p.be.Softmax(scores))
	}
	pattern, sink := p.be.SoftmaxSink(scores, sinks)
	p.keep(in(trace.Pattern), pattern)
	p.keep(in(trace.Sink), sink)
	return pattern
}

// stage is one of the steps to the numbers that the softmax reads: of queries and
// keys, then each of the one before.
type stage struct {
	name string
	op   recipe
}

// stages lists those of a layer: three, and two more in some families.
func (p *pass) stages(layer int) []stage {
	c, tokens := &p.m.Config, p.tokens
	stages := []stage{
		{trace.QK, func(be kernels.Backend, of []kernels.Array) kernels.Array { return be.Scores(of[0], of[1]) }},
		{trace.Scaled, func(be kernels.Backend, of []kernels.Array) kernels.Array { return be.Scale(of[0], c.Scales[layer]) }},
	}
	if c.Softcap != 0 {
		stages = append(stages, stage{trace.Softcapped, func(be kernels.Backend, of []kernels.Array) kernels.Array {
			return be.Softcap(of[0], c.Softcap)
		}})
	}
	if c.ALiBi.Slopes != nil {
		stages = append(stages, stage{trace.Biased, func(be kernels.Backend, of []kernels.Array) kernels.Array {
			return be.KeyBias(of[0], c.ALiBi.bias(tokens, c.Scales[layer]))
		}})
	}
	return append(stages, stage{trace.AttnScores, func(be kernels.Backend, of []kernels.Array) kernels.Array {
		return be.Mask(of[0], c.mask(layer))
	}})
}

// inTurn is the stages as one recipe.
func inTurn(stages []stage) recipe {
	return func(be kernels.Backend, of []kernels.Array) kernels.Array {
		for _, stage := range stages {
			of = []kernels.Array{stage.op(be, of)}
		}
		return of[0]
	}
}

// headSteps records what no later step needs, only readers do: each value and
// each head's result in the stream's own space, and the bias they share.
func (p *pass) headSteps(in func(string) string, b *Block, v, z kernels.Array) {
	up := func(be kernels.Backend, of []kernels.Array) kernels.Array { return be.HeadResults(of[0], b.O.Weight) }
	c := &p.m.Config
	shape := []tensor.Dim{tensor.D(tensor.Pos, p.tokens), tensor.D(tensor.Head, c.Heads), tensor.D(tensor.DModel, c.DModel)}
	for _, step := range []struct {
		name string
		of   kernels.Array
	}{{in(trace.VUp), v}, {in(trace.Result), z}} {
		if p.leave(step.name, shape, up, step.of) {
			continue
		}
		from := p.scope.mark()
		part, rows := p.part(step.name, step.of)
		p.rec.RecordRows(step.name, rows, p.read(up(p.be, []kernels.Array{part})))
		p.scope.leave(from, nil)
	}
	if name := in(trace.OutputBias); p.rec.Wants(name) {
		bias := tensor.New(tensor.D(tensor.DModel, c.DModel))
		copy(bias.Data, b.O.Bias) // zeros when there is none
		p.rec.Record(name, bias)
	}
}

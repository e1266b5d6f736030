package model

import (
	"math"

	"attn/internal/kernels"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// mlp runs a layer's feed-forward network, or the experts that each token's
// router picks.
func (p *pass) mlp(layer int, x kernels.Array) kernels.Array {
	in := func(name string) string { return trace.InBlock(layer, name) }
	b := &p.m.Blocks[layer]
	if b.Router != nil {
		return p.experts(in, b, x)
	}
	return p.feed(in, &b.MLP, x, p.m.Config.DMLP)
}

// feed: W_down f(W_up x + b_up) + b_down, or gated: W_down (f(W_gate x) · W_up x).
// Its steps are recorded under the names that in makes; nil records none.
func (p *pass) feed(in func(string) string, m *MLP, x kernels.Array, width int) kernels.Array {
	return p.within(func() kernels.Array {
		post := p.within(func() kernels.Array { return p.hidden(in, m, x, width) })
		return p.linear(post, m.Down, tensor.D(tensor.DModel, p.m.Config.DModel))
	})
}

// hidden is what a feed-forward network has inside: f(W_up x + b_up), or gated.
func (p *pass) hidden(in func(string) string, m *MLP, x kernels.Array, width int) kernels.Array {
	keep := func(name string, a kernels.Array) kernels.Array {
		if in == nil {
			return a
		}
		return p.keep(in(name), a)
	}
	first, up := m.Up, tensor.D(tensor.DMLP, width)
	if m.Gate != nil {
		first = *m.Gate
	}
	of := []kernels.Array{keep(trace.MLPPre, p.linear(x, first, up))}
	if m.Gate != nil {
		of = append(of, keep(trace.MLPLinear, p.linear(x, m.Up, up)))
	}
	post := p.m.Config.bend(p.be, of)
	// A gate and what it lets through are twice as large: they are held for no other's sake.
	if kept := in != nil && p.rec.Wants(in(trace.MLPPre)) && (m.Gate == nil || p.rec.Wants(in(trace.MLPLinear))); kept &&
		p.leave(in(trace.MLPPost), post.Shape(), p.m.Config.bend, of...) {
		return post
	}
	return keep(trace.MLPPost, post)
}

// bend is f, of one array, or of a gate and what it lets through.
func (c *Config) bend(be kernels.Backend, of []kernels.Array) kernels.Array {
	switch {
	case len(of) == 1:
		return be.Activate(of[0], c.Activation)
	case c.Clamp != 0:
		return c.clamped(be, of[0], of[1])
	}
	return be.Multiply(be.Activate(of[0], c.Activation), of[1])
}

// clamped is gpt-oss's gate: (up + 1) · g · sigmoid(α g), with g at most the
// limit and up within it. g · sigmoid(α g) = silu(α g) / α.
func (c *Config) clamped(be kernels.Backend, gate, up kernels.Array) kernels.Array {
	limit, alpha := c.Clamp, c.GateSlope
	gate = be.Clamp(gate, float32(math.Inf(-1)), limit)
	gate = be.Scale(be.Activate(be.Scale(gate, alpha), kernels.SiLU), 1/alpha)
	up = be.Clamp(up, -limit, limit)
	return be.Add(be.Multiply(up, gate), gate)
}

// experts: each token's vector goes through the few experts that its router
// scores highest, and their outputs are summed by their shares (Shazeer et al.
// 2017). Each expert runs once, over the tokens that chose it. Shared experts
// work on every token, and are added.
func (p *pass) experts(in func(string) string, b *Block, x kernels.Array) kernels.Array {
	c := &p.m.Config
	logits := p.keep(in(trace.Router), p.linear(x, *b.Router, tensor.D(tensor.Expert, c.Experts)))
	scores, vectors := p.be.Get(logits), p.be.Get(x)
	if len(scores.Data) == 0 || len(vectors.Data) == 0 { // an op before failed, or the pass was stopped
		return x
	}
	shares := c.route(scores, b.RouterBias)
	if name := in(trace.Experts); p.rec.Wants(name) {
		p.rec.Record(name, shares)
	}
	sum := tensor.New(tensor.D(tensor.Pos, p.tokens), tensor.D(tensor.DModel, c.DModel))
	for e := range b.Experts {
		p.addExpert(sum, shares, vectors, e, &b.Experts[e])
	}
	if b.Shared == nil {
		return p.be.Put(sum)
	}
	return p.be.Add(p.be.Put(sum), p.keep(in(trace.Shared), p.feed(nil, b.Shared, x, c.DShared)))
}

// addExpert runs one expert over the tokens that chose it.
func (p *pass) addExpert(sum, shares, vectors tensor.Tensor, e int, m *MLP) {
	c := &p.m.Config
	var chose []int
	for pos := range p.tokens {
		if shares.At(pos, e) != 0 {
			chose = append(chose, pos)
		}
	}
	if len(chose) == 0 {
		return
	}
	rows := tensor.New(tensor.D(tensor.Pos, len(chose)), tensor.D(tensor.DModel, c.DModel))
	for i, pos := range chose {
		copy(rows.Row(i), vectors.Row(pos))
	}
	from := p.scope.mark()
	out := p.be.Get(p.feed(nil, m, p.be.Put(rows), c.DExpert))
	p.scope.leave(from, nil)
	if len(out.Data) == 0 {
		return
	}
	for i, pos := range chose {
		into, share := sum.Row(pos), shares.At(pos, e)
		for j, v := range out.Row(i) {
			into[j] += share * v
		}
	}
}

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
	how := c.Routing
	how.Correction = b.RouterBias
	shares := p.be.Get(p.keep(in(trace.Experts), p.be.Route(logits, how)))
	if len(shares.Data) == 0 { // an op before failed, or the pass was stopped
		return x
	}
	sum := p.be.Put(tensor.New(tensor.D(tensor.Pos, p.tokens), tensor.D(tensor.DModel, c.DModel)))
	for e := range b.Experts {
		if chose, share := choosers(shares, e); len(chose) > 0 {
			sum = p.within(func() kernels.Array {
				return p.be.AddRows(sum, p.feed(nil, &b.Experts[e], p.be.Rows(x, chose), c.DExpert), chose, share)
			})
		}
	}
	if b.Shared == nil {
		return sum
	}
	return p.be.Add(sum, p.keep(in(trace.Shared), p.feed(nil, b.Shared, x, c.DShared)))
}

// choosers lists the tokens that chose an expert, and its share of each.
func choosers(shares tensor.Tensor, e int) (chose []int, share []float32) {
	for pos := range shares.Shape[0].Size {
		if v := shares.At(pos, e); v != 0 {
			chose, share = append(chose, pos), append(share, v)
		}
	}
	return chose, share
}

package model

import (
	"slices"

	"attn/internal/kernels"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// looksInside reports whether somebody wants a step of this layer that holds a
// number for every query and key: then attention goes step by step.
func (p *pass) looksInside(layer int) bool {
	c, inside := &p.m.Config, false
	for _, name := range trace.WholeMaps() {
		if name == trace.Softcapped && c.Softcap == 0 || name == trace.Biased && c.ALiBi.Slopes == nil {
			continue // the model has no such step
		}
		inside = p.rec.Wants(trace.InBlock(layer, name)) || inside
	}
	return inside
}

// fusedAttention is scores, pattern and mix in one op, and what can be told of
// the pattern without holding it.
func (p *pass) fusedAttention(layer int, q, k, v kernels.Array) kernels.Array {
	in := func(name string) string { return trace.InBlock(layer, name) }
	c := &p.m.Config
	o := kernels.AttentionOpts{
		Scale: c.Scales[layer], Softcap: c.Softcap, Slopes: c.ALiBi.Slopes, Sinks: p.m.Blocks[layer].Sinks, Mask: c.mask(layer),
		Near: trace.NearKeys,
	}
	p.askFor(in, &o)
	z, stats := p.fused.Attention(q, k, v, o)
	for _, stat := range told(stats) {
		if stat.value.Shape != nil && p.rec.Wants(in(stat.name)) {
			p.rec.RecordRows(in(stat.name), p.rec.Rows(in(stat.name)), p.queries(in(stat.name), stat.value))
		}
	}
	return z
}

// recordWaiting records the steps whose rows attention has settled.
func (p *pass) recordWaiting() {
	for _, w := range p.waiting {
		p.record(w.name, w.a)
	}
	p.waiting = nil
}

// askFor asks for the statistics that somebody wants.
func (p *pass) askFor(in func(string) string, o *kernels.AttentionOpts) {
	asked := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return p.rec.Wants(in(name)) })
	}
	o.Rows = asked(trace.LSE, trace.Entropy, trace.FirstMass, trace.NearMass) || o.Sinks != nil && asked(trace.Sink)
	if asked(trace.TopKeys, trace.TopWeights, trace.TopRest) {
		o.Top = trace.KeysListed
	}
	o.Keys = asked(trace.Received)
	if asked(trace.Pooled) {
		o.Blocks = trace.MapBlocks
	}
	if tile := p.rec.Tile(); tile != nil && asked(trace.TileScores, trace.TilePattern) {
		o.Tile = &kernels.Tile{Queries: tile.Queries, Keys: tile.Keys}
	}
}

// stat is one of the statistics, and what a trace calls it.
type stat struct {
	name  string
	value tensor.Tensor
}

// told lists the statistics in the order of the table.
func told(s kernels.AttentionStats) []stat {
	return []stat{
		{trace.Sink, s.Sink},
		{trace.LSE, s.LSE},
		{trace.Entropy, s.Entropy},
		{trace.FirstMass, s.First},
		{trace.NearMass, s.Near},
		{trace.TopKeys, s.TopKeys},
		{trace.TopWeights, s.TopWeights},
		{trace.TopRest, s.Rest},
		{trace.Received, s.Received},
		{trace.Pooled, s.Pooled},
		{trace.TileScores, s.TileScores},
		{trace.TilePattern, s.TilePattern},
	}
}

// queries cuts [head, query_pos, ...] down to the queries that the recorder
// keeps, for which it may have to wait.
func (p *pass) queries(name string, all tensor.Tensor) tensor.Tensor {
	rows := p.rec.Rows(name)
	if rows == nil {
		return all
	}
	if p.later != nil {
		p.later.Settle()
	}
	shape := slices.Clone(all.Shape)
	shape[1].Size = len(rows)
	part := tensor.New(shape...)
	for head := range shape[0].Size {
		for i, pos := range rows {
			copy(part.Row(head, i), all.Row(head, pos))
		}
	}
	return part
}

package model

import (
	"attn/internal/kernels"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// Latent holds the sizes of multi-head latent attention (DeepSeek-AI 2024, "DeepSeek-V2",
// section 2.1). Its zero value is attention without.
type Latent struct {
	Query    int // width of what queries come out of; 0 when they come out of the stream
	KeyValue int // width of what keys and values come out of: all that a cache has to hold, with Rope
	Rope     int // components of each query and key, the last ones, that turn
}

// LatentMaps are one layer's way down: queries, keys and values come up again by
// the block's Q, K and V.
type LatentMaps struct {
	QDown      *Linear // nil when queries come out of the stream
	QDownNorm  *kernels.NormOpts
	KVDown     Linear
	KVDownNorm *kernels.NormOpts
	KRope      Linear // the part of every head's key that turns, one for all heads
	KByHead    bool   // the block's K has a matrix for each head side by side: [d_head, heads * width]
}

// queriesKeysValues maps what attention reads to [pos, head, d_head] each.
func (p *pass) queriesKeysValues(layer int, x kernels.Array) (q, k, v kernels.Array) {
	in := func(name string) string { return trace.InBlock(layer, name) }
	c, b := &p.m.Config, &p.m.Blocks[layer]
	width := tensor.D(tensor.DHead, c.DHead)
	heads, shared := tensor.D(tensor.Head, c.Heads), tensor.D(tensor.Head, c.KVHeads)
	queryFrom, valueFrom := x, x
	if b.Latent != nil {
		queryFrom, valueFrom = p.down(in, b.Latent, x)
	}
	q = p.keep(in(trace.Q), p.linear(queryFrom, b.Q, heads, width))
	if b.Latent != nil {
		k = p.latentKeys(in, b, x, valueFrom)
	} else {
		k = p.linear(x, b.K, shared, width)
	}
	k = p.keep(in(trace.K), k)
	v = p.keep(in(trace.V), p.linear(valueFrom, b.V, shared, tensor.D(tensor.DHead, c.ValueWidth())))
	return q, k, v
}

// down: c_q = norm(W_DQ x), and c_kv = norm(W_DKV x).
func (p *pass) down(in func(string) string, m *LatentMaps, x kernels.Array) (queries, keyValues kernels.Array) {
	sizes := p.m.Config.Latent
	queries = x
	if m.QDown != nil {
		queries = p.keep(in(trace.QDown), p.linear(x, *m.QDown, tensor.D(tensor.DLatent, sizes.Query)))
		queries, _ = p.be.Norm(queries, *m.QDownNorm)
		p.keep(in(trace.QLatent), queries)
	}
	keyValues = p.keep(in(trace.KVDown), p.linear(x, m.KVDown, tensor.D(tensor.DLatent, sizes.KeyValue)))
	keyValues, _ = p.be.Norm(keyValues, *m.KVDownNorm)
	return queries, p.keep(in(trace.KVLatent), keyValues)
}

// latentKeys: each head's key is W_UK c_kv, and behind it W_KR x, the same for
// all heads, which turns.
func (p *pass) latentKeys(in func(string) string, b *Block, x, latent kernels.Array) kernels.Array {
	c := &p.m.Config
	rope := c.Latent.Rope
	own := p.ownKeys(b, latent)
	shared := p.keep(in(trace.KRope), p.linear(x, b.Latent.KRope, tensor.D(tensor.DRope, rope)))
	shared = p.be.Reshape(shared, tensor.D(tensor.Pos, p.tokens), tensor.D(tensor.Head, 1), tensor.D(tensor.DHead, rope))
	return p.be.Join(own, shared)
}

// ownKeys is W_UK c_kv. Where each head has a matrix of its own, that is what heads
// do with their columns of an output matrix, all of them reading one z.
func (p *pass) ownKeys(b *Block, latent kernels.Array) kernels.Array {
	c := &p.m.Config
	head, width := tensor.D(tensor.Head, c.KVHeads), tensor.D(tensor.DHead, c.DHead-c.Latent.Rope)
	if !b.Latent.KByHead {
		return p.linear(latent, b.K, head, width)
	}
	tokens := tensor.D(tensor.Pos, p.tokens)
	z := p.be.Reshape(latent, tokens, tensor.D(tensor.Head, 1), tensor.D(tensor.DHead, c.Latent.KeyValue))
	return p.be.Reshape(p.be.HeadResults(z, b.K.Weight), tokens, head, width)
}

package model

import (
	"context"
	"fmt"

	"attn/internal/kernels"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// pass is one run of the model over one sentence.
type pass struct {
	m   *Model
	be  kernels.Backend
	rec *trace.Recorder
}

// Forward computes the logits for ids, which must be 1 to Context long, and
// records on the way what rec wants (nil wants nothing). The result is
// [pos, d_vocab]: of every position when the recorder wants unembed.hook_out,
// of the last alone otherwise. Cancelling ctx stops it between two ops.
func (m *Model) Forward(ctx context.Context, be kernels.Backend, ids []int32, rec *trace.Recorder) (kernels.Array, error) {
	if err := m.CheckIDs(ids); err != nil {
		return nil, err
	}
	p := &pass{m: m, be: cancellable{be, ctx}, rec: rec}
	x := p.embed(ids)
	for layer := range m.Blocks {
		x = p.block(layer, x)
	}
	logits := p.unembed(x)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := be.Err(); err != nil {
		return nil, err
	}
	return logits, nil
}

// CheckIDs reports whether the model can read these tokens.
func (m *Model) CheckIDs(ids []int32) error {
	if len(ids) == 0 {
		return fmt.Errorf("no tokens")
	}
	if len(ids) > m.Config.Context {
		return &ContextError{Tokens: len(ids), Limit: m.Config.Context}
	}
	for i, id := range ids {
		if id < 0 || int(id) >= m.Config.DVocab {
			return fmt.Errorf("token %d at position %d: the vocabulary is 0 to %d", id, i, m.Config.DVocab-1)
		}
	}
	return nil
}

// ContextError says that a text is longer than the model can read.
type ContextError struct{ Tokens, Limit int }

func (e *ContextError) Error() string {
	return fmt.Sprintf("%d tokens, the model reads at most %d", e.Tokens, e.Limit)
}

// keep records a step if somebody wants it, and passes it on.
func (p *pass) keep(name string, a kernels.Array) kernels.Array {
	if p.rec.Wants(name) {
		p.rec.Record(name, p.be.Get(a))
	}
	return a
}

// embed: e = W_E[token] + W_pos[position].
func (p *pass) embed(ids []int32) kernels.Array {
	places := make([]int32, len(ids))
	for i := range places {
		places[i] = int32(i)
	}
	token := p.keep(trace.Embed, p.be.Gather(p.m.Embed, ids))
	place := p.keep(trace.PosEmbed, p.be.Gather(p.m.Position, places))
	return p.be.Add(token, place)
}

// block: x + attention(norm(x)), then that + mlp(norm(that)).
func (p *pass) block(layer int, x kernels.Array) kernels.Array {
	in := func(name string) string { return trace.InBlock(layer, name) }
	b := &p.m.Blocks[layer]
	p.keep(in(trace.ResidPre), x)
	out := p.attention(layer, p.norm(x, b.Norm1, in(trace.LN1Scale), in(trace.LN1)))
	mid := p.keep(in(trace.ResidMid), p.be.Add(x, p.keep(in(trace.AttnOut), out)))
	out = p.mlp(layer, p.norm(mid, b.Norm2, in(trace.LN2Scale), in(trace.LN2)))
	return p.keep(in(trace.ResidPost), p.be.Add(mid, p.keep(in(trace.MLPOut), out)))
}

func (p *pass) norm(x kernels.Array, o kernels.NormOpts, scaleName, name string) kernels.Array {
	normalized, scale := p.be.Norm(x, o)
	p.keep(scaleName, scale)
	return p.keep(name, normalized)
}

// linear computes W x + b, its outputs split into the given axes.
func (p *pass) linear(x kernels.Array, l Linear, out ...tensor.Dim) kernels.Array {
	return p.be.MatMul(x, l.Weight, kernels.MatMulOpts{Bias: l.Bias, Out: out})
}

// attention: softmax(mask(q·k · scale)) · v, through the output matrix.
func (p *pass) attention(layer int, x kernels.Array) kernels.Array {
	in := func(name string) string { return trace.InBlock(layer, name) }
	c, b := &p.m.Config, &p.m.Blocks[layer]
	width := tensor.D(tensor.DHead, c.DHead)
	q := p.keep(in(trace.Q), p.linear(x, b.Q, tensor.D(tensor.Head, c.Heads), width))
	k := p.keep(in(trace.K), p.linear(x, b.K, tensor.D(tensor.Head, c.KVHeads), width))
	v := p.keep(in(trace.V), p.linear(x, b.V, tensor.D(tensor.Head, c.KVHeads), width))
	raw := p.keep(in(trace.QK), p.be.Scores(q, k))
	scaled := p.keep(in(trace.Scaled), p.be.Scale(raw, c.Scales[layer]))
	masked := p.keep(in(trace.AttnScores), p.be.Mask(scaled, c.Mask))
	pattern := p.keep(in(trace.Pattern), p.be.Softmax(masked))
	z := p.keep(in(trace.Z), p.be.Mix(pattern, v))
	p.headSteps(in, b, v, z)
	return p.linear(z, b.O, tensor.D(tensor.DModel, c.DModel))
}

// headSteps records what no later step needs, only readers do: each value and
// each head's result in the stream's own space, and the bias they share.
func (p *pass) headSteps(in func(string) string, b *Block, v, z kernels.Array) {
	if name := in(trace.VUp); p.rec.Wants(name) {
		p.keep(name, p.be.HeadResults(v, b.O.Weight))
	}
	if name := in(trace.Result); p.rec.Wants(name) {
		p.keep(name, p.be.HeadResults(z, b.O.Weight))
	}
	if name := in(trace.OutputBias); p.rec.Wants(name) {
		bias := tensor.New(tensor.D(tensor.DModel, p.m.Config.DModel))
		copy(bias.Data, b.O.Bias) // zeros when there is none
		p.rec.Record(name, bias)
	}
}

// mlp: W_down f(W_up x + b_up) + b_down.
func (p *pass) mlp(layer int, x kernels.Array) kernels.Array {
	c, b := &p.m.Config, &p.m.Blocks[layer]
	pre := p.keep(trace.InBlock(layer, trace.MLPPre), p.linear(x, b.Up, tensor.D(tensor.DMLP, c.DMLP)))
	post := p.keep(trace.InBlock(layer, trace.MLPPost), p.be.Activate(pre, c.Activation))
	return p.linear(post, b.Down, tensor.D(tensor.DModel, c.DModel))
}

// unembed: logits = W_U norm(x).
func (p *pass) unembed(x kernels.Array) kernels.Array {
	c := &p.m.Config
	if !p.rec.Wants(trace.Logits) && !p.rec.Wants(trace.LNFinal) && !p.rec.Wants(trace.LNFinalScale) {
		x = p.last(x)
	}
	normalized := p.norm(x, p.m.FinalNorm, trace.LNFinalScale, trace.LNFinal)
	return p.keep(trace.Logits, p.be.MatMul(normalized, p.m.Unembed, kernels.MatMulOpts{
		Out: []tensor.Dim{tensor.D(tensor.DVocab, c.DVocab)},
	}))
}

// last cuts the stream down to the last position.
func (p *pass) last(x kernels.Array) kernels.Array {
	all := p.be.Get(x)
	if len(all.Data) == 0 { // an op before failed
		return x
	}
	row := tensor.New(tensor.D(tensor.Pos, 1), tensor.D(tensor.DModel, p.m.Config.DModel))
	copy(row.Data, all.Row(all.Shape[0].Size-1))
	return p.be.Put(row)
}

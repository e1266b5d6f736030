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
	m      *Model
	be     kernels.Backend
	device kernels.Backend // be itself, which no pass cancels
	rec    *trace.Recorder
	tokens int
	turns  map[*Rope]kernels.RotaryOpts // worked out once for all layers that share it

	fused   kernels.FusedAttention          // nil when the backend has none
	attends kernels.Attender                // the same
	lender  kernels.Lender                  // nil when the backend's arrays have to be copied
	waiting []waiting                       // to be recorded once it is known which rows
	held    map[kernels.Array]tensor.Tensor // what steps of this block follow from, read
	later   kernels.Overlapping             // nil when the backend waits for each result
	scope   *scope
}

// waiting is a step that has been computed and is to be recorded.
type waiting struct {
	name string
	a    kernels.Array
}

// Forward computes the logits for ids, which must be 1 to Context long, and
// records on the way what rec wants (nil wants nothing). The result is
// [pos, d_vocab]: of every position when the recorder wants unembed.hook_out,
// of the last alone otherwise, or when the recorder is narrow. Cancelling ctx
// stops it between two ops, or within one if the backend is Interruptible.
func (m *Model) Forward(ctx context.Context, be kernels.Backend, ids []int32, rec *trace.Recorder) (kernels.Array, error) {
	if err := m.CheckIDs(ids); err != nil {
		return nil, err
	}
	var logits kernels.Array
	err := m.guard(func() error {
		var err error
		logits, err = m.run(ctx, be, ids, rec)
		return err
	})
	if err != nil {
		return nil, err
	}
	return logits, nil
}

// guard turns a mapped file that shrinks while f reads it, or has changed
// after, into an error: numbers that mix two files are nobody's.
func (m *Model) guard(f func() error) error {
	if m.files == nil {
		return f()
	}
	if err := m.files.Guard(f); err != nil {
		return err
	}
	return m.files.Changed()
}

func (m *Model) run(ctx context.Context, be kernels.Backend, ids []int32, rec *trace.Recorder) (kernels.Array, error) {
	if err := kernels.Fit(be, m.Size()); err != nil {
		return nil, err
	}
	p := &pass{m: m, device: be, rec: rec, tokens: len(ids), turns: map[*Rope]kernels.RotaryOpts{}, held: map[kernels.Array]tensor.Tensor{}, scope: &scope{}}
	p.scope.be, _ = be.(kernels.Releaser)
	ops := cancellable{be, ctx, p.scope}
	p.be = ops
	if fused, ok := be.(kernels.FusedAttention); ok && m.Config.ALiBi.plain() {
		p.fused = cancellableFused{fused, ops}
	}
	if attends, ok := be.(kernels.Attender); ok {
		p.attends = cancellableAttention{attends, ops}
	}
	p.lender, _ = be.(kernels.Lender)
	if b, ok := be.(kernels.Interruptible); ok {
		b.Interrupt(func() bool { return ctx.Err() != nil })
		defer b.Interrupt(nil)
	}
	if later, ok := be.(kernels.Overlapping); ok && rec != nil {
		p.later = cancellableLater{later, ops}
		rec.Await(later.Settle)
		defer rec.Await(nil)
	}
	x := p.embed(ids)
	for layer := range m.Blocks {
		x = p.block(layer, x)
		p.scope.leave(0, x)
		clear(p.held)
	}
	logits := p.unembed(x)
	rec.Settle()
	p.scope.leave(0, logits)
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
	switch {
	case !p.rec.Wants(name):
	case p.fused != nil && p.rec.Waits(name):
		p.waiting = append(p.waiting, waiting{name, a})
	default:
		p.record(name, a)
	}
	return a
}

// record gives the recorder the rows that are wanted.
func (p *pass) record(name string, a kernels.Array) {
	part, rows := p.part(name, a)
	p.rec.RecordRows(name, rows, p.read(part))
}

// read returns an array's numbers for the recorder, which does not change them: without a copy where the
// backend lends them, while it computes on where it can.
func (p *pass) read(a kernels.Array) tensor.Tensor {
	if _, stopped := a.(nothing); stopped {
		return p.be.Get(a)
	}
	switch {
	case p.later != nil:
		return p.later.Later(a)
	case p.lender != nil:
		return p.lender.Lend(a)
	}
	return p.be.Get(a)
}

// part cuts a step down to the rows that the recorder keeps of it.
func (p *pass) part(name string, a kernels.Array) (kernels.Array, []int) {
	rows := p.rec.Rows(name)
	if rows == nil {
		return a, nil
	}
	return p.be.Rows(a, rows), rows
}

// embed: e = W_E[token], widened, scaled or normed where the family does so, + W_pos[position]
// where positions are learned.
func (p *pass) embed(ids []int32) kernels.Array {
	x := p.be.Gather(p.m.Embed, ids)
	if p.m.EmbedUp != nil {
		x = p.linear(x, *p.m.EmbedUp, tensor.D(tensor.DModel, p.m.Config.DModel))
	}
	if scale := p.m.Config.EmbedScale; scale != 0 {
		x = p.be.Scale(x, scale)
	}
	if p.m.EmbedNorm != nil {
		x, _ = p.be.Norm(x, *p.m.EmbedNorm)
	}
	p.keep(trace.Embed, x)
	if p.m.Position == nil {
		return x
	}
	places := make([]int32, len(ids))
	for i := range places {
		places[i] = int32(i + p.m.Config.PositionOffset)
	}
	return p.be.Add(x, p.keep(trace.PosEmbed, p.be.Gather(*p.m.Position, places)))
}

// block adds to the stream what attention and the MLP write. In turn, as most
// families do: x + attention(norm(x)), then that + mlp(norm(that)); or in
// parallel: x + attention(norm(x)) + mlp(norm(x)).
func (p *pass) block(layer int, x kernels.Array) kernels.Array {
	if p.m.Config.PostNorm {
		return p.postNormBlock(layer, x)
	}
	in := func(name string) string { return trace.InBlock(layer, name) }
	b := &p.m.Blocks[layer]
	p.keep(in(trace.ResidPre), x)
	from := p.scope.mark()
	read := p.norm(x, b.Norm1, in(trace.LN1Scale), in(trace.LN1))
	out := p.write(p.attention(layer, read), b.PostAttention, in(trace.HeadsOut), in(trace.AttnOut))
	mid := p.be.Add(x, out)
	if p.m.Config.Parallel {
		if b.Norm2 != nil {
			read = p.norm(x, b.Norm2, in(trace.LN2Scale), in(trace.LN2))
		}
	} else {
		p.scope.leave(from, mid)
		read = p.norm(p.keep(in(trace.ResidMid), mid), b.Norm2, in(trace.LN2Scale), in(trace.LN2))
	}
	out = p.write(p.mlp(layer, read), b.PostMLP, in(trace.MLPRaw), in(trace.MLPOut))
	return p.keep(in(trace.ResidPost), p.be.Add(mid, out))
}

// postNormBlock is the first transformer's: norm(x + attention(x)), then that
// again with the MLP (Vaswani et al. 2017).
func (p *pass) postNormBlock(layer int, x kernels.Array) kernels.Array {
	in := func(name string) string { return trace.InBlock(layer, name) }
	b := &p.m.Blocks[layer]
	p.keep(in(trace.ResidPre), x)
	mid := p.keep(in(trace.ResidMid), p.be.Add(x, p.keep(in(trace.AttnOut), p.attention(layer, x))))
	read := p.norm(mid, b.Norm1, in(trace.LN1Scale), in(trace.LN1))
	post := p.keep(in(trace.ResidPost), p.be.Add(read, p.keep(in(trace.MLPOut), p.mlp(layer, read))))
	return p.norm(post, b.Norm2, in(trace.LN2Scale), in(trace.LN2))
}

// norm normalises, or passes x on where there is no norm.
func (p *pass) norm(x kernels.Array, o *kernels.NormOpts, scaleName, name string) kernels.Array {
	if o == nil {
		return x
	}
	normalized, scale := p.be.Norm(x, *o)
	p.keep(scaleName, scale)
	again := func(be kernels.Backend, of []kernels.Array) kernels.Array {
		normalized, _ := be.Norm(of[0], *o)
		return normalized
	}
	if !p.leave(name, normalized.Shape(), again, x) {
		p.record(name, normalized)
	}
	return normalized
}

// write takes what attention or the MLP made to what is added to the stream:
// the same, or normed once more.
func (p *pass) write(x kernels.Array, post *kernels.NormOpts, rawName, name string) kernels.Array {
	if post != nil {
		x, _ = p.be.Norm(p.keep(rawName, x), *post)
	}
	return p.keep(name, x)
}

// linear computes W x + b, its outputs split into the given axes.
func (p *pass) linear(x kernels.Array, l Linear, out ...tensor.Dim) kernels.Array {
	return p.be.MatMul(x, l.Weight, kernels.MatMulOpts{Bias: l.Bias, Out: out})
}

// unembed: logits = W_U norm(x), narrowed before, scaled or bent where the family does so.
func (p *pass) unembed(x kernels.Array) kernels.Array {
	c := &p.m.Config
	every := p.rec.Wants(trace.Logits)
	if p.m.FinalNorm != nil {
		every = p.rec.Wants(trace.LNFinal) || every
		every = p.rec.Wants(trace.LNFinalScale) || every
	}
	if !every {
		x = p.be.Rows(x, []int{p.tokens - 1})
	}
	x = p.norm(x, p.m.FinalNorm, trace.LNFinalScale, trace.LNFinal)
	var rows []int
	if every { // logits that nobody keeps are not even computed
		x, rows = p.part(trace.Logits, x)
	}
	if p.m.UnembedDown != nil {
		x = p.linear(x, *p.m.UnembedDown, tensor.D(tensor.DModel, c.DEmbed))
	}
	logits := p.linear(x, p.m.Unembed, tensor.D(tensor.DVocab, c.DVocab))
	if c.LogitScale != 0 {
		logits = p.be.Scale(logits, c.LogitScale)
	}
	if c.LogitSoftcap != 0 {
		logits = p.be.Softcap(logits, c.LogitSoftcap)
	}
	if p.rec.Wants(trace.Logits) {
		p.rec.RecordRows(trace.Logits, rows, p.read(logits))
	}
	return logits
}

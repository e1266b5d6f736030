package model

import (
	"context"

	"attn/internal/kernels"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// Derives reports whether a pass on the backend leaves steps that follow from others
// to whoever reads the trace: one that lends its arrays, or brings them back beside
// its ops, gives what they are made of for nothing.
func Derives(be kernels.Backend) bool {
	_, lends := be.(kernels.Lender)
	_, overlaps := be.(kernels.Overlapping)
	return lends || overlaps
}

// Derived lists a block's steps that such a pass leaves to their readers: those that
// it reads itself no more, and those that are made of others number by number or row
// by row, in a moment.
func Derived() []string {
	return []string{
		trace.LN1, trace.QK, trace.Scaled, trace.Softcapped, trace.Biased, trace.AttnScores, trace.VUp, trace.Result, trace.LN2, trace.MLPPost,
	}
}

// recipe is how a backend makes a step of others.
type recipe func(be kernels.Backend, of []kernels.Array) kernels.Array

// leave has the recorder keep a step, if somebody wants it, by how it is made of
// arrays: the same ops of the same backend, and so the same numbers. It reports
// false if the step has to be recorded as it is.
func (p *pass) leave(name string, shape []tensor.Dim, op recipe, of ...kernels.Array) bool {
	if !p.rec.Wants(name) {
		return true
	}
	if !Derives(p.device) || p.rec.Rows(name) != nil {
		return false
	}
	m, be := p.m, p.device
	held := p.readAll(of)
	p.rec.RecordDerived(name, shape, func(dst []float32) error {
		return m.guard(func() error { return follow(be, dst, op, held) })
	})
	return true
}

// readAll is read of several arrays, each of which is read once in a block.
func (p *pass) readAll(of []kernels.Array) []tensor.Tensor {
	var read []tensor.Tensor
	for _, a := range of {
		t, ok := p.held[a]
		if !ok {
			t = p.read(a)
			p.held[a] = t
		}
		read = append(read, t)
	}
	return read
}

// follow fills dst with what the recipe makes, and leaves nothing on the backend.
func follow(be kernels.Backend, dst []float32, op recipe, held []tensor.Tensor) error {
	s := &scope{}
	s.be, _ = be.(kernels.Releaser)
	ops := cancellable{be, context.Background(), s}
	var of []kernels.Array
	for _, t := range held {
		of = append(of, ops.Put(t))
	}
	made := op(ops, of)
	if lender, ok := be.(kernels.Lender); ok {
		lent := lender.Lend(made)
		copy(dst, lent.Data)
		s.leave(0, nil)
		lender.Return(lent)
	} else {
		copy(dst, be.Get(made).Data)
		s.leave(0, nil)
	}
	return be.Err()
}

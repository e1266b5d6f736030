package trace

import (
	"math"
	"slices"

	"attn/internal/tensor"
)

// derivation is how a step's numbers are made of what is at hand.
type derivation struct {
	work func(dst []float32) error
	err  error     // of the last time
	kept []float32 // what was worked out for who asks more than once
}

// RecordDerived keeps a step without its numbers: they follow from what the trace, or
// whoever traces, holds anyway, and work fills them in when somebody reads them. A
// step that is as large as the pattern, or holds a vector for each head of each token,
// is large, and most of them are never read.
//
// What work reads must be there for as long as the trace is read, or until Complete;
// the trace is then read by one goroutine at a time. The recorder must keep the step
// for every position: Rows says so.
func (r *Recorder) RecordDerived(name string, shape []tensor.Dim, work func(dst []float32) error) {
	r.add(Step{Name: name, Value: tensor.Tensor{Shape: shape}, derived: &derivation{work: work}})
}

// Complete works out every step that has no numbers yet, and returns the first error:
// nothing that steps were made of is needed any more.
func (t *Trace) Complete() error {
	for i, s := range t.Steps {
		t.Steps[i].Value = s.Whole()
		if err := s.err(); err != nil {
			return err
		}
		t.Steps[i].derived = nil
	}
	return nil
}

// Err is the first error of working out a step: its numbers are NaN then. Who reads
// steps that a pass has just recorded asks for it at the end.
func (t *Trace) Err() error {
	for _, s := range t.Steps {
		if err := s.err(); err != nil {
			return err
		}
	}
	return nil
}

// err is why the step's numbers, which somebody read, are NaN.
func (s Step) err() error {
	if s.derived == nil {
		return nil
	}
	return s.derived.err
}

// Whole is the step's value with its numbers, for who reads step after step: where
// they follow from others they are worked out for each call.
func (s Step) Whole() tensor.Tensor {
	var own []float32
	return s.wholeIn(&own)
}

// wholeIn is Whole in a buffer, for who keeps none of them.
func (s Step) wholeIn(buffer *[]float32) tensor.Tensor {
	switch {
	case s.derived == nil:
	case s.derived.kept != nil:
		s.Value.Data = s.derived.kept
	default:
		n := tensor.Elements(s.Value.Shape)
		*buffer = slices.Grow((*buffer)[:0], n)[:n]
		s.derived.into(*buffer)
		s.Value.Data = *buffer
	}
	return s.Value
}

// kept is Whole for who asks again, for another row or head: it is worked out once.
func (s Step) kept() tensor.Tensor {
	whole := s.Whole()
	if s.derived != nil {
		s.derived.kept = whole.Data
	}
	return whole
}

// into works the numbers out, or says that there are none.
func (d *derivation) into(dst []float32) {
	if d.err = d.work(dst); d.err != nil {
		for i := range dst {
			dst[i] = float32(math.NaN())
		}
	}
}

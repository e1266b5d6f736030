package trace

import (
	"slices"

	"attn/internal/tensor"
)

// RecordDerived keeps a step without its numbers: they follow from those of a step
// that is kept anyway, number by number, and are worked out when somebody reads
// them. Every map of scores is as large as the pattern, and most are never read.
//
// It reports whether the recorder keeps `from`, for every position: otherwise
// nothing is kept. derive fills dst with the very bits that the backend's op makes
// of src; both have the step's shape.
func (r *Recorder) RecordDerived(name, from string, derive func(dst, src []float32)) bool {
	source, ok := r.trace.Held(from)
	if !ok || source.Rows != nil || r.Rows(name) != nil {
		return false
	}
	r.add(Step{Name: name, Value: tensor.Tensor{Shape: source.Value.Shape}, derive: func(dst []float32) { derive(dst, source.Whole().Data) }})
	return true
}

// Whole is the step's value with its numbers. They are worked out for each call
// where they follow from another step's.
func (s Step) Whole() tensor.Tensor {
	var own []float32
	return s.wholeIn(&own)
}

// wholeIn is Whole in a buffer, for who reads step after step and keeps none.
func (s Step) wholeIn(buffer *[]float32) tensor.Tensor {
	if s.derive != nil && s.Value.Data == nil {
		n := tensor.Elements(s.Value.Shape)
		*buffer = slices.Grow((*buffer)[:0], n)[:n]
		s.derive(*buffer)
		s.Value.Data = *buffer
	}
	return s.Value
}

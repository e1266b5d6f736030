// Package params counts a transformer's parameters from its shape alone, group
// by group and in exact integers.
package params

import "fmt"

// Shape is all that a count depends on.
type Shape struct {
	Name    string
	Family  string
	Layers  int
	Heads   int // query heads
	KVHeads int // key and value heads; fewer than Heads under grouped-query attention
	DModel  int
	DHead   int
	DMLP    int
	Vocab   int
	Context int

	LearnedPositions bool // one trained vector for each place in the context
	Tied             bool // the unembedding is the embedding
	Gated            bool // the MLP has a gate beside its up-projection
	Biases           bool // every matrix of attention and MLP has one
	NormVectors      int  // trained vectors per norm: 2 for LayerNorm, gain and bias; 1 for RMSNorm

	// Printed is the total that the paper prints beside this shape ("1.3B"), or
	// empty when the shape comes from a config.
	Printed string
}

// check reports the first size that no model can have.
func (s Shape) check() error {
	for _, part := range []struct {
		name string
		size int
	}{
		{"layers", s.Layers},
		{"heads", s.Heads},
		{"key/value heads", s.KVHeads},
		{"d_model", s.DModel},
		{"d_head", s.DHead},
		{"d_mlp", s.DMLP},
		{"vocabulary", s.Vocab},
		{"context", s.Context},
	} {
		if part.size < 1 {
			return fmt.Errorf("%s is %d, it must be 1 or more", part.name, part.size)
		}
	}
	if s.NormVectors < 0 {
		return fmt.Errorf("a norm has %d vectors, it must be 0 or more", s.NormVectors)
	}
	return nil
}

// asWideAs returns the total if all heads together were width wide, whatever
// their number: per layer, 4 matrices of d_model × width and, under the
// convention that counts them, 3 biases of width.
func (s Shape) asWideAs(width int, c Convention) (int64, error) {
	s.Heads, s.KVHeads, s.DHead, s.Printed = 1, 1, width, ""
	count, err := s.Count(c)
	return count.Total, err
}

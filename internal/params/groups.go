package params

import "fmt"

// weightsOnly is the shape as the chapter counts it: matrices alone, and the
// unembedding one of its own.
func (s Shape) weightsOnly() Shape {
	s.LearnedPositions, s.Tied, s.Biases, s.NormVectors = false, false, false, 0
	return s
}

// groups lists what is there, in the order of the forward pass. Shapes stand
// as the chapter multiplies, a matrix times a column vector: [out, in].
func (s Shape) groups(n *checked) []Group {
	heads, kvHeads := n.product(s.Heads, s.Layers), n.product(s.KVHeads, s.Layers)
	layers, norms := int64(s.Layers), int64(0)
	if s.NormVectors > 0 { // two in each layer and the last one
		norms = n.product(2*s.Layers+1, s.NormVectors)
	}
	var list []Group
	add := func(there bool, name string, copies int64, shape ...int) {
		if there {
			count := n.times(copies, shape...)
			list = append(list, Group{Name: name, Shape: shape, Copies: copies, Count: count})
		}
	}
	add(true, Embedding, 1, s.DModel, s.Vocab)
	add(s.LearnedPositions, Position, 1, s.DModel, s.Context)
	add(true, Query, heads, s.DHead, s.DModel)
	add(true, Key, kvHeads, s.DHead, s.DModel)
	add(true, Value, kvHeads, s.DHead, s.DModel)
	add(true, Output, heads, s.DModel, s.DHead)
	add(true, Up, layers, s.DMLP, s.DModel)
	add(s.Gated, Gate, layers, s.DMLP, s.DModel)
	add(true, Down, layers, s.DModel, s.DMLP)
	add(s.Biases, Bias, layers, int(n.sum(s.attentionBias(n), s.mlpBias(n))))
	add(norms > 0, Norm, norms, s.DModel)
	add(!s.Tied, Unembedding, 1, s.Vocab, s.DModel)
	return list
}

// attentionBias is one layer's: b_Q, b_K, b_V, as wide as all their heads, and
// b_O, which the heads share.
func (s Shape) attentionBias(n *checked) int64 {
	if !s.Biases {
		return 0
	}
	return n.sum(n.product(s.Heads, s.DHead), n.product(2, s.KVHeads, s.DHead), int64(s.DModel))
}

// mlpBias is one layer's: of the up-projection, the gate and the
// down-projection.
func (s Shape) mlpBias(n *checked) int64 {
	switch {
	case !s.Biases:
		return 0
	case s.Gated:
		return n.sum(n.product(2, s.DMLP), int64(s.DModel))
	}
	return n.sum(int64(s.DMLP), int64(s.DModel))
}

func (s Shape) countAttention(c *Count, n *checked) {
	c.PerMatrix = n.product(s.DHead, s.DModel)
	c.PerHead = n.product(4, s.DHead, s.DModel)
	if s.Biases {
		c.PerHead = n.sum(c.PerHead, n.product(3, s.DHead))
	}
	c.PerLayerAttention = n.sum(
		n.product(2, s.Heads, s.DHead, s.DModel),   // query, output
		n.product(2, s.KVHeads, s.DHead, s.DModel), // key, value
		s.attentionBias(n))
	c.Attention = n.times(c.PerLayerAttention, s.Layers)
}

func (s Shape) countMLP(c *Count, n *checked) {
	perLayer := n.sum(n.product(s.mlpMatrices(), s.DMLP, s.DModel), s.mlpBias(n))
	c.MLP = n.times(perLayer, s.Layers)
}

func (s Shape) mlpMatrices() int {
	if s.Gated {
		return 3
	}
	return 2
}

// matrices counts as the chapter does: query, key and value-down of each head,
// one joint output matrix per layer, those of the MLP, and embedding and
// unembedding. For GPT-3 96·96·3 + 96 + 2·96 + 2 = 27,938.
func (s Shape) matrices(n *checked) int64 {
	perLayer := n.sum(int64(s.Heads), n.product(2, s.KVHeads), 1, int64(s.mlpMatrices()))
	return n.sum(n.times(perLayer, s.Layers), 2)
}

func (s Shape) valueMap(n *checked) ValueMap {
	v := ValueMap{
		Full:     n.product(s.DModel, s.DModel),
		Factored: n.product(2, s.DHead, s.DModel),
	}
	v.AllFull = n.times(v.Full, s.Layers, s.Heads)
	v.AllFactored = n.times(v.Factored, s.Layers, s.Heads)
	return v
}

// flag notes a printed row whose heads do not multiply out to d_model. It is
// counted as printed all the same: which of the figures is off is not known.
func (s Shape) flag(c *Count) error {
	width := s.Heads * s.DHead
	if s.Printed == "" || width == s.DModel {
		return nil
	}
	other, err := s.asWideAs(s.DModel, c.Convention)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("the paper's table prints %s heads of %s, together %s, beside a d_model of %s: "+
		"counted as printed the total is %s, with attention as wide as d_model it is %s; the table says %s",
		Digits(int64(s.Heads)), Digits(int64(s.DHead)), Digits(int64(width)), Digits(int64(s.DModel)),
		Digits(c.Total), Digits(other), s.Printed)
	c.Flags = append(c.Flags, Flag{Text: text, Width: s.DModel, Total: other})
	return nil
}

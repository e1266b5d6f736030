package params

// Sizes are what nearly every model has, in the order in which tables of models
// print them.
type Sizes struct {
	Layers, DModel, Heads, KVHeads, DHead, DMLP, Vocab, Context int
	Unembedding                                                 Head
}

// attention is plain grouped-query attention of these sizes.
func (d Sizes) attention() Attention {
	return Attention{Heads: d.Heads, KVHeads: d.KVHeads, DHead: d.DHead, DValue: d.DHead}
}

// gatedBlock is Llama's layer: attention without biases, a gated MLP, and a
// norm before each.
func (d Sizes) gatedBlock() Block {
	return Block{Layers: d.Layers, Self: d.attention(), MLP: MLP{Width: d.DMLP, Gated: true}, Norms: 2}
}

// biasedBlock is GPT-2's layer: biases everywhere and no gate.
func (d Sizes) biasedBlock() Block {
	b := Block{Layers: d.Layers, Self: d.attention(), MLP: MLP{Width: d.DMLP, Biases: true}, Norms: 2}
	b.Self.Biases = Biases{Q: true, K: true, V: true, O: true}
	return b
}

// decoder is a model of such layers with a last norm, one vector per norm
// (RMSNorm) or two (LayerNorm).
func (d Sizes) decoder(family string, normVectors int, blocks ...Block) Shape {
	return Shape{
		Family: family, Vocab: d.Vocab, DModel: d.DModel, Context: d.Context,
		Stacks:      []Stack{{Blocks: blocks, Norms: 1, Causal: true}},
		Unembedding: d.Unembedding, NormVectors: normVectors,
	}
}

// positions is a table of learned positions.
func positions(what string, dModel, places int) Array {
	return Array{Group: Position, What: what, Shape: []int{dModel, places}}
}

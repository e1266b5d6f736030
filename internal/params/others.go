package params

// parseBloom reads BLOOM: GPT-2 in shape without learned positions, with a norm
// after the embedding (transformers models/bloom/modeling_bloom.py).
func parseBloom(f *fields) Shape {
	dModel, layers, heads := f.either("hidden_size", "n_embed"), f.either("n_layer", "num_hidden_layers"), f.either("n_head", "num_attention_heads")
	d := Sizes{
		Layers:      f.size(layers, maxLayers),
		DModel:      f.size(dModel, maxWidth),
		Heads:       f.size(heads, maxHeads),
		Vocab:       f.size("vocab_size", maxVocab),
		Context:     f.sizeOr("seq_length", maxContext, 2048),
		Unembedding: f.unembedding(Tied),
	}
	d.KVHeads, d.DMLP = d.Heads, 4*d.DModel
	d.DHead = f.dHead(d, dModel, heads)
	s := d.decoder("bloom", 2, d.biasedBlock())
	s.Stacks[0].Norms = 2
	return s
}

// parseFalcon reads both kinds of Falcon: the old with one key and value head
// for all queries, the new with several and two norms side by side
// (transformers models/falcon/modeling_falcon.py).
func parseFalcon(f *fields) Shape {
	dModel, layers, heads := f.either("hidden_size", "n_embed"), f.either("num_hidden_layers", "n_layer"), f.either("num_attention_heads", "n_head")
	d := Sizes{
		Layers:      f.size(layers, maxLayers),
		DModel:      f.size(dModel, maxWidth),
		Heads:       f.size(heads, maxHeads),
		Vocab:       f.size("vocab_size", maxVocab),
		Context:     f.sizeOr("max_position_embeddings", maxContext, 2048),
		Unembedding: f.unembedding(Tied),
	}
	recent := f.flag("new_decoder_architecture", false)
	d.KVHeads = f.sizeOr("num_kv_heads", maxHeads, d.Heads)
	switch {
	case recent:
	case f.flag("multi_query", true):
		d.KVHeads = 1
	default:
		d.KVHeads = d.Heads
	}
	d.DMLP = f.sizeOr("ffn_hidden_size", maxWidth, min(4*d.DModel, maxWidth))
	d.DHead = f.dHead(d, dModel, heads)
	b := d.biasedBlock()
	if !f.flag("bias", false) {
		b.Self.Biases, b.MLP.Biases = Biases{}, false
	}
	b.Norms = f.falconNorms(recent)
	return d.decoder("falcon", 2, b)
}

// falconNorms is how many norms a layer has: attention and MLP side by side
// may read the same one.
func (f *fields) falconNorms(recent bool) int {
	side := 1
	if recent {
		side = 2
	}
	side = f.sizeOr("num_ln_in_parallel_attn", 2, side)
	if !f.flag("parallel_attn", true) {
		return 2
	}
	return side
}

// parseStableLM reads StableLM: Llama with layer norms, perhaps biases on
// queries, keys and values, one norm when attention and MLP stand side by
// side, and a norm per head (transformers models/stablelm/modeling_stablelm.py).
func parseStableLM(f *fields) Shape {
	d := f.sizes(Own)
	b := d.gatedBlock()
	if f.flag("use_qkv_bias", false) {
		b.Self.Biases = Biases{Q: true, K: true, V: true}
	}
	if f.flag("use_parallel_residual", false) {
		b.Norms = 1
	}
	if f.flag("qk_layernorm", false) {
		b.Self.QNorm, b.Self.KNorm = d.Heads*d.DHead, d.KVHeads*d.DHead
	}
	return d.decoder("stablelm", 2, b)
}

// parseOLMo2 reads OLMo 2: Llama with its norms after attention and MLP, and
// norms over all queries and all keys of a token
// (transformers models/olmo2/modeling_olmo2.py).
func parseOLMo2(f *fields) Shape {
	d := f.sizes(Own)
	b := d.gatedBlock()
	f.attentionBias(&b, false)
	b.Self.QNorm, b.Self.KNorm = d.Heads*d.DHead, d.KVHeads*d.DHead
	return d.decoder("olmo2", 1, b)
}

// parseCohere reads Command R: Llama with one norm per layer, without biases,
// and perhaps norms per head (transformers models/cohere/modeling_cohere.py).
func parseCohere(f *fields) Shape {
	d := f.sizes(Tied)
	b := d.gatedBlock()
	f.attentionBias(&b, false)
	b.Norms = 1
	if f.flag("use_qk_norm", false) {
		b.Self.QNorm, b.Self.KNorm = d.Heads*d.DHead, d.KVHeads*d.DHead
	}
	return d.decoder("cohere", 1, b)
}

// parseStarCoder2 reads StarCoder2: GPT-2's layers with rotary positions and
// shared keys and values (transformers models/starcoder2/modeling_starcoder2.py).
func parseStarCoder2(f *fields) Shape {
	d := f.sizes(Tied)
	b := d.biasedBlock()
	if !f.flag("use_bias", true) {
		b.Self.Biases, b.MLP.Biases = Biases{}, false
	}
	b.slide(f.window(d.Layers, d.Layers))
	return d.decoder("starcoder2", 2, b)
}

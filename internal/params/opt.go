package params

// optOffset is by how many rows OPT looks its positions up too far.
const optOffset = 2

// opt is GPT-2 in shape, with two more rows of positions. embedWidth is that
// of the embedding where it is not d_model: then there is a projection to
// d_model and one back, and no norm at the end, because the layers have theirs
// after attention and MLP (transformers models/opt/modeling_opt.py).
func opt(d Sizes, embedWidth int, lastNorm bool) Shape {
	s := d.decoder("opt", 2, d.biasedBlock())
	s.Tables = []Array{positions("", d.DModel, d.Context+optOffset)}
	if !lastNorm {
		s.Stacks[0].Norms = 0
	}
	if embedWidth != d.DModel {
		s.EmbedWidth = embedWidth
		s.Tables = append(s.Tables,
			Array{Group: Other, What: "projection in", Shape: []int{d.DModel, embedWidth}, Weight: true, Uses: 1},
			Array{Group: Other, What: "projection out", Shape: []int{embedWidth, d.DModel}, Weight: true, Uses: 1})
	}
	return s
}

// optPresets: the defaults of transformers models/opt/configuration_opt.py,
// and modeling_opt.py for what the 350m does otherwise.
func optPresets() []Preset {
	return []Preset{
		preset("facebook", "opt-125m", opt(Sizes{12, 768, 12, 12, 64, 3072, 50272, 2048, Tied}, 768, true)),
		preset("facebook", "opt-350m", opt(Sizes{24, 1024, 16, 16, 64, 4096, 50272, 2048, Tied}, 512, false)),
	}
}

// parseOPT reads the names of transformers models/opt/configuration_opt.py.
func parseOPT(f *fields) Shape {
	d := Sizes{
		Layers:      f.size("num_hidden_layers", maxLayers),
		DModel:      f.size("hidden_size", maxWidth),
		Heads:       f.size("num_attention_heads", maxHeads),
		DMLP:        f.size("ffn_dim", maxWidth),
		Vocab:       f.size("vocab_size", maxVocab),
		Context:     f.size("max_position_embeddings", maxContext),
		Unembedding: f.unembedding(Tied),
	}
	d.KVHeads = d.Heads
	d.DHead = f.dHead(d, "hidden_size", "num_attention_heads")
	width := f.sizeOr("word_embed_proj_dim", maxWidth, d.DModel)
	s := opt(d, width, f.flag("do_layer_norm_before", true) && !f.flag("_remove_final_layer_norm", false))
	if !f.flag("enable_bias", true) {
		b := &s.Stacks[0].Blocks[0]
		b.Self.Biases, b.MLP.Biases = Biases{}, false
	}
	if !f.flag("layer_norm_elementwise_affine", true) {
		s.NormVectors = 0
	}
	return s
}

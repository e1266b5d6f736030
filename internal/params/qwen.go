package params

// qwen2 is Llama with biases on queries, keys and values
// (transformers models/qwen2/modeling_qwen2.py).
func qwen2(d Sizes) Shape {
	b := d.gatedBlock()
	b.Self.Biases = Biases{Q: true, K: true, V: true}
	return d.decoder("qwen2", 1, b)
}

// qwen3 is Llama with a norm over each head of the queries and the keys
// (transformers models/qwen3/modeling_qwen3.py).
func qwen3(d Sizes) Shape { return d.decoder("qwen3", 1, d.qwen3Block()) }

func (d Sizes) qwen3Block() Block {
	b := d.gatedBlock()
	b.Self.QNorm, b.Self.KNorm = d.DHead, d.DHead
	return b
}

// qwen3MoE has experts in the MLPs' place, and none that all tokens share.
func qwen3MoE(d Sizes, routed, active int) Shape {
	b := d.qwen3Block()
	b.MLP.Experts = Experts{Routed: routed, Active: active}
	return d.decoder("qwen3_moe", 1, b)
}

// qwenPresets: litgpt's config.py.
func qwenPresets() []Preset {
	list := []Preset{
		preset("qwen", "qwen2.5-0.5b", qwen2(Sizes{24, 896, 14, 2, 64, 4864, 151936, 32768, Tied})),
		preset("qwen", "qwen2.5-1.5b", qwen2(Sizes{28, 1536, 12, 2, 128, 8960, 151936, 131072, Tied})),
		preset("qwen", "qwen2.5-3b", qwen2(Sizes{36, 2048, 16, 2, 128, 11008, 151936, 32768, Tied})),
		preset("qwen", "qwen2.5-7b", qwen2(Sizes{28, 3584, 28, 4, 128, 18944, 152064, 131072, Own})),
		preset("qwen", "qwen2.5-14b", qwen2(Sizes{48, 5120, 40, 8, 128, 13824, 152064, 131072, Own})),
		preset("qwen", "qwen2.5-32b", qwen2(Sizes{64, 5120, 40, 8, 128, 27648, 152064, 131072, Own})),
		preset("qwen", "qwen2.5-72b", qwen2(Sizes{80, 8192, 64, 8, 128, 29568, 152064, 131072, Own})),
		preset("qwen", "qwen3-0.6b", storedHead(qwen3(Sizes{28, 1024, 16, 8, 128, 3072, 151936, 40960, Tied}))),
		preset("qwen", "qwen3-1.7b", storedHead(qwen3(Sizes{28, 2048, 16, 8, 128, 6144, 151936, 40960, Tied}))),
		preset("qwen", "qwen3-4b", qwen3(Sizes{36, 2560, 32, 8, 128, 9728, 151936, 40960, Tied})),
		preset("qwen", "qwen3-8b", qwen3(Sizes{36, 4096, 32, 8, 128, 12288, 151936, 40960, Own})),
		preset("qwen", "qwen3-14b", qwen3(Sizes{40, 5120, 40, 8, 128, 17408, 151936, 40960, Own})),
		preset("qwen", "qwen3-32b", qwen3(Sizes{64, 5120, 64, 8, 128, 25600, 151936, 40960, Own})),
	}
	return list
}

// storedHead is a model whose file holds the unembedding although it is tied.
func storedHead(s Shape) Shape {
	s.StoredKnown = true
	s.Stored = []Array{{Group: Unembedding, What: "a copy of the embedding", Shape: []int{s.Vocab, s.DModel}}}
	return s
}

// qwenExpertPresets: litgpt's config.py.
func qwenExpertPresets() []Preset {
	return []Preset{
		preset("qwen", "qwen3-30b-a3b", qwen3MoE(Sizes{48, 2048, 32, 4, 128, 768, 151936, 40960, Own}, 128, 8)),
		preset("qwen", "qwen3-235b-a22b", qwen3MoE(Sizes{94, 4096, 64, 4, 128, 1536, 151936, 40960, Own}, 128, 8)),
	}
}

// parseQwen2 reads the names of transformers models/qwen2/configuration_qwen2.py.
func parseQwen2(f *fields) Shape {
	d := f.sizes(Own)
	s := qwen2(d)
	f.qwenWindow(&s.Stacks[0].Blocks[0])
	return s
}

// qwenWindow gives a window to the layers from max_window_layers on, if the
// config asks for windows at all.
func (f *fields) qwenWindow(b *Block) {
	from := f.countOr("max_window_layers", maxLayers, b.Layers)
	window, windowed := f.window(b.Layers, max(0, b.Layers-from))
	if f.flag("use_sliding_window", false) {
		b.slide(window, windowed)
	}
}

// parseQwen3 reads the names of transformers models/qwen3/configuration_qwen3.py.
func parseQwen3(f *fields) Shape {
	d := f.sizes(Own)
	b := d.qwen3Block()
	f.attentionBias(&b, false)
	f.qwenWindow(&b)
	return d.decoder("qwen3", 1, b)
}

// parseQwen3MoE reads the names of transformers
// models/qwen3_moe/configuration_qwen3_moe.py, in which a layer may have one
// plain MLP instead of experts.
func parseQwen3MoE(f *fields) Shape {
	d := f.sizes(Own)
	b := d.qwen3Block()
	f.attentionBias(&b, false)
	dense := f.denseLayers(d.Layers)
	var blocks []Block
	if dense > 0 {
		plain := b
		plain.Layers = dense
		blocks = append(blocks, plain)
	}
	if dense < d.Layers {
		b.Layers = d.Layers - dense
		b.MLP.Width = f.size("moe_intermediate_size", maxWidth)
		b.MLP.Experts = f.experts(f.either("num_experts", "num_local_experts"), "num_experts_per_tok")
		blocks = append(blocks, b)
	}
	return d.decoder("qwen3_moe", 1, blocks...)
}

// denseLayers is how many layers have no experts: those that mlp_only_layers
// names, and those that decoder_sparse_step leaves out.
func (f *fields) denseLayers(layers int) int {
	step, only := f.sizeOr("decoder_sparse_step", maxLayers, 1), map[int]bool{}
	for _, layer := range f.numbers("mlp_only_layers") {
		only[layer] = true
	}
	dense := 0
	for layer := range layers {
		if only[layer] || (layer+1)%step != 0 {
			dense++
		}
	}
	return dense
}

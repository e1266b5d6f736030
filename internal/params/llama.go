package params

// llama is the base of most decoders: RMS norms, a gated MLP, no biases
// (transformers models/llama/modeling_llama.py).
func llama(d Sizes) Shape { return d.decoder("llama", 1, d.gatedBlock()) }

// llamaPresets are Llama and models of its shape. Sources: litgpt's config.py,
// and for Llama 3.2 Meta's model card (shared embeddings).
func llamaPresets() []Preset {
	return []Preset{
		llama2("llama-2-7b", Sizes{32, 4096, 32, 32, 128, 11008, 32000, 4096, Own}),
		llama2("llama-2-13b", Sizes{40, 5120, 40, 40, 128, 13824, 32000, 4096, Own}),
		llama2("llama-2-70b", Sizes{80, 8192, 64, 8, 128, 28672, 32000, 4096, Own}),
		llama3("llama-3-8b meta-llama-3-8b", Sizes{32, 4096, 32, 8, 128, 14336, 128256, 8192, Own}),
		llama3("llama-3-70b meta-llama-3-70b", Sizes{80, 8192, 64, 8, 128, 28672, 128256, 8192, Own}),
		llama3("llama-3.1-8b meta-llama-3.1-8b", Sizes{32, 4096, 32, 8, 128, 14336, 128256, 131072, Own}),
		llama3("llama-3.1-70b meta-llama-3.1-70b", Sizes{80, 8192, 64, 8, 128, 28672, 128256, 131072, Own}),
		llama3("llama-3.1-405b meta-llama-3.1-405b", Sizes{126, 16384, 128, 8, 128, 53248, 128256, 131072, Own}),
		preset("meta-llama", "llama-3.2-1b", llama(Sizes{16, 2048, 32, 8, 64, 8192, 128256, 131072, Tied})),
		preset("meta-llama", "llama-3.2-3b", llama(Sizes{28, 3072, 24, 8, 128, 8192, 128256, 131072, Tied})),
		preset("meta-llama", "llama-3.3-70b", llama(Sizes{80, 8192, 64, 8, 128, 28672, 128256, 131072, Own})),
		preset("huggingfacetb", "smollm2-135m", llama(Sizes{30, 576, 9, 3, 64, 1536, 49152, 8192, Tied})),
		preset("huggingfacetb", "smollm2-360m", llama(Sizes{32, 960, 15, 5, 64, 2560, 49152, 8192, Tied})),
		preset("huggingfacetb", "smollm2-1.7b", llama(Sizes{24, 2048, 32, 32, 64, 8192, 49152, 8192, Tied})),
		preset("tinyllama", "tinyllama-1.1b tinyllama-1.1b-chat-v1.0 tinyllama_v1.1 tinyllama-1.1b-intermediate-step-1431k-3t",
			llama(Sizes{22, 2048, 32, 4, 64, 5632, 32000, 2048, Own})),
	}
}

// llama2 files of the first years also hold each layer's rotary frequencies.
func llama2(names string, d Sizes) Preset {
	p := preset("meta-llama", names, llama(d))
	p.StoredKnown = true
	p.Stored = []Array{{Group: Other, What: "rotary frequencies", Shape: []int{d.DHead / 2}, Copies: d.Layers}}
	return p
}

// llama3 files are known to hold the parameters and nothing else.
func llama3(names string, d Sizes) Preset {
	p := preset("meta-llama", names, llama(d))
	p.StoredKnown = true
	return p
}

// mistral is Llama in which a query sees no more than window keys; 0 is all.
func mistral(d Sizes, window int) Shape {
	b := d.gatedBlock()
	b.slide(window, d.Layers)
	s := d.decoder("mistral", 1, b)
	return s
}

// mixtral is Llama with experts in the MLPs' place.
func mixtral(d Sizes, routed, active, window int) Shape {
	b := d.gatedBlock()
	b.MLP.Experts = Experts{Routed: routed, Active: active}
	b.slide(window, d.Layers)
	return d.decoder("mixtral", 1, b)
}

// slide gives a window to a number of the block's layers.
func (b *Block) slide(window, layers int) {
	if window > 0 && layers > 0 {
		b.Self.Window, b.Windowed = window, layers
	}
}

// mistralPresets: litgpt's config.py.
func mistralPresets() []Preset {
	d := Sizes{32, 4096, 32, 8, 128, 14336, 32000, 32768, Own}
	wider := d
	wider.Vocab = 32768
	return []Preset{
		preset("mistralai", "mistral-7b-v0.1 mistral-7b-instruct-v0.1", mistral(d, 4096)),
		preset("mistralai mistral-community", "mistral-7b-v0.2 mistral-7b-instruct-v0.2", mistral(d, 0)),
		preset("mistralai", "mistral-7b-v0.3 mistral-7b-instruct-v0.3", mistral(wider, 0)),
		preset("mistralai", "mixtral-8x7b mixtral-8x7b-v0.1 mixtral-8x7b-instruct-v0.1", mixtral(d, 8, 2, 0)),
	}
}

// parseLlama reads the names of transformers models/llama/configuration_llama.py.
func parseLlama(f *fields) Shape {
	d := f.sizes(Own)
	b := d.gatedBlock()
	f.attentionBias(&b, false)
	b.MLP.Biases = f.flag("mlp_bias", false)
	return d.decoder("llama", 1, b)
}

// parseSmolLM3 reads Llama of which some layers have no positions, which
// changes no count (transformers models/smollm3/configuration_smollm3.py).
func parseSmolLM3(f *fields) Shape {
	d := f.sizes(Tied)
	b := d.gatedBlock()
	f.attentionBias(&b, false)
	b.MLP.Biases = f.flag("mlp_bias", false)
	if f.flag("use_sliding_window", false) {
		b.slide(f.window(d.Layers, 0))
	}
	return d.decoder("smollm3", 1, b)
}

// parseMistral reads the names of transformers models/mistral/configuration_mistral.py.
func parseMistral(f *fields) Shape {
	d := f.sizes(Own)
	window, _ := f.window(d.Layers, d.Layers)
	return mistral(d, window)
}

// parseMixtral reads the names of transformers models/mixtral/configuration_mixtral.py.
func parseMixtral(f *fields) Shape {
	d := f.sizes(Own)
	e := f.experts("num_local_experts", "num_experts_per_tok")
	window, _ := f.window(d.Layers, d.Layers)
	return mixtral(d, e.Routed, e.Active, window)
}

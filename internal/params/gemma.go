package params

// gemma is Llama in shape, tied (transformers models/gemma/modeling_gemma.py).
func gemma(d Sizes) Shape { return d.decoder("gemma", 1, d.gatedBlock()) }

// gemma2 has four norms per layer, two of them after attention and MLP, and a
// window on a number of its layers.
func gemma2(d Sizes, window, windowed int) Shape {
	return d.decoder("gemma2", 1, d.gemma2Block(window, windowed))
}

func (d Sizes) gemma2Block(window, windowed int) Block {
	b := d.gatedBlock()
	b.Norms = 4
	b.slide(window, windowed)
	return b
}

// gemma3 has a norm over each head of the queries and the keys besides.
func gemma3(d Sizes, window, windowed int) Shape {
	b := d.gemma2Block(window, windowed)
	b.Self.QNorm, b.Self.KNorm = d.DHead, d.DHead
	return d.decoder("gemma3_text", 1, b)
}

// gemmaPresets: google/gemma_pytorch's config.py for Gemma 1 and 2 (half of
// Gemma 2's layers have the window), google-deepmind/gemma's _gemma.py for
// Gemma 3 (five of six do), the vocabulary as Hugging Face pads it.
func gemmaPresets() []Preset {
	alternating := func(d Sizes) Shape { return gemma2(d, 4096, d.Layers/2) }
	fiveOfSix := func(d Sizes, window int) Shape { return gemma3(d, window, d.Layers-d.Layers/6) }
	return []Preset{
		preset("google", "gemma-2b", gemma(Sizes{18, 2048, 8, 1, 256, 16384, 256000, 8192, Tied})),
		preset("google", "gemma-7b", gemma(Sizes{28, 3072, 16, 16, 256, 24576, 256000, 8192, Tied})),
		preset("google", "gemma-2-2b", alternating(Sizes{26, 2304, 8, 4, 256, 9216, 256000, 8192, Tied})),
		preset("google", "gemma-2-9b", alternating(Sizes{42, 3584, 16, 8, 256, 14336, 256000, 8192, Tied})),
		preset("google", "gemma-2-27b", alternating(Sizes{46, 4608, 32, 16, 128, 36864, 256000, 8192, Tied})),
		preset("google", "gemma-3-270m", fiveOfSix(Sizes{18, 640, 4, 1, 256, 2048, 262144, 32768, Tied}, 512)),
		preset("google", "gemma-3-1b", fiveOfSix(Sizes{26, 1152, 4, 1, 256, 6912, 262144, 32768, Tied}, 512)),
		preset("google", "gemma-3-4b", fiveOfSix(Sizes{34, 2560, 8, 4, 256, 10240, 262208, 131072, Tied}, 1024)),
		preset("google", "gemma-3-12b", fiveOfSix(Sizes{48, 3840, 16, 8, 256, 15360, 262208, 131072, Tied}, 1024)),
		preset("google", "gemma-3-27b", fiveOfSix(Sizes{62, 5376, 32, 16, 128, 21504, 262208, 131072, Tied}, 1024)),
	}
}

// gemmaSizes reads the usual names, with the defaults of the smallest model of
// a family for those that its configs leave out: transformers
// models/gemma{,2,3}/configuration_*.py.
func (f *fields) gemmaSizes(heads, kvHeads, vocab int) Sizes {
	d := Sizes{
		Layers:      f.size("num_hidden_layers", maxLayers),
		DModel:      f.size("hidden_size", maxWidth),
		Heads:       f.sizeOr("num_attention_heads", maxHeads, heads),
		KVHeads:     f.sizeOr("num_key_value_heads", maxHeads, kvHeads),
		DHead:       f.sizeOr("head_dim", maxWidth, 256),
		DMLP:        f.size("intermediate_size", maxWidth),
		Vocab:       f.sizeOr("vocab_size", maxVocab, vocab),
		Context:     f.sizeOr("max_position_embeddings", maxContext, 8192),
		Unembedding: f.unembedding(Tied),
	}
	f.shared(d)
	return d
}

// parseGemma reads the names of transformers models/gemma/configuration_gemma.py.
func parseGemma(f *fields) Shape {
	s := gemma(f.gemmaSizes(16, 16, 256000))
	f.attentionBias(&s.Stacks[0].Blocks[0], false)
	return s
}

// parseGemma2 reads Gemma 2, in which every other layer, from the first on, has
// the window.
func parseGemma2(f *fields) Shape {
	d := f.gemmaSizes(8, 4, 256000)
	window, windowed := f.window(d.Layers, d.Layers-d.Layers/2)
	if !f.has("sliding_window") {
		window, windowed = 4096, d.Layers-d.Layers/2
	}
	s := gemma2(d, window, windowed)
	f.attentionBias(&s.Stacks[0].Blocks[0], false)
	return s
}

// parseGemma3 reads Gemma 3, in which all layers but every sixth have the
// window.
func parseGemma3(f *fields) Shape {
	d := f.gemmaSizes(8, 4, 262208)
	every := f.sizeOr(f.either("sliding_window_pattern", "_sliding_window_pattern"), maxLayers, 6)
	window, windowed := f.window(d.Layers, d.Layers-d.Layers/every)
	if !f.has("sliding_window") {
		window, windowed = 4096, d.Layers-d.Layers/every
	}
	if !f.has("max_position_embeddings") {
		d.Context = 131072
	}
	s := gemma3(d, window, windowed)
	f.attentionBias(&s.Stacks[0].Blocks[0], false)
	return s
}

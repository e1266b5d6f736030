package params

// GPT3 names the preset that the chapter counts.
const GPT3 = "gpt3-175b"

// GPT3Family is the family of the rows of GPT-3's table.
const GPT3Family = "gpt3"

// GPT2 has what GPT-2 has: layer norms, learned positions and biases
// everywhere (transformers models/gpt2/modeling_gpt2.py).
func GPT2(d Sizes) Shape {
	s := d.decoder("gpt2", 2, d.biasedBlock())
	s.Tables = []Array{positions("", d.DModel, d.Context)}
	return s
}

// gptSizes are those of a GPT-2 or GPT-3: its vocabulary, an MLP of 4 d_model
// and a tied unembedding.
func gptSizes(layers, dModel, heads, dHead, context int) Sizes {
	return Sizes{layers, dModel, heads, heads, dHead, 4 * dModel, 50257, context, Tied}
}

// gpt2Presets are the released models. Sources: the defaults of transformers
// models/gpt2/configuration_gpt2.py, and keras-hub's presets for the rest.
// Their files also hold each layer's causal mask.
func gpt2Presets() []Preset {
	var list []Preset
	for _, row := range []struct {
		owners, name          string
		layers, dModel, heads int
	}{
		{"distilbert", "distilgpt2", 6, 768, 12},
		{"openai-community openai", "gpt2", 12, 768, 12},
		{"openai-community openai", "gpt2-medium", 24, 1024, 16},
		{"openai-community openai", "gpt2-large", 36, 1280, 20},
		{"openai-community openai", "gpt2-xl", 48, 1600, 25},
	} {
		s := GPT2(gptSizes(row.layers, row.dModel, row.heads, row.dModel/row.heads, 1024))
		s.StoredKnown, s.Stored = true, []Array{masks(row.layers, 1024)}
		list = append(list, preset(row.owners, row.name, s))
	}
	return list
}

// masks are causal masks that lie in a file beside the weights.
func masks(layers, context int) Array {
	return Array{Group: Other, What: "causal masks", Shape: []int{1, 1, context, context}, Copies: layers}
}

// gpt3Presets are the rows of Brown et al. 2020, "Language Models are Few-Shot
// Learners", table 2.1, as printed; two of them do not multiply out. The
// layers' sparse attention hides scores and so changes no count.
func gpt3Presets() []Preset {
	var list []Preset
	for _, row := range []struct {
		name                         string
		printed                      string
		layers, dModel, heads, dHead int
	}{
		{"gpt3-small", "125M", 12, 768, 12, 64},
		{"gpt3-medium", "350M", 24, 1024, 16, 64},
		{"gpt3-large", "760M", 24, 1536, 16, 96},
		{"gpt3-xl", "1.3B", 24, 2048, 24, 128},
		{"gpt3-2.7b", "2.7B", 32, 2560, 32, 80},
		{"gpt3-6.7b", "6.7B", 32, 4096, 32, 128},
		{"gpt3-13b", "13.0B", 40, 5140, 40, 128},
		{GPT3, "175.0B", 96, 12288, 96, 128},
	} {
		s := GPT2(gptSizes(row.layers, row.dModel, row.heads, row.dHead, 2048))
		s.Family, s.Printed = GPT3Family, row.printed
		list = append(list, preset("openai", row.name, s))
	}
	return list
}

// parseGPT2 reads the names of transformers models/gpt2/configuration_gpt2.py.
func parseGPT2(f *fields) Shape {
	if f.flag("add_cross_attention", false) {
		f.fail("add_cross_attention", "is true: only decoders without an encoder are counted")
	}
	return GPT2(f.gptSizes())
}

func (f *fields) gptSizes() Sizes {
	d := Sizes{
		Layers:      f.size("n_layer", maxLayers),
		DModel:      f.size("n_embd", maxWidth),
		Heads:       f.size("n_head", maxHeads),
		Vocab:       f.size("vocab_size", maxVocab),
		Context:     f.size("n_positions", maxContext),
		Unembedding: f.unembedding(Tied),
	}
	d.KVHeads = d.Heads
	d.DMLP = f.sizeOr("n_inner", maxWidth, min(4*d.DModel, maxWidth))
	d.DHead = f.dHead(d, "n_embd", "n_head")
	return d
}

// parseBigCode reads GPT-2 with one key and value head for all queries
// (transformers models/gpt_bigcode/modeling_gpt_bigcode.py).
func parseBigCode(f *fields) Shape {
	d := f.gptSizes()
	if f.flag("multi_query", true) {
		d.KVHeads = 1
	}
	s := GPT2(d)
	s.Family = "gpt_bigcode"
	return s
}

// parseGPTJ reads GPT-J: one norm per layer, since attention and MLP read the
// same, biases in the MLP and the unembedding
// (transformers models/gptj/modeling_gptj.py).
func parseGPTJ(f *fields) Shape {
	d := f.gptSizes()
	d.Unembedding = f.unembedding(Own)
	b := d.biasedBlock()
	b.Self.Biases, b.Norms = Biases{}, 1
	s := d.decoder("gptj", 2, b)
	s.Tables = []Array{unembeddingBias(d)}
	return s
}

// unembeddingBias is one number per word.
func unembeddingBias(d Sizes) Array {
	return Array{Group: Bias, What: "unembedding", Shape: []int{d.Vocab}}
}

package params

// phi3 is Llama in shape; its queries, keys and values lie in one matrix of
// the file, and gate and up-projection too
// (transformers models/phi3/modeling_phi3.py).
func phi3(d Sizes, window int) Shape {
	b := d.gatedBlock()
	b.slide(window, d.Layers)
	return d.decoder("phi3", 1, b)
}

// phiPresets: transformers models/phi3/configuration_phi3.py, litgpt's
// config.py, ollama's testdata for the 128k.
func phiPresets() []Preset {
	return []Preset{
		preset("microsoft", "phi-3-mini-4k phi-3-mini phi-3-mini-4k-instruct", phi3(Sizes{32, 3072, 32, 32, 96, 8192, 32064, 4096, Own}, 2047)),
		preset("microsoft", "phi-3-mini-128k phi-3-mini-128k-instruct", phi3(Sizes{32, 3072, 32, 32, 96, 8192, 32064, 131072, Own}, 262144)),
		preset("microsoft", "phi-4", phi3(Sizes{40, 5120, 40, 10, 128, 17920, 100352, 16384, Own}, 0)),
	}
}

// parsePhi3 reads the names of transformers models/phi3/configuration_phi3.py.
func parsePhi3(f *fields) Shape {
	d := f.sizes(Own)
	window, _ := f.window(d.Layers, d.Layers)
	return phi3(d, window)
}

// parsePhi reads Phi-1 and Phi-2: one norm per layer, since attention and MLP
// read the same, and biases everywhere, the unembedding's included
// (transformers models/phi/modeling_phi.py).
func parsePhi(f *fields) Shape {
	d := f.sizes(Own)
	b := d.biasedBlock()
	b.Norms = 1
	if f.flag("qk_layernorm", false) {
		b.Self.QNorm, b.Self.KNorm = 2*d.DHead, 2*d.DHead // gain and bias
	}
	s := d.decoder("phi", 2, b)
	s.Tables = []Array{unembeddingBias(d)}
	return s
}

package params

// gptOSS has biases in attention, router and experts, a sink per head, and a
// window on a number of its layers (transformers models/gpt_oss/modeling_gpt_oss.py).
func gptOSS(d Sizes, routed, active, window, windowed int) Shape {
	b := d.gatedBlock()
	b.Self.Biases = Biases{Q: true, K: true, V: true, O: true}
	b.Self.Sinks = true
	b.MLP.Biases = true
	b.MLP.Experts = Experts{Routed: routed, Active: active, RouterBias: true}
	b.slide(window, windowed)
	return d.decoder("gpt_oss", 1, b)
}

// gptOSSPresets: openai/gpt-oss's gpt_oss/torch/model.py.
func gptOSSPresets() []Preset {
	of := func(layers, experts int) Shape {
		return gptOSS(Sizes{layers, 2880, 64, 8, 64, 2880, 201088, 131072, Own}, experts, 4, 128, layers/2)
	}
	return []Preset{
		preset("openai", "gpt-oss-20b", of(24, 32)),
		preset("openai", "gpt-oss-120b", of(36, 128)),
	}
}

// parseGPTOSS reads the names of transformers
// models/gpt_oss/configuration_gpt_oss.py. Without layer_types every other
// layer, from the first on, has the window.
func parseGPTOSS(f *fields) Shape {
	d := f.sizes(Own)
	e := f.experts("num_local_experts", f.either("num_experts_per_tok", "experts_per_token"))
	window, windowed := f.window(d.Layers, d.Layers-d.Layers/2)
	s := gptOSS(d, e.Routed, e.Active, window, windowed)
	f.attentionBias(&s.Stacks[0].Blocks[0], true)
	return s
}

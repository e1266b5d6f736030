package model

// The families whose MLPs are experts, of which each token uses a few.
// Source: transformers models/{mixtral,qwen3_moe,gpt_oss}.

// mixtral is Mistral with experts (Jiang et al. 2024).
func mixtral() Family {
	return Family{Name: "mixtral", Architectures: []string{"MixtralForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := llamaConfig(f, false)
		c.Mask.Window = f.sizeOr("sliding_window", maxContext, 0)
		c.Experts, c.Routing.Used = f.sizeOr("num_local_experts", maxExperts, 8), f.sizeOr("num_experts_per_tok", maxExperts, 2)
		c.DExpert, c.Routing.Anew = c.DMLP, true
		names := llamaNames(false, false)
		names.Router, names.Expert = Source{Name: "block_sparse_moe.gate", NoBias: true}, "block_sparse_moe.experts.%d."
		names.ExpertGate, names.ExpertUp, names.ExpertDown = Source{Name: "w1", NoBias: true}, Source{Name: "w3", NoBias: true}, Source{Name: "w2", NoBias: true}
		return c, names
	}}
}

// qwen3MoE is Qwen 3 with experts on most layers.
func qwen3MoE() Family {
	return Family{Name: "qwen3_moe", Architectures: []string{"Qwen3MoeForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c, names := qwen3().parse(f)
		c.Experts = f.sizeOr("num_experts", maxExperts, f.sizeOr("num_local_experts", maxExperts, 128))
		c.Routing.Used = f.sizeOr("num_experts_per_tok", maxExperts, 8)
		c.DExpert, c.Routing.Anew = f.size("moe_intermediate_size", maxWidth), f.boolOr("norm_topk_prob", false)
		every := f.sizeOr("decoder_sparse_step", maxLayers, 1)
		c.DenseLayers = make([]bool, c.Layers)
		for layer := range c.DenseLayers {
			c.DenseLayers[layer] = (layer+1)%every != 0
		}
		for _, layer := range f.list("mlp_only_layers") {
			if layer >= 0 && layer < c.Layers {
				c.DenseLayers[layer] = true
			}
		}
		mlp := func(name string) Source { return Source{Name: name, NoBias: true} }
		names.Router, names.Expert = mlp("mlp.gate"), "mlp.experts.%d."
		names.ExpertGate, names.ExpertUp, names.ExpertDown = mlp("gate_proj"), mlp("up_proj"), mlp("down_proj")
		return c, names
	}}
}

// gptOSS is OpenAI's gpt-oss: experts with biases and a clamped gate, sinks,
// biases on queries, keys, values and output, windows on every other layer. Its
// 4-bit files keep experts in blocks of their own.
func gptOSS() Family {
	return Family{Name: "gpt_oss", Architectures: []string{"GptOssForCausalLM"}, Quantised: []string{"mxfp4"}, parse: func(f *fields) (Config, WeightNames) {
		c := llamaConfig(f, false)
		c.Experts, c.Routing.Used = f.sizeOr("num_local_experts", maxExperts, 128), f.sizeOr("num_experts_per_tok", maxExperts, 4)
		c.DExpert, c.Routing.Anew, c.Clamp = c.DMLP, true, f.positiveOr("swiglu_limit", 7) // softmax over the chosen is softmax over all, made to sum to 1
		c.GateSlope = f.positiveOr("swiglu_alpha", 1.702)
		c.Masks = layerWindows(f, c, f.sizeOr("sliding_window", maxContext, 128), func(layer int) bool { return layer%2 == 0 })
		names := llamaNames(f.boolOr("attention_bias", true), false)
		names.MXFP4 = f.has("quantization_config") // it was checked to be that
		names.Sinks, names.Stacked, names.Router = "self_attn.sinks", true, Source{Name: "mlp.router"}
		names.ExpertUp, names.ExpertDown = Source{Name: "mlp.experts.gate_up_proj"}, Source{Name: "mlp.experts.down_proj"}
		return c, names
	}}
}

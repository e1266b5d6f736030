package model

import (
	"math"

	"attn/internal/kernels"
)

// The families built as Llama is: RMS norm before attention and MLP, rotary
// positions, grouped keys and values, a gated MLP, no biases but where they say.
// Source: transformers models/{llama,mistral,qwen2,qwen3,smollm3,phi3}.

// llama is Meta's Llama 1 to 3 and what copies it (Touvron et al. 2023).
func llama() Family {
	return Family{Name: "llama", Architectures: []string{"LlamaForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := llamaConfig(f, false)
		return c, llamaNames(f.boolOr("attention_bias", false), f.boolOr("mlp_bias", false))
	}}
}

// mistral is Llama with a sliding window on every layer (Jiang et al. 2023).
func mistral() Family {
	return Family{Name: "mistral", Architectures: []string{"MistralForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := llamaConfig(f, false)
		c.Mask.Window = f.sizeOr("sliding_window", maxContext, 0)
		return c, llamaNames(false, false)
	}}
}

// qwen2 is Llama with biases on queries, keys and values.
func qwen2() Family {
	return Family{Name: "qwen2", Architectures: []string{"Qwen2ForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := llamaConfig(f, false)
		c.Masks = qwenWindows(f, c)
		names := llamaNames(true, false)
		names.O.NoBias = true
		return c, names
	}}
}

// qwen3 is Llama with each head's queries and keys normed.
func qwen3() Family {
	return Family{Name: "qwen3", Architectures: []string{"Qwen3ForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := llamaConfig(f, false)
		c.Masks = qwenWindows(f, c)
		names := llamaNames(f.boolOr("attention_bias", false), false)
		names.QNorm, names.KNorm = "self_attn.q_norm", "self_attn.k_norm"
		return c, names
	}}
}

// smollm3 is Llama in which every fourth layer has no positions.
func smollm3() Family {
	return Family{Name: "smollm3", Architectures: []string{"SmolLM3ForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := llamaConfig(f, true)
		turns := f.integers("no_rope_layers", c.Layers)
		every := f.sizeOr("no_rope_layer_interval", maxLayers, 4)
		for layer := range c.Ropes {
			if turns == nil && (layer+1)%every == 0 || turns != nil && turns[layer] == 0 {
				c.Ropes[layer] = nil
			}
		}
		c.Masks = qwenWindows(f, c)
		return c, llamaNames(f.boolOr("attention_bias", false), f.boolOr("mlp_bias", false))
	}}
}

// phi3 is Llama with fused projections (Abdin et al. 2024).
func phi3() Family {
	return Family{Name: "phi3", Architectures: []string{"Phi3ForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := llamaConfig(f, false)
		c.Mask.Window = f.sizeOr("sliding_window", maxContext, 0)
		names := llamaNames(false, false)
		q, kv := c.Heads*c.DHead, c.KVHeads*c.DHead
		names.Q = Source{Name: "self_attn.qkv_proj", NoBias: true, Total: q + 2*kv}
		names.K = Source{Name: "self_attn.qkv_proj", NoBias: true, Total: q + 2*kv, First: q}
		names.V = Source{Name: "self_attn.qkv_proj", NoBias: true, Total: q + 2*kv, First: q + kv}
		names.Gate = Source{Name: "mlp.gate_up_proj", NoBias: true, Total: 2 * c.DMLP}
		names.Up = Source{Name: "mlp.gate_up_proj", NoBias: true, Total: 2 * c.DMLP, First: c.DMLP}
		return c, names
	}}
}

// llamaConfig reads the fields that Llama and those built on it share.
func llamaConfig(f *fields, tied bool) Config {
	c := baseConfig(f, tied)
	c.RMS, c.Gated, c.DMLP = true, true, f.size("intermediate_size", maxWidth)
	c.NormEpsilon = f.positiveOr("rms_norm_eps", 1e-6)
	c.Activation = activation(f, "hidden_act", string(kernels.SiLU))
	p := ropeParameters(f, "")
	rope := ropeOf(f, p, rotated(f, p, c.DHead, "partial_rotary_factor", 1), c.Context, 10000)
	c.Ropes = onEveryLayer(rope, c.Layers)
	if rope.Scaling.Kind == "dynamic" { // it is there to read further than the model was trained for
		c.Context = int(min(maxContext, float64(c.Context)*rope.Scaling.Factor))
	}
	return c
}

// baseConfig reads the sizes that nearly every family calls the same.
func baseConfig(f *fields, tied bool) Config {
	c := Config{
		Layers:  f.size("num_hidden_layers", maxLayers),
		Heads:   f.size("num_attention_heads", maxHeads),
		DModel:  f.size("hidden_size", maxWidth),
		DVocab:  f.size("vocab_size", maxVocab),
		Context: f.sizeOr("max_position_embeddings", maxContext, 2048),
		Tied:    f.boolOr("tie_word_embeddings", tied),
		Mask:    kernels.Mask{Causal: true},
	}
	c.KVHeads = f.sizeOr("num_key_value_heads", maxHeads, c.Heads)
	c.DHead = f.sizeOr("head_dim", maxWidth, max(1, c.DModel/c.Heads))
	if len(f.errs) == 0 && c.Heads%c.KVHeads != 0 {
		f.fail("num_attention_heads %d is not a multiple of num_key_value_heads %d", c.Heads, c.KVHeads)
	}
	if len(f.errs) == 0 && !f.has("head_dim") && c.DModel%c.Heads != 0 {
		f.fail("hidden_size %d is not a multiple of num_attention_heads %d", c.DModel, c.Heads)
	}
	c.Scales = scoreScales(c, true, false)
	return c
}

// rotated is how many components of a head turn: the part of d_head that the
// config names, in whichever place it does.
func rotated(f, p *fields, dHead int, name string, part float32) int {
	part = f.positiveOr(name, part)
	if p != nil {
		part = p.positiveOr("partial_rotary_factor", part)
	}
	n := int(math.Floor(float64(part)*float64(dHead) + 1e-3)) // 0.7 of 20 is 14, though a float32's 0.7 is less
	if len(f.errs) == 0 && (n < 2 || n > dHead) {
		f.fail("%s %v of %d components leaves none or too many to turn", name, part, dHead)
		return 2
	}
	return n - n%2
}

func onEveryLayer(r *Rope, layers int) []*Rope {
	all := make([]*Rope, layers)
	for i := range all {
		all[i] = r
	}
	return all
}

// layerWindows gives each layer its mask: those whose layer_types entry says so
// slide over window keys.
func layerWindows(f *fields, c Config, window int, slides func(layer int) bool) []kernels.Mask {
	kinds := f.stringsOf("layer_types")
	if kinds != nil && len(kinds) != c.Layers {
		f.fail("layer_types has %d entries for %d layers", len(kinds), c.Layers)
		return nil
	}
	masks := make([]kernels.Mask, c.Layers)
	for layer := range masks {
		masks[layer] = c.Mask
		if kinds != nil && kinds[layer] == "sliding_attention" || kinds == nil && slides(layer) {
			masks[layer].Window = window
		}
	}
	return masks
}

// qwenWindows: layers slide only when use_sliding_window is set, from
// max_window_layers on unless layer_types says which.
func qwenWindows(f *fields, c Config) []kernels.Mask {
	window := f.sizeOr("sliding_window", maxContext, 4096)
	if !f.boolOr("use_sliding_window", false) {
		return nil
	}
	from := f.wholeOr("max_window_layers", maxLayers, 28)
	return layerWindows(f, c, window, func(layer int) bool { return layer >= from })
}

// llamaNames are the names that Llama and those built on it share.
func llamaNames(attentionBias, mlpBias bool) WeightNames {
	attention := func(name string) Source { return Source{Name: "self_attn." + name, NoBias: !attentionBias} }
	mlp := func(name string) Source { return Source{Name: "mlp." + name, NoBias: !mlpBias} }
	return WeightNames{
		Prefixes:   []string{"model.", ""},
		Embed:      "embed_tokens.weight",
		Unembed:    "lm_head",
		FinalNorm:  "norm",
		NoNormBias: true,
		Block:      "layers.%d.",
		Norm1:      "input_layernorm",
		Norm2:      "post_attention_layernorm",
		Q:          attention("q_proj"), K: attention("k_proj"), V: attention("v_proj"), O: attention("o_proj"),
		Gate: mlp("gate_proj"), Up: mlp("up_proj"), Down: mlp("down_proj"),
		Buffers: []string{"self_attn.rotary_emb.inv_freq"},
	}
}

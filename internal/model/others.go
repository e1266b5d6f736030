package model

import "attn/internal/kernels"

// Source of what follows: transformers models/{olmo2,starcoder2,opt,bloom,falcon,
// gpt_bigcode}.

// olmo2 is AI2's OLMo 2: no norms before attention and MLP but after them, and
// queries and keys normed over all heads at once.
func olmo2() Family {
	return Family{Name: "olmo2", Architectures: []string{"Olmo2ForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := llamaConfig(f, false)
		c.QKNormWhole = true
		names := llamaNames(f.boolOr("attention_bias", false), false)
		names.Norm1, names.Norm2 = "", ""
		names.PostAttention, names.PostMLP = "post_attention_layernorm", "post_feedforward_layernorm"
		names.QNorm, names.KNorm = "self_attn.q_norm", "self_attn.k_norm"
		return c, names
	}}
}

// starcoder2 is BigCode's StarCoder 2: layer norm, biases, a plain MLP, a
// sliding window.
func starcoder2() Family {
	return Family{Name: "starcoder2", Architectures: []string{"Starcoder2ForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := baseConfig(f, true)
		c.DMLP = f.size("intermediate_size", maxWidth)
		c.NormEpsilon = f.positiveOr("norm_epsilon", 1e-5)
		c.Activation = activation(f, "hidden_act", string(kernels.GELUTanh))
		c.Ropes = onEveryLayer(ropeOf(f, ropeParameters(f, ""), c.DHead, c.Context, 10000), c.Layers)
		c.Mask.Window = f.sizeOr("sliding_window", maxContext, 0)
		bias := f.boolOr("use_bias", true)
		names := llamaNames(bias, bias)
		names.NoNormBias = false
		names.Up, names.Down = Source{Name: "mlp.c_fc", NoBias: !bias}, Source{Name: "mlp.c_proj", NoBias: !bias}
		return c, names
	}}
}

// opt is Meta's OPT (Zhang et al. 2022): norms before attention and MLP, or, in
// the size 350M, after each sum; there the embedding is narrower than the stream.
func opt() Family {
	return Family{Name: "opt", Architectures: []string{"OPTForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := baseConfig(f, true)
		c.DMLP, c.NormEpsilon, c.PositionOffset = f.size("ffn_dim", maxWidth), 1e-5, 2
		c.Activation = activation(f, "activation_function", string(kernels.ReLU))
		c.PostNorm = !f.boolOr("do_layer_norm_before", true)
		bias := f.boolOr("enable_bias", true)
		names := llamaNames(bias, bias)
		names.Prefixes, names.NoNormBias = []string{"model.decoder.", "decoder.", ""}, false
		names.Position, names.FinalNorm = "embed_positions.weight", "final_layer_norm"
		if c.PostNorm || f.boolOr("_remove_final_layer_norm", false) {
			names.FinalNorm = ""
		}
		if d := f.sizeOr("word_embed_proj_dim", maxWidth, c.DModel); d != c.DModel {
			c.DEmbed, names.EmbedUp, names.UnembedDown = d, "project_in", "project_out"
		}
		names.Norm1, names.Norm2 = "self_attn_layer_norm", "final_layer_norm"
		names.O = Source{Name: "self_attn.out_proj", NoBias: !bias}
		names.Up, names.Down = Source{Name: "fc1", NoBias: !bias}, Source{Name: "fc2", NoBias: !bias}
		return c, names
	}}
}

// bloom is BigScience's BLOOM (2022): ALiBi, a norm after the embedding, queries,
// keys and values interleaved head by head.
func bloom() Family {
	return Family{Name: "bloom", Architectures: []string{"BloomForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := bloomConfig(f)
		c.ALiBi.Slopes = alibiSlopes(c.Heads)
		if f.boolOr("apply_residual_connection_post_layernorm", false) {
			f.fail("apply_residual_connection_post_layernorm is true: attn runs BLOOM without it")
		}
		part := func(i int) Source {
			return Source{Name: "self_attention.query_key_value", Total: 3 * c.DModel, Size: c.DHead, Stride: 3 * c.DHead, First: i * c.DHead}
		}
		names := bloomNames(true)
		names.EmbedNorm = "word_embeddings_layernorm"
		names.Q, names.K, names.V = part(0), part(1), part(2)
		return c, names
	}}
}

// falcon is TII's Falcon (2023): one key and value head, or one for each group
// of heads, attention and MLP in parallel.
func falcon() Family {
	return Family{Name: "falcon", Architectures: []string{"FalconForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := bloomConfig(f)
		grouped := f.boolOr("new_decoder_architecture", false)
		single := f.boolOr("multi_query", true)
		c.Parallel = f.boolOr("parallel_attn", true) || grouped
		c.Activation = activation(f, "activation", string(kernels.GELU))
		switch {
		case grouped:
			c.KVHeads = f.sizeOr("num_kv_heads", maxHeads, c.Heads)
		case single:
			c.KVHeads = 1
		}
		c.DMLP = f.sizeOr("ffn_hidden_size", maxWidth, 4*c.DModel)
		if f.boolOr("alibi", false) {
			c.ALiBi = ALiBi{Slopes: alibiSlopes(c.Heads), BF16: true, Scaled: true}
		} else {
			c.Ropes = onEveryLayer(ropeOf(f, ropeParameters(f, ""), c.DHead, c.Context, 10000), c.Layers)
		}
		if len(f.errs) == 0 && c.Heads%c.KVHeads != 0 {
			f.fail("num_attention_heads %d is not a multiple of num_kv_heads %d", c.Heads, c.KVHeads)
			return c, WeightNames{}
		}
		bias := f.boolOr("bias", false)
		names := bloomNames(bias)
		names.Q, names.K, names.V = falconParts(c, bias)
		switch {
		case grouped && f.sizeOr("num_ln_in_parallel_attn", 2, 2) == 2:
			names.Norm1, names.Norm2 = "ln_attn", "ln_mlp"
		case c.Parallel:
			names.Norm2 = ""
		}
		return c, names
	}}
}

// falconParts: with g query heads to a key, the fused rows hold, key by key, g
// queries, the key and the value. One key for all is the same with one group.
func falconParts(c Config, bias bool) (q, k, v Source) {
	group := c.Heads / c.KVHeads
	s := Source{Name: "self_attention.query_key_value", NoBias: !bias, Total: (c.Heads + 2*c.KVHeads) * c.DHead, Stride: (group + 2) * c.DHead}
	q, k, v = s, s, s
	q.Size = group * c.DHead
	k.Size, k.First = c.DHead, group*c.DHead
	v.Size, v.First = c.DHead, (group+1)*c.DHead
	return q, k, v
}

func bloomConfig(f *fields) Config {
	for _, name := range [][2]string{{"n_layer", "num_hidden_layers"}, {"n_head", "num_attention_heads"}, {"n_embed", "hidden_size"}} {
		if old, ok := f.values[name[0]]; ok && !f.has(name[1]) { // BLOOM's first files
			f.values[name[1]] = old
		}
	}
	c := baseConfig(f, true)
	c.DMLP = 4 * c.DModel
	c.NormEpsilon = f.positiveOr("layer_norm_epsilon", 1e-5)
	c.Activation = kernels.GELUTanh
	return c
}

func bloomNames(bias bool) WeightNames {
	return WeightNames{
		Prefixes: []string{"transformer.", ""}, Embed: "word_embeddings.weight", Unembed: "lm_head", FinalNorm: "ln_f",
		Block: "h.%d.", Norm1: "input_layernorm", Norm2: "post_attention_layernorm",
		O:  Source{Name: "self_attention.dense", NoBias: !bias},
		Up: Source{Name: "mlp.dense_h_to_4h", NoBias: !bias}, Down: Source{Name: "mlp.dense_4h_to_h", NoBias: !bias},
	}
}

// gptBigCode is BigCode's SantaCoder and StarCoder: GPT-2 with one key and value
// head for all queries.
func gptBigCode() Family {
	return Family{Name: "gpt_bigcode", Architectures: []string{"GPTBigCodeForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := gpt2Config(f)
		c.KVHeads = 1
		c.Activation = activation(f, "activation_function", string(kernels.GELUTanh))
		c.Scales = scoreScales(c, f.boolOr("scale_attn_weights", true), false)
		d, kv := c.DModel, c.DHead
		names := gpt2Names()
		names.Q = Source{Name: "attn.c_attn", Total: d + 2*kv}
		names.K = Source{Name: "attn.c_attn", Total: d + 2*kv, First: d}
		names.V = Source{Name: "attn.c_attn", Total: d + 2*kv, First: d + kv}
		if !f.boolOr("multi_query", true) {
			c.KVHeads = c.Heads
			names.Q = Source{Name: "attn.c_attn", Total: 3 * d, Size: kv, Stride: 3 * kv}
			names.K, names.V = names.Q, names.Q
			names.K.First, names.V.First = kv, 2*kv
		}
		names.O, names.Up, names.Down = Source{Name: "attn.c_proj"}, Source{Name: "mlp.c_fc"}, Source{Name: "mlp.c_proj"}
		return c, names
	}}
}

package model

import "attn/internal/kernels"

// The families whose attention and MLP read the same vector, with layer norm.
// Source: transformers models/{gpt_neox,gptj,phi,stablelm,cohere}.

// gptNeoX is EleutherAI's GPT-NeoX and Pythia (Black et al. 2022): queries, keys
// and values interleaved head by head, a part of each head turned.
func gptNeoX() Family {
	return Family{Name: "gpt_neox", Architectures: []string{"GPTNeoXForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := baseConfig(f, false)
		c.DMLP = f.size("intermediate_size", maxWidth)
		c.NormEpsilon = f.positiveOr("layer_norm_eps", 1e-5)
		c.Activation = activation(f, "hidden_act", string(kernels.GELU))
		c.Parallel = f.boolOr("use_parallel_residual", true)
		p := ropeParameters(f, "")
		base := f.positiveOr("rotary_emb_base", 10000)
		c.Ropes = onEveryLayer(ropeOf(f, p, rotated(f, p, c.DHead, "rotary_pct", 0.25), c.Context, base), c.Layers)
		bias := f.boolOr("attention_bias", true)
		part := func(i int) Source {
			return Source{Name: "attention.query_key_value", NoBias: !bias, Total: 3 * c.Heads * c.DHead, Size: c.DHead, Stride: 3 * c.DHead, First: i * c.DHead}
		}
		return c, WeightNames{
			Prefixes: []string{"gpt_neox.", ""}, Embed: "embed_in.weight", Unembed: "embed_out", FinalNorm: "final_layer_norm",
			Block: "layers.%d.", Norm1: "input_layernorm", Norm2: "post_attention_layernorm",
			Q: part(0), K: part(1), V: part(2), O: Source{Name: "attention.dense", NoBias: !bias},
			Up: Source{Name: "mlp.dense_h_to_4h"}, Down: Source{Name: "mlp.dense_4h_to_h"},
			Buffers: []string{"attention.bias", "attention.masked_bias", "attention.rotary_emb.inv_freq"},
		}
	}}
}

// gptJ is EleutherAI's GPT-J (Wang and Komatsuzaki 2021): neighbouring
// components turn together, one norm for attention and MLP.
func gptJ() Family {
	return Family{Name: "gptj", Architectures: []string{"GPTJForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := gpt2Config(f)
		c.KVHeads, c.Parallel, c.Tied = c.Heads, true, f.boolOr("tie_word_embeddings", false)
		c.Scales = scoreScales(c, true, false)
		turn := f.sizeOr("rotary_dim", c.DHead, c.DHead)
		c.Ropes = onEveryLayer(&Rope{Dim: turn - turn%2, Base: 10000, Interleaved: true}, c.Layers)
		names := gpt2Names()
		names.Position, names.Norm2, names.UnembedBias = "", "", true
		names.Q, names.K = Source{Name: "attn.q_proj", NoBias: true}, Source{Name: "attn.k_proj", NoBias: true}
		names.V, names.O = Source{Name: "attn.v_proj", NoBias: true}, Source{Name: "attn.out_proj", NoBias: true}
		names.Up, names.Down = Source{Name: "mlp.fc_in"}, Source{Name: "mlp.fc_out"}
		return c, names
	}}
}

// phi is Microsoft's Phi-1 to Phi-2.
func phi() Family {
	return Family{Name: "phi", Architectures: []string{"PhiForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := baseConfig(f, false)
		c.DMLP, c.Parallel = f.size("intermediate_size", maxWidth), true
		c.NormEpsilon = f.positiveOr("layer_norm_eps", 1e-5)
		c.Activation = activation(f, "hidden_act", string(kernels.GELUTanh))
		p := ropeParameters(f, "")
		c.Ropes = onEveryLayer(ropeOf(f, p, rotated(f, p, c.DHead, "partial_rotary_factor", 0.5), c.Context, 10000), c.Layers)
		names := llamaNames(true, true)
		if f.boolOr("qk_layernorm", false) {
			names.QNorm, names.KNorm = "self_attn.q_layernorm", "self_attn.k_layernorm"
		}
		names.NoNormBias, names.FinalNorm, names.Norm2, names.UnembedBias = false, "final_layernorm", "", true
		names.O, names.Up, names.Down = Source{Name: "self_attn.dense"}, Source{Name: "mlp.fc1"}, Source{Name: "mlp.fc2"}
		return c, names
	}}
}

// stablelm is Stability AI's StableLM 2: Llama with layer norm and a part of
// each head turned.
func stablelm() Family {
	return Family{Name: "stablelm", Architectures: []string{"StableLmForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := baseConfig(f, false)
		c.DMLP, c.Gated, c.Parallel = f.size("intermediate_size", maxWidth), true, f.boolOr("use_parallel_residual", false)
		c.NormEpsilon = f.positiveOr("layer_norm_eps", 1e-5)
		c.Activation = activation(f, "hidden_act", string(kernels.SiLU))
		p := ropeParameters(f, "")
		c.Ropes = onEveryLayer(ropeOf(f, p, rotated(f, p, c.DHead, "partial_rotary_factor", 0.25), c.Context, 10000), c.Layers)
		names := llamaNames(f.boolOr("use_qkv_bias", false), false)
		names.NoNormBias, names.O.NoBias = false, true
		if f.boolOr("qk_layernorm", false) {
			names.GainByHead = true
			names.QNorm, names.KNorm = "self_attn.q_layernorm.norms.%d", "self_attn.k_layernorm.norms.%d"
		}
		if c.Parallel {
			names.Norm2 = ""
		}
		return c, names
	}}
}

// cohere is Cohere's Command R: parallel, one norm without bias, neighbouring
// components turn together, scaled logits.
func cohere() Family {
	return Family{Name: "cohere", Architectures: []string{"CohereForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := baseConfig(f, true)
		c.DMLP, c.Gated, c.Parallel = f.size("intermediate_size", maxWidth), true, true
		c.NormEpsilon = f.positiveOr("layer_norm_eps", 1e-5)
		c.Activation = activation(f, "hidden_act", string(kernels.SiLU))
		c.LogitScale = f.positiveOr("logit_scale", 0.0625)
		rope := ropeOf(f, ropeParameters(f, ""), c.DHead, c.Context, 500000)
		rope.Interleaved = true
		c.Ropes = onEveryLayer(rope, c.Layers)
		names := llamaNames(f.boolOr("attention_bias", false), false)
		if f.boolOr("use_qk_norm", false) {
			names.GainByHead = true
			names.QNorm, names.KNorm = "self_attn.q_norm", "self_attn.k_norm"
		}
		names.Norm2 = ""
		return c, names
	}}
}

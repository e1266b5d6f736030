package model

import (
	"math"

	"attn/internal/kernels"
)

// DeepSeek's V2 and V3: multi-head latent attention, and experts beside shared
// ones that work on every token. Source: transformers models/deepseek_v{2,3}.

// maxSpare is how many blocks after the last a file may hold.
const maxSpare = 16

// deepSeekV2 (DeepSeek-AI 2024) chooses by softmax, of the best groups or of all.
func deepSeekV2() Family {
	return Family{Name: "deepseek_v2", Architectures: []string{"DeepseekV2ForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := deepSeekConfig(f, true)
		c.Routing.Scale = f.positiveOr("routed_scaling_factor", 1) // norm_topk_prob is not read
		switch method := f.stringOr("topk_method", "greedy"); method {
		case "greedy":
		case "group_limited_greedy":
			c.Routing.GroupBest = 1
			c.readGroups(f)
		default:
			f.fail("topk_method %s is not one that attn computes", short(f.values["topk_method"]))
		}
		return c, deepSeekNames(f, c, f.boolOr("mlp_bias", false))
	}}
}

// deepSeekV3 (DeepSeek-AI 2024) chooses by sigmoid and a learned correction, of
// the groups whose two best experts suit most. Layers after the last, which
// predict more than one token ahead, are left alone.
func deepSeekV3() Family {
	return Family{Name: "deepseek_v3", Architectures: []string{"DeepseekV3ForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		interleaved := f.boolOr("rope_interleave", true)
		c := deepSeekConfig(f, interleaved)
		for _, r := range c.Ropes {
			r.Apart = interleaved
		}
		c.Routing.Sigmoid, c.Routing.Anew = true, f.boolOr("norm_topk_prob", true)
		c.Routing.Scale, c.Routing.GroupBest = f.positiveOr("routed_scaling_factor", 2.5), 2
		c.readGroups(f)
		names := deepSeekNames(f, c, false)
		names.RouterBias = "mlp.gate.e_score_correction_bias"
		names.SpareBlocks = f.wholeOr("num_nextn_predict_layers", maxSpare, f.wholeOr("num_mtp_layers", maxSpare, 1))
		return c, names
	}}
}

// deepSeekConfig reads the fields that both versions share.
func deepSeekConfig(f *fields, interleaved bool) Config {
	c := baseConfig(f, false)
	c.RMS, c.Gated, c.DMLP = true, true, f.size("intermediate_size", maxWidth)
	c.NormEpsilon = f.positiveOr("rms_norm_eps", 1e-6)
	c.Activation = activation(f, "hidden_act", string(kernels.SiLU))
	if c.KVHeads != c.Heads {
		f.fail("num_key_value_heads is %d, each of the %d heads has its own", c.KVHeads, c.Heads)
	}
	c.Latent = Latent{KeyValue: f.sizeOr("kv_lora_rank", maxWidth, 512), Rope: f.sizeOr("qk_rope_head_dim", maxWidth, 64)}
	if _, said := f.values["q_lora_rank"]; !said || f.has("q_lora_rank") {
		c.Latent.Query = f.sizeOr("q_lora_rank", maxWidth, 1536)
	}
	c.DHead = f.sizeOr("qk_nope_head_dim", maxWidth, 128) + c.Latent.Rope
	c.DValue = f.sizeOr("v_head_dim", maxWidth, 128)
	if c.Latent.Rope%2 != 0 {
		f.fail("qk_rope_head_dim %d is odd, components turn in pairs", c.Latent.Rope)
	}
	c.turnLast(f, interleaved)
	c.Experts = f.sizeOr("n_routed_experts", maxExperts, 256)
	c.Routing.Used = f.sizeOr("num_experts_per_tok", maxExperts, 8)
	c.DExpert = f.size("moe_intermediate_size", maxWidth)
	c.DShared = c.DExpert * f.sizeOr("n_shared_experts", maxExperts, 1)
	c.DenseLayers = make([]bool, c.Layers)
	for layer := range min(c.Layers, f.wholeOr("first_k_dense_replace", maxLayers, 0)) {
		c.DenseLayers[layer] = true
	}
	return c
}

// turnLast gives every layer the rotation of each head's last components, and
// scores the scale that goes with it: yarn's growth is squared into it.
func (c *Config) turnLast(f *fields, interleaved bool) {
	p := ropeParameters(f, "")
	rope := ropeOf(f, p, c.Latent.Rope, c.Context, 10000)
	rope.First, rope.Interleaved = c.DHead-c.Latent.Rope, interleaved
	c.Ropes = onEveryLayer(rope, c.Layers)
	scale := 1 / math.Sqrt(float64(c.DHead))
	if p != nil && rope.Scaling.Kind != "" {
		if all := float64(p.positiveOr("mscale_all_dim", 0)); all != 0 {
			growth := mscale(rope.Scaling.Factor, all)
			scale *= growth * growth
		}
		f.errs = append(f.errs, p.errs...)
	}
	for layer := range c.Scales {
		c.Scales[layer] = float32(scale)
	}
}

// readGroups reads which experts may be chosen from together.
func (c *Config) readGroups(f *fields) {
	r := &c.Routing
	r.Groups, r.GroupsUsed = f.sizeOr("n_group", maxExperts, 8), f.sizeOr("topk_group", maxExperts, 4)
	switch {
	case c.Experts%r.Groups != 0:
		f.fail("n_routed_experts %d is not a multiple of n_group %d", c.Experts, r.Groups)
	case r.GroupsUsed > r.Groups:
		f.fail("topk_group is %d of n_group %d", r.GroupsUsed, r.Groups)
	case r.Used > c.Experts/r.Groups*r.GroupsUsed || r.GroupBest > c.Experts/r.Groups:
		f.fail("n_routed_experts %d in n_group %d are too few to choose num_experts_per_tok %d of topk_group %d", c.Experts, r.Groups, r.Used, r.GroupsUsed)
	}
}

func deepSeekNames(f *fields, c Config, mlpBias bool) WeightNames {
	bias := f.boolOr("attention_bias", false)
	names := llamaNames(bias, mlpBias)
	down := func(name string, total, first int) Source {
		return Source{Name: "self_attn." + name, NoBias: !bias, Total: total, First: first}
	}
	keyValue, rope, nope := c.Latent.KeyValue, c.Latent.Rope, c.DHead-c.Latent.Rope
	names.KVDown, names.KRope = down("kv_a_proj_with_mqa", keyValue+rope, 0), down("kv_a_proj_with_mqa", keyValue+rope, keyValue)
	names.KVDownNorm = "self_attn.kv_a_layernorm"
	names.Q = Source{Name: "self_attn.q_proj", NoBias: true}
	if c.Latent.Query > 0 {
		names.QDown, names.QDownNorm = down("q_a_proj", c.Latent.Query, 0), "self_attn.q_a_layernorm"
		names.Q.Name = "self_attn.q_b_proj"
	}
	up := Source{Name: "self_attn.kv_b_proj", NoBias: true, Total: c.Heads * (nope + c.DValue), Stride: nope + c.DValue}
	names.K, names.V = up, up
	names.K.Size, names.V.Size, names.V.First = nope, c.DValue, nope
	mlp := func(name string) Source { return Source{Name: name, NoBias: !mlpBias} }
	names.Router, names.Expert = Source{Name: "mlp.gate", NoBias: true}, "mlp.experts.%d."
	names.ExpertGate, names.ExpertUp, names.ExpertDown = Source{Name: "gate_proj", NoBias: true}, Source{Name: "up_proj", NoBias: true}, Source{Name: "down_proj", NoBias: true}
	names.SharedGate, names.SharedUp, names.SharedDown = mlp("mlp.shared_experts.gate_proj"), mlp("mlp.shared_experts.up_proj"), mlp("mlp.shared_experts.down_proj")
	return names
}

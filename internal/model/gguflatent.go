package model

import "fmt"

// latent reads what DeepSeek's attention adds. llama.cpp attends in the narrow
// space, with one key for all heads, and calls the sizes of its heads there
// key_length and value_length; the model's own are key_length_mla and
// value_length_mla, in files since there are both.
func (g *ggufReader) latent() {
	prefix := g.arch.arch + ".attention."
	if !g.file.Has(prefix+"kv_lora_rank") || g.err != nil {
		return
	}
	suffix := ""
	if g.file.Has(prefix + "key_length_mla") {
		suffix = "_mla"
	}
	g.copy("v_head_dim", "attention.value_length"+suffix)
	rope := g.fields.sizeOr("qk_rope_head_dim", maxWidth, 1)
	if head, err := g.file.Int(prefix + "key_length" + suffix); err == nil {
		g.set("qk_nope_head_dim", head-int64(rope))
	}
	g.fields.values["num_key_value_heads"] = g.fields.values["num_attention_heads"]
	if !g.fields.has("q_lora_rank") {
		g.set("q_lora_rank", nil) // queries come from the stream
	}
	for field, absent := range map[string]any{"norm_topk_prob": false, "routed_scaling_factor": 1} {
		if !g.fields.has(field) {
			g.set(field, absent)
		}
	}
	g.set("num_nextn_predict_layers", 0) // conversion leaves them out
	g.groups()
}

// groups settles which experts may be chosen together. Files made before there
// were keys for it are told by their experts: 256 are V3's, in 8 groups of which
// 4 count, 160 are V2's, in 8 of which 3 do.
func (g *ggufReader) groups() {
	if !g.fields.has("n_group") {
		groups, used := 1, 1
		switch g.fields.sizeOr("n_routed_experts", maxExperts, 1) {
		case 256:
			groups, used = 8, 4
		case 160:
			groups, used = 8, 3
		}
		g.set("n_group", groups)
		g.set("topk_group", used)
	}
	if g.fields.sizeOr("n_group", maxExperts, 1) > 1 {
		g.set("topk_method", "group_limited_greedy")
	}
}

// hasInSome reports whether some block has a tensor.
func (g *ggufReader) hasInSome(tensor string) bool {
	for layer := range g.fields.sizeOr("num_hidden_layers", maxLayers, 1) {
		if g.file.Tensors.Has(fmt.Sprintf("blk.%d.%s", layer, tensor)) {
			return true
		}
	}
	return false
}

// latentNames names latent attention's matrices, and the experts that work on
// every token. The way up of keys and values is one matrix, or two with a matrix
// for each head, the keys' turned.
func (g *ggufReader) latentNames(c Config, n, family *WeightNames) {
	if c.Latent.KeyValue == 0 {
		return
	}
	n.KVDown.Name, n.KRope.Name, n.KVDownNorm = "attn_kv_a_mqa", "attn_kv_a_mqa", "attn_kv_a_norm"
	if c.Latent.Query > 0 {
		n.QDown.Name, n.QDownNorm, n.Q.Name = "attn_q_a", "attn_q_a_norm", "attn_q_b"
	}
	if g.file.Tensors.Has("blk.0.attn_kv_b.weight") {
		n.K, n.V = family.K, family.V
		n.K.Name, n.V.Name = "attn_kv_b", "attn_kv_b"
	} else {
		n.K = Source{Name: "attn_k_b", NoBias: true, Heads: c.Heads, Turned: true}
		n.V = Source{Name: "attn_v_b", NoBias: true, Heads: c.Heads}
	}
	n.SharedGate.Name, n.SharedUp.Name, n.SharedDown.Name = "ffn_gate_shexp", "ffn_up_shexp", "ffn_down_shexp"
	n.SpareBlocks = 0
	if n.RouterBias != "" {
		n.RouterBias = "exp_probs_b.bias"
	}
}

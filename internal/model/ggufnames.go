package model

// names puts llama.cpp's names where the family has its own. Queries, keys and
// values are one matrix or three, as the file has them.
func (g *ggufReader) names(c Config, n WeightNames) WeightNames {
	rename := func(name *string, to string) {
		if *name != "" {
			*name = to
		}
	}
	n.Prefixes, n.Buffers, n.Ignored = []string{""}, nil, nil
	n.Embed, n.Unembed, n.FinalNorm, n.Block = "token_embd.weight", "output", "output_norm", "blk.%d."
	rename(&n.EmbedNorm, "token_embd_norm")
	rename(&n.Position, "position_embd.weight")
	rename(&n.Norm1, "attn_norm")
	rename(&n.Norm2, "ffn_norm")
	if g.arch.ffnNorm != "" {
		n.Norm2 = g.arch.ffnNorm
	}
	if g.file.Tensors.Has(ownNorm) {
		n.Norm1, n.Norm2 = "attn_norm_2", "attn_norm"
	}
	rename(&n.QNorm, "attn_q_norm")
	rename(&n.KNorm, "attn_k_norm")
	rename(&n.PostAttention, "post_attention_norm")
	rename(&n.PostMLP, "post_ffw_norm")
	rename(&n.Sinks, "attn_sinks.weight")
	family := n
	g.linears(c, &n)
	g.latentNames(c, &n, &family)
	n.Stacked, n.StackedRows, n.Expert = false, true, ""
	return n
}

// linears names the layers, whose biases stay the family's.
func (g *ggufReader) linears(c Config, n *WeightNames) {
	for s, name := range map[*Source]string{
		&n.Q: "attn_q", &n.K: "attn_k", &n.V: "attn_v", &n.O: "attn_output",
		&n.Gate: "ffn_gate", &n.Up: "ffn_up", &n.Down: "ffn_down",
		&n.Router: "ffn_gate_inp", &n.ExpertGate: "ffn_gate_exps", &n.ExpertUp: "ffn_up_exps", &n.ExpertDown: "ffn_down_exps",
	} {
		*s = Source{Name: name, NoBias: s.NoBias}
	}
	q, kv := c.Heads*c.DHead, c.KVHeads*c.DHead
	if g.file.Tensors.Has("blk.0.attn_qkv.weight") {
		for part, s := range map[int]*Source{0: &n.Q, q: &n.K, q + kv: &n.V} {
			s.Name, s.First, s.Total = "attn_qkv", part, q+2*kv
		}
	}
	if g.arch.fusedGate {
		n.Gate.Name, n.Gate.Total = "ffn_up", 2*c.DMLP
		n.Up.First, n.Up.Total = c.DMLP, 2*c.DMLP
	}
	if g.arch.permuted {
		n.Q.HalfSplit, n.K.HalfSplit = c.DHead, c.DHead
	}
}

package params

// latentSizes are those of DeepSeek's attention and experts, beside Sizes, in
// which dHead is a head's part without position and dMLP the dense layers'.
type latentSizes struct {
	queryRank, keyValueRank, rope, dValue int
	dense                                 int // layers, the first ones, without experts
	expertWidth, routed, active, shared   int
}

// deepSeek is multi-head latent attention and, after the first layers, experts
// (transformers models/deepseek_v3/modeling_deepseek_v3.py). V3's router has a
// bias that corrects its choice.
func deepSeek(family string, d Sizes, l latentSizes, routerBias bool) Shape {
	b := d.gatedBlock()
	b.Self = Attention{
		Heads: d.Heads, KVHeads: d.Heads, DHead: d.DHead + l.rope, DValue: l.dValue,
		Latent: Latent{Query: l.queryRank, KeyValue: l.keyValueRank, Rope: l.rope},
	}
	var blocks []Block
	if l.dense > 0 {
		dense := b
		dense.Layers = min(l.dense, d.Layers)
		blocks = append(blocks, dense)
	}
	if d.Layers > l.dense {
		b.Layers = d.Layers - l.dense
		b.MLP.Width = l.expertWidth
		b.MLP.Experts = Experts{Routed: l.routed, Active: l.active, Shared: l.shared, RouterBias: routerBias}
		blocks = append(blocks, b)
	}
	return d.decoder(family, 1, blocks...)
}

// deepSeekPresets: for V3 deepseek-ai/DeepSeek-V3's inference/configs and
// transformers' configuration; V2's sizes are recalled, not read.
func deepSeekPresets() []Preset {
	lite := latentSizes{0, 512, 64, 128, 1, 1408, 64, 6, 2}
	v2 := latentSizes{1536, 512, 64, 128, 1, 1536, 160, 6, 2}
	v3 := latentSizes{1536, 512, 64, 128, 3, 2048, 256, 8, 1}
	third := deepSeek("deepseek_v3", Sizes{61, 7168, 128, 128, 128, 18432, 129280, 163840, Own}, v3, true)
	third.StoredKnown, third.Stored = true, deepSeekStored(third)
	second := deepSeek("deepseek_v2", Sizes{60, 5120, 128, 128, 128, 12288, 102400, 163840, Own}, v2, false)
	small := deepSeek("deepseek_v2", Sizes{27, 2048, 16, 16, 128, 10944, 102400, 163840, Own}, lite, false)
	second.Doubt = "its sizes are from memory: no published config was at hand to check them against"
	small.Doubt = second.Doubt
	return []Preset{
		preset("deepseek-ai", "deepseek-v2-lite", small),
		preset("deepseek-ai", "deepseek-v2", second),
		preset("deepseek-ai", "deepseek-v3 deepseek-v3-0324 deepseek-r1", third),
	}
}

// deepSeekStored is what the checkpoint of V3 holds besides: the module that
// predicts one more token, which is a layer with experts, three norms and a
// matrix that joins two vectors into one, with copies of the embedding and the
// unembedding; and scales for its 8-bit matrices.
func deepSeekStored(s Shape) []Array {
	var n checked
	layer := s.main()
	layer.Layers = 1
	next := n.sum(n.product(s.DModel, 2*s.DModel), n.product(3, s.DModel))
	for _, p := range s.block("", layer) {
		next = n.sum(next, p.count(&n))
	}
	scales := s.blockScales(layer)
	for _, b := range s.Stacks[0].Blocks {
		scales += s.blockScales(b)
	}
	return []Array{
		{Group: Other, What: "next token's module", Shape: []int{int(next)}},
		{Group: Other, What: "its copies of both embeddings", Shape: []int{2, s.DModel, s.Vocab}},
		{Group: Other, What: "scales of 8-bit matrices", Shape: []int{scales}},
	}
}

// blockScales is how many scales the matrices of layers with latent attention
// have in 8 bits: one for each 128 × 128 numbers, begun ones included. The
// heads' matrices lie side by side in one.
func (s Shape) blockScales(b Block) int {
	const side = 128
	scales := func(out, in int) int { return ((out + side - 1) / side) * ((in + side - 1) / side) }
	a := b.Self
	attention := scales(a.Latent.Query, s.DModel) + scales(a.Heads*a.DHead, a.Latent.Query) +
		scales(a.Latent.KeyValue+a.Latent.Rope, s.DModel) +
		scales(a.Heads*(a.DHead-a.Latent.Rope+a.DValue), a.Latent.KeyValue) + scales(s.DModel, a.Heads*a.DValue)
	mlps := max(1, b.MLP.Experts.Routed+b.MLP.Experts.Shared)
	return b.Layers * (attention + 3*mlps*scales(b.MLP.Width, s.DModel))
}

// parseDeepSeekV2 reads the names of transformers
// models/deepseek_v2/configuration_deepseek_v2.py.
func parseDeepSeekV2(f *fields) Shape { return f.deepSeek("deepseek_v2", false) }

// parseDeepSeekV3 reads those of models/deepseek_v3.
func parseDeepSeekV3(f *fields) Shape { return f.deepSeek("deepseek_v3", true) }

func (f *fields) deepSeek(family string, routerBias bool) Shape {
	d := Sizes{
		Layers:      f.size("num_hidden_layers", maxLayers),
		DModel:      f.size("hidden_size", maxWidth),
		Heads:       f.size("num_attention_heads", maxHeads),
		DHead:       f.size("qk_nope_head_dim", maxWidth),
		DMLP:        f.size("intermediate_size", maxWidth),
		Vocab:       f.size("vocab_size", maxVocab),
		Context:     f.sizeOr("max_position_embeddings", maxContext, 2048),
		Unembedding: f.unembedding(Own),
	}
	e := f.experts("n_routed_experts", "num_experts_per_tok")
	l := latentSizes{
		queryRank: f.countOr("q_lora_rank", maxWidth, 0), keyValueRank: f.size("kv_lora_rank", maxWidth),
		rope: f.size("qk_rope_head_dim", maxWidth), dValue: f.size("v_head_dim", maxWidth),
		dense: f.countOr("first_k_dense_replace", maxLayers, 0), expertWidth: f.size("moe_intermediate_size", maxWidth),
		routed: e.Routed, active: e.Active, shared: f.countOr("n_shared_experts", maxHeads, 0),
	}
	s := deepSeek(family, d, l, routerBias)
	if f.flag("attention_bias", false) {
		for i := range s.Stacks[0].Blocks {
			s.Stacks[0].Blocks[i].Self.Biases = Biases{Q: l.queryRank > 0, K: true, O: true}
		}
	}
	return s
}

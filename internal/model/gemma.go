package model

import (
	"math"

	"attn/internal/kernels"
)

// Google's Gemma: Llama with scaled embeddings, norms that store gain − 1 and a
// tanh-form GELU in the gate. Source: transformers models/gemma{,2,3}.

// gemma is the first Gemma (Gemma Team 2024).
func gemma() Family {
	return Family{Name: "gemma", Architectures: []string{"GemmaForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		return gemmaConfig(f), llamaNames(f.boolOr("attention_bias", false), false)
	}}
}

// gemma2 norms what attention and MLP write before it is added, bends scores and
// logits, and slides on every other layer.
func gemma2() Family {
	return Family{Name: "gemma2", Architectures: []string{"Gemma2ForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := gemmaConfig(f)
		c.queryScale(f)
		c.Softcap = f.positiveOr("attn_logit_softcapping", 0)
		c.LogitSoftcap = f.positiveOr("final_logit_softcapping", 0)
		c.Masks = layerWindows(f, c, f.sizeOr("sliding_window", maxContext, 4096), func(layer int) bool { return layer%2 == 0 })
		return c, gemma2Names(f)
	}}
}

// gemma3 norms queries and keys, slides on five layers of six, and turns those
// by another base.
func gemma3() Family {
	return Family{Name: "gemma3_text", Architectures: []string{"Gemma3ForCausalLM"}, parse: func(f *fields) (Config, WeightNames) {
		c := gemmaConfig(f)
		c.queryScale(f)
		c.Softcap = f.positiveOr("attn_logit_softcapping", 0)
		c.LogitSoftcap = f.positiveOr("final_logit_softcapping", 0)
		every := f.sizeOr("sliding_window_pattern", maxLayers, f.sizeOr("_sliding_window_pattern", maxLayers, 6))
		c.Masks = layerWindows(f, c, f.sizeOr("sliding_window", maxContext, 4096), func(layer int) bool { return (layer+1)%every != 0 })
		far := ropeOf(f, ropeParameters(f, "full_attention"), c.DHead, c.Context, 1e6)
		near := &Rope{Dim: c.DHead, Base: float64(f.positiveOr("rope_local_base_freq", 1e4))}
		if p := ropeParameters(f, "sliding_attention"); p != nil && !f.has("rope_scaling") {
			near = ropeOf(&fields{values: p.values}, p, c.DHead, c.Context, 1e4)
		}
		for layer := range c.Ropes {
			c.Ropes[layer] = far
			if layer < len(c.Masks) && c.Masks[layer].Window > 0 {
				c.Ropes[layer] = near
			}
		}
		names := gemma2Names(f)
		names.QNorm, names.KNorm = "self_attn.q_norm", "self_attn.k_norm"
		return c, names
	}}
}

func gemmaConfig(f *fields) Config {
	c := llamaConfig(f, true)
	c.NormShift = 1
	c.EmbedScale = float32(math.Sqrt(float64(c.DModel)))
	c.Activation = activation(f, "hidden_activation", string(kernels.GELUTanh)) // hidden_act is not read
	return c
}

// queryScale takes the scores' factor from query_pre_attn_scalar instead of
// d_head.
func (c *Config) queryScale(f *fields) {
	scale := 1 / math.Sqrt(float64(f.positiveOr("query_pre_attn_scalar", 256)))
	for layer := range c.Scales {
		c.Scales[layer] = float32(scale)
	}
}

func gemma2Names(f *fields) WeightNames {
	names := llamaNames(f.boolOr("attention_bias", false), false)
	names.PostAttention, names.Norm2, names.PostMLP = "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"
	return names
}

package model

import (
	"cmp"
	"errors"
	"fmt"

	"attn/internal/model/weights"
)

// rotary gathers what a config.json holds in rope_scaling, and which part of a
// head turns.
func (g *ggufReader) rotary() {
	prefix := g.arch.arch + "."
	if kind, err := g.file.String(prefix + "rope.scaling.type"); err == nil && kind != "none" {
		scaling := map[string]any{"rope_type": kind}
		for field, key := range map[string]string{
			"factor": "rope.scaling.factor", "original_max_position_embeddings": "rope.scaling.original_context_length",
			"attention_factor": "rope.scaling.yarn_attn_factor",
			"beta_fast":        "rope.scaling.yarn_beta_fast", "beta_slow": "rope.scaling.yarn_beta_slow",
		} {
			if n, err := g.file.Int(prefix + key); err == nil {
				scaling[field] = n
			} else if v, err := g.file.Float(prefix + key); err == nil {
				scaling[field] = v
			}
		}
		// DeepSeek's growth of the scores, times 0.1. The cosines' own growth is left
		// out: in every model the two are the same, and cancel.
		if growth, err := g.file.Float(prefix + "rope.scaling.yarn_log_multiplier"); err == nil && growth > 0 {
			scaling["mscale"], scaling["mscale_all_dim"] = 10*growth, 10*growth
		}
		if g.arch.family == "gpt_oss" { // no key says so
			scaling["truncate"] = false
		}
		if kind != "longrope" { // its factors are tensors: see frequencies
			g.set("rope_scaling", scaling)
		}
	}
	turned, err := g.file.Int(prefix + "rope.dimension_count")
	if err != nil || turned < 1 {
		return
	}
	heads, width := g.fields.sizeOr("num_attention_heads", maxHeads, 1), g.fields.sizeOr("hidden_size", maxWidth, 1)
	head := g.fields.sizeOr("head_dim", maxWidth, max(1, width/heads))
	for _, field := range []string{"partial_rotary_factor", "rotary_pct"} {
		g.set(field, (float64(turned)+0.5)/float64(head)) // what rounding takes away is not a component
	}
}

// queryScale: Gemma's factor of the scores is not in the file. It is 1/√d_head
// but in the 27B models, which their layers give away (llama.cpp does the same).
func (g *ggufReader) queryScale() {
	layers, heads := g.fields.sizeOr("num_hidden_layers", maxLayers, 1), g.fields.sizeOr("num_attention_heads", maxHeads, 1)
	scalar := g.fields.sizeOr("head_dim", maxWidth, 256)
	if g.arch.arch == "gemma2" && layers == 46 || g.arch.arch == "gemma3" && layers == 62 {
		scalar = g.fields.sizeOr("hidden_size", maxWidth, 1) / heads
	}
	g.set("query_pre_attn_scalar", max(1, scalar))
}

// windows reads which layers slide, where the file says so: a truth value for
// each, or a period whose last layer alone does not.
func (g *ggufReader) windows() {
	key := g.arch.arch + ".attention.sliding_window_pattern"
	if !g.file.Has(key) || g.err != nil {
		return
	}
	var slides []bool
	if g.file.IsArray(key) {
		slides, g.err = g.file.Bools(key)
	} else {
		var period uint64
		period, g.err = g.file.Uint(key)
		for layer := range uint64(g.fields.sizeOr("num_hidden_layers", maxLayers, 1)) {
			slides = append(slides, period > 0 && layer%period < period-1)
		}
	}
	kinds := make([]string, len(slides))
	for layer, slides := range slides {
		kinds[layer] = "full_attention"
		if slides {
			kinds[layer] = "sliding_attention"
		}
	}
	g.set("layer_types", kinds)
}

// slides refuses a window that the family has no place for: OLMo 3's files call
// themselves olmo2.
func (g *ggufReader) slides(c *Config) error {
	if g.fields.has("sliding_window") && c.Mask.Window == 0 && c.Masks == nil {
		return fmt.Errorf("%s.attention.sliding_window: attn's %s does not slide", g.arch.arch, c.Family)
	}
	return nil
}

// frequencies applies the divisors that conversion worked out from config.json's
// scaling and stored as tensors.
func (g *ggufReader) frequencies(c *Config) error {
	pairs := 0
	if r := c.rope(0); r != nil {
		pairs = r.Dim / 2
	}
	short, ok1, err1 := g.divisors("rope_freqs.weight", pairs)
	if !ok1 && err1 == nil {
		short, ok1, err1 = g.divisors("rope_factors_short.weight", pairs)
	}
	long, ok2, err2 := g.divisors("rope_factors_long.weight", pairs)
	switch {
	case err1 != nil || err2 != nil:
		return cmp.Or(err1, err2)
	case ok2 && !ok1:
		return errors.New("rope_factors_long.weight is there, rope_factors_short.weight is not")
	case !ok1:
		return nil
	}
	s := RopeScaling{Kind: "longrope", Short: short, Long: long, Original: maxContext}
	if ok2 {
		s.Original = float64(c.Context)
		if n, err := g.file.Int(g.arch.arch + ".rope.scaling.original_context_length"); err == nil {
			s.Original = float64(n)
		}
		s.Attention, _ = g.file.Float(g.arch.arch + ".rope.scaling.attn_factor") // 0, so 1, when it is not there
	}
	for _, r := range c.Ropes {
		if r != nil {
			r.Scaling = s
		}
	}
	return nil
}

func (g *ggufReader) divisors(name string, pairs int) ([]float64, bool, error) {
	t, ok := g.file.Tensors.Get(name)
	if !ok {
		return nil, false, nil
	}
	values := weights.Floats(t)
	if len(values) != pairs {
		return nil, false, fmt.Errorf("%s has %d numbers, %d pairs turn", name, len(values), pairs)
	}
	list := make([]float64, pairs)
	for i, v := range values {
		if !(v > 0) {
			return nil, false, fmt.Errorf("%s: number %d is %v", name, i, v)
		}
		list[i] = float64(v)
	}
	return list, true, nil
}

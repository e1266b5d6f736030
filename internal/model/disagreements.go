package model

import (
	"math"
	"slices"

	"attn/internal/kernels"
)

// disagreement is a place where llama.cpp computes something else than Hugging
// Face's transformers. attn computes what transformers does.
type disagreement struct {
	families []string // nil is all of them
	touches  func(*Model) bool
	says     string
}

// disagreements lists those that are known. Source: llama.cpp src/models/*.cpp,
// conversion/*.py, and ggml's src/ggml-cpu/vec.h and ggml.c.
func disagreements() []disagreement {
	unmentioned := []string{"opt", "gptj"}
	runs := func(m *Model) bool { return !slices.Contains(unmentioned, m.Config.Family) }
	return []disagreement{
		{unmentioned, func(*Model) bool { return true }, "The architecture: llama.cpp does not run it."},
		{
			[]string{"mistral", "mixtral", "phi3", "starcoder2", "qwen2", "qwen3", "qwen3_moe", "smollm3"},
			slides,
			"The sliding window: llama.cpp runs this family without one, and attends to every earlier token.",
		},
		{
			[]string{"llama"},
			func(m *Model) bool { return m.gguf },
			"The sliding window: GGUF files of Mistral call themselves llama and do not keep it. Where Mistral had one (7B v0.1: 4096 keys), " +
				"Hugging Face attends to these alone; from the file nobody can.",
		},
		{
			nil, func(m *Model) bool { return runs(m) && !m.Config.Gated && m.Config.Activation != kernels.GELUTanh },
			"The activation: llama.cpp computes GELU's tanh form whichever the model names.",
		},
		{
			nil, func(m *Model) bool {
				return runs(m) && (m.Config.Activation == kernels.GELU || m.Config.Activation == kernels.GELUTanh)
			},
			"GELU: llama.cpp on the CPU looks it up in a table of 16-bit numbers, so the fourth digit differs.",
		},
		{
			[]string{"gemma", "gemma2", "gemma3_text"},
			func(*Model) bool { return true },
			"The norms: GGUF files hold their gains with 1 added, Hugging Face's without; attn adds it to the latter alone.",
		},
		{
			[]string{"gemma2", "gemma3_text"},
			func(m *Model) bool { return m.gguf || !plainScale(m) },
			"The scores' factor: no GGUF file keeps query_pre_attn_scalar. llama.cpp takes 1/√d_head, but 1/√(d_model/heads) in Gemma 2 of 46 layers and " +
				"Gemma 3 of 62.",
		},
		{
			[]string{"gpt2", "gpt_bigcode"},
			func(m *Model) bool { return !plainScale(m) },
			"The scores' factor: llama.cpp takes 1/√d_head on every layer.",
		},
		{
			[]string{"gpt_bigcode"},
			func(m *Model) bool { return m.Config.KVHeads > 1 },
			"The heads: llama.cpp takes all of this family's to share one key and value.",
		},
		{
			[]string{"qwen3_moe"},
			func(m *Model) bool { return !m.Config.Routing.Anew },
			"The experts' shares: llama.cpp makes the chosen ones sum to 1, norm_topk_prob is false.",
		},
		{
			[]string{"falcon"},
			func(m *Model) bool { return m.Config.ALiBi.Slopes != nil || !m.Config.Parallel },
			"The block: llama.cpp runs Falcon with rotary positions, attention and MLP in parallel.",
		},
		{
			[]string{"smollm3"},
			func(m *Model) bool { return !everyFourthWithout(m.Config.Ropes) },
			"The positions: llama.cpp leaves them out of every fourth layer, whatever no_rope_layers says.",
		},
		{
			[]string{"deepseek_v2", "deepseek_v3"},
			func(m *Model) bool { return m.Config.NormEpsilon != latentEpsilon },
			"The norms of the narrow vectors: llama.cpp takes rms_norm_eps, Hugging Face 0.000001.",
		},
		{
			nil, ropeIs(func(s RopeScaling) bool { return s.Kind == "yarn" && !s.Truncate }),
			"YaRN: llama.cpp rounds the bounds between which it blends to whole components, truncate is false.",
		},
		{
			nil, ropeIs(func(s RopeScaling) bool { return s.Kind == "dynamic" }),
			"The positions: llama.cpp does not stretch them as dynamic scaling does.",
		},
	}
}

// Disagreements says, in a sentence or two each, what llama.cpp computes
// otherwise for this model.
func (m *Model) Disagreements() []string {
	var all []string
	for _, d := range disagreements() {
		if (d.families == nil || slices.Contains(d.families, m.Config.Family)) && d.touches(m) {
			all = append(all, d.says)
		}
	}
	return all
}

func slides(m *Model) bool {
	return m.Config.Mask.Window > 0 || slices.ContainsFunc(m.Config.Masks, func(mask kernels.Mask) bool { return mask.Window > 0 })
}

// plainScale reports whether every layer's scores are multiplied by 1/√d_head.
func plainScale(m *Model) bool {
	plain := float32(1 / math.Sqrt(float64(m.Config.DHead)))
	return !slices.ContainsFunc(m.Config.Scales, func(s float32) bool { return s != plain })
}

func everyFourthWithout(ropes []*Rope) bool {
	for layer, r := range ropes {
		if (r == nil) != ((layer+1)%4 == 0) {
			return false
		}
	}
	return true
}

// ropeIs reports whether some layer's positions are scaled in a certain way.
func ropeIs(scaled func(RopeScaling) bool) func(*Model) bool {
	return func(m *Model) bool {
		return slices.ContainsFunc(m.Config.Ropes, func(r *Rope) bool { return r != nil && scaled(r.Scaling) })
	}
}

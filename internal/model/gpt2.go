package model

import (
	"math"
	"slices"

	"attn/internal/kernels"
)

// gpt2 is OpenAI's GPT-2 (Radford et al. 2019) as Hugging Face stores it:
// learned positions, layer norm before attention and MLP, biases everywhere,
// Conv1D matrices, queries, keys and values fused in c_attn.
// Source: transformers models/gpt2/{configuration,modeling}_gpt2.py.
func gpt2() Family {
	return Family{Name: "gpt2", Architectures: []string{"GPT2LMHeadModel", "GPT2Model"}, parse: parseGPT2}
}

func parseGPT2(f *fields) (Config, WeightNames) {
	c := gpt2Config(f)
	c.KVHeads = c.Heads
	c.Scales = scoreScales(c, f.boolOr("scale_attn_weights", true), f.boolOr("scale_attn_by_inverse_layer_idx", false))
	if f.boolOr("add_cross_attention", false) {
		f.fail("add_cross_attention is true: attn runs decoders without cross-attention")
	}
	d := c.DModel
	names := gpt2Names()
	names.Q = Source{Name: "attn.c_attn", InOut: true, Total: 3 * d}
	names.K = Source{Name: "attn.c_attn", InOut: true, Total: 3 * d, First: d}
	names.V = Source{Name: "attn.c_attn", InOut: true, Total: 3 * d, First: 2 * d}
	names.O = Source{Name: "attn.c_proj", InOut: true}
	names.Up = Source{Name: "mlp.c_fc", InOut: true}
	names.Down = Source{Name: "mlp.c_proj", InOut: true}
	return c, names
}

// gpt2Config reads the fields that GPT-2 and those built on it share.
func gpt2Config(f *fields) Config {
	c := Config{
		Layers:      f.size("n_layer", maxLayers),
		Heads:       f.size("n_head", maxHeads),
		DModel:      f.size("n_embd", maxWidth),
		DVocab:      f.size("vocab_size", maxVocab),
		Context:     f.size("n_positions", maxContext),
		NormEpsilon: f.positiveOr("layer_norm_epsilon", 1e-5),
		Tied:        f.boolOr("tie_word_embeddings", true),
		Mask:        kernels.Mask{Causal: true},
	}
	c.DMLP = f.sizeOr("n_inner", maxWidth, 4*c.DModel)
	if len(f.errs) == 0 && c.DModel%c.Heads != 0 {
		f.fail("n_embd %d is not a multiple of n_head %d", c.DModel, c.Heads)
	}
	c.DHead = max(1, c.DModel/c.Heads)
	c.Activation = activation(f, "activation_function", string(kernels.GELUTanh))
	return c
}

// gpt2Names are the names that GPT-2 and those built on it share.
func gpt2Names() WeightNames {
	return WeightNames{
		Prefixes:  []string{"transformer.", ""},
		Embed:     "wte.weight",
		Position:  "wpe.weight",
		Unembed:   "lm_head",
		FinalNorm: "ln_f",
		Block:     "h.%d.",
		Norm1:     "ln_1",
		Norm2:     "ln_2",
		Buffers:   []string{"attn.bias", "attn.masked_bias"},
	}
}

// activation reads the name of a nonlinearity.
func activation(f *fields, field, otherwise string) kernels.Activation {
	name := f.stringOr(field, otherwise)
	switch name {
	case "gelu_pytorch_tanh", "gelu_fast": // the same formula under other names
		return kernels.GELUTanh
	case "swish":
		return kernels.SiLU
	}
	known := []kernels.Activation{kernels.GELUTanh, kernels.GELU, kernels.ReLU, kernels.SiLU}
	if !slices.Contains(known, kernels.Activation(name)) {
		f.fail("%s %s is not one that attn computes", field, short(f.values[field]))
	}
	return kernels.Activation(name)
}

// scoreScales gives each layer's factor: 1/√d_head, or 1 when scores are not
// scaled, divided by layer + 1 when the config asks for it.
func scoreScales(c Config, scaled, byLayer bool) []float32 {
	scales := make([]float32, c.Layers)
	for layer := range scales {
		scale := 1.0
		if scaled {
			scale = 1 / math.Sqrt(float64(c.DHead))
		}
		if byLayer {
			scale /= float64(layer + 1)
		}
		scales[layer] = float32(scale)
	}
	return scales
}

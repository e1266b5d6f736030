package model_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"attn/internal/kernels"
	"attn/internal/model"
)

// gpt2Config is a small GPT-2's config.json with some fields changed: a raw
// JSON value each, or "" to leave the field out.
func gpt2Config(changes map[string]string) []byte {
	fields := map[string]string{
		"model_type": `"gpt2"`, "n_layer": "1", "n_head": "2", "n_embd": "4", "vocab_size": "5", "n_positions": "3", "n_inner": "3",
	}
	for name, raw := range changes {
		fields[name] = raw
	}
	var parts []string
	for name, raw := range fields {
		if raw != "" {
			parts = append(parts, fmt.Sprintf("%q: %s", name, raw))
		}
	}
	slices.Sort(parts)
	return []byte("{" + strings.Join(parts, ", ") + "}")
}

func field(name, raw string) map[string]string { return map[string]string{name: raw} }

func TestConfigOfGPT2(t *testing.T) {
	c, names, err := model.ParseConfig(gpt2Config(nil))
	if err != nil {
		t.Fatal(err)
	}
	want := model.Config{
		Family: "gpt2", Layers: 1, Heads: 2, KVHeads: 2, DModel: 4, DHead: 2, DMLP: 3, DVocab: 5, Context: 3,
		Activation: kernels.GELUTanh, NormEpsilon: 1e-5, Tied: true, Mask: kernels.Mask{Causal: true},
		Scales: []float32{float32(1 / math.Sqrt2)},
	}
	if got, wanted := fmt.Sprintf("%+v", c), fmt.Sprintf("%+v", want); got != wanted || names.Embed != "wte.weight" {
		t.Errorf("%s:\n got %s\nwant %s", names.Embed, got, wanted)
	}
}

// TestConfigFields: each optional field does something.
func TestConfigFields(t *testing.T) {
	for _, tt := range []struct {
		name, field, raw string
		ok               func(model.Config) bool
	}{
		{"no n_inner is 4 n_embd", "n_inner", "", func(c model.Config) bool { return c.DMLP == 16 }},
		{"null is the same", "n_inner", "null", func(c model.Config) bool { return c.DMLP == 16 }},
		{"another n_inner", "n_inner", "7", func(c model.Config) bool { return c.DMLP == 7 }},
		{"untied", "tie_word_embeddings", "false", func(c model.Config) bool { return !c.Tied }},
		{"epsilon", "layer_norm_epsilon", "0.25", func(c model.Config) bool { return c.NormEpsilon == .25 }},
		{"relu", "activation_function", `"relu"`, func(c model.Config) bool { return c.Activation == kernels.ReLU }},
		{"gelu", "activation_function", `"gelu"`, func(c model.Config) bool { return c.Activation == kernels.GELU }},
		{"swish is silu", "activation_function", `"swish"`, func(c model.Config) bool { return c.Activation == kernels.SiLU }},
		{"another name for gelu_new", "activation_function", `"gelu_pytorch_tanh"`, func(c model.Config) bool { return c.Activation == kernels.GELUTanh }},
		{"unscaled", "scale_attn_weights", "false", func(c model.Config) bool { return c.Scales[0] == 1 }},
		{"no model_type, but an architecture", "model_type", "", func(c model.Config) bool { return c.Family == "gpt2" }},
		{"a field that nobody reads", "task_specific_params", `{"x": [1e400, null]}`, func(c model.Config) bool { return c.Layers == 1 }},
	} {
		changes := map[string]string{"architectures": `["GPT2LMHeadModel"]`, tt.field: tt.raw}
		c, _, err := model.ParseConfig(gpt2Config(changes))
		if err != nil || !tt.ok(c) {
			t.Errorf("%s: %+v, %v", tt.name, c, err)
		}
	}
}

// TestConfigScalesByLayer: 1/√d_head, and 1/(layer + 1) of it.
func TestConfigScalesByLayer(t *testing.T) {
	c, _, err := model.ParseConfig(gpt2Config(map[string]string{"n_layer": "3", "n_embd": "8", "scale_attn_by_inverse_layer_idx": "true"}))
	if err != nil || !slices.Equal(c.Scales, []float32{.5, .25, .5 / 3}) {
		t.Errorf("the scales are %v, %v", c.Scales, err)
	}
}

func TestConfigRefuses(t *testing.T) {
	long := strings.Repeat("9", 100000)
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, "not JSON"},
		{"not JSON", []byte("GGUF"), "not JSON: invalid character 'G' looking for beginning of value, at byte 1"},
		{"an array", []byte(`[{"model_type": "gpt2"}]`), "not a JSON object"},
		{"null", []byte("null"), "not a JSON object"},
		{"a string", []byte(`"gpt2"`), "not a JSON object"},
		{"cut short", []byte(`{"model_type": "gpt2"`), "not JSON: unexpected end"},
		{"something after it", append(gpt2Config(nil), " x"...), "not JSON: invalid character 'x' after top-level value"},
		{"two objects", append(gpt2Config(nil), gpt2Config(nil)...), "not JSON"},
		{"nesting without end", []byte(strings.Repeat(`{"a":`, 100000)), "exceeded max depth"},

		{"no model_type", gpt2Config(field("model_type", "")), "model_type is missing"},
		{"no model_type, and another architecture", gpt2Config(map[string]string{"model_type": "", "architectures": `["Mamba"]`}), `architectures ["Mamba"] is not one that attn runs`},
		{"another model_type", gpt2Config(field("model_type", `"mamba"`)), `model_type "mamba" is not one that attn runs`},
		{"a model_type in capitals", gpt2Config(field("model_type", `"GPT2"`)), "is not one that attn runs"},
		{"a model_type that counts more than the architecture", gpt2Config(map[string]string{"model_type": `"mamba"`, "architectures": `["GPT2LMHeadModel"]`}), "mamba"},
		{"a model_type without end", gpt2Config(field("model_type", `"`+long+`"`)), "999..."},
		{"model_type is a number", gpt2Config(field("model_type", "2")), "model_type is 2, not a string"},
		{"architectures is a string", gpt2Config(field("architectures", `"GPT2LMHeadModel"`)), "not a list of strings"},

		{"quantised", gpt2Config(field("quantization_config", `{"bits": 4, "quant_method": "gptq"}`)), `quantization_config: the weights are quantised by "gptq", which attn does not read`},
		{"quantised in 8 bits", gpt2Config(field("quantization_config", `{"quant_method": "fp8"}`)), `quantised by "fp8", which attn does not read`},
		{"quantised as another family's", gpt2Config(field("quantization_config", `{"quant_method": "mxfp4"}`)), `quantised by "mxfp4", which attn does not read`},
		{"quantised, under an older name", gpt2Config(field("compression_config", `{"quant_method": "compressed-tensors"}`)), `compression_config: the weights are quantised by "compressed-tensors"`},
		{"quantised by nobody", gpt2Config(field("quantization_config", `{"load_in_8bit": true}`)), "quant_method is missing"},
		{"quantised by a number", gpt2Config(field("quantization_config", `{"quant_method": 8}`)), "quantization_config: quant_method is 8, not a string"},
		{"quantised is a number", gpt2Config(field("quantization_config", "8")), "quantization_config is 8, not an object"},
		{"n_layer missing", gpt2Config(field("n_layer", "")), "n_layer is missing"},
		{"n_layer null", gpt2Config(field("n_layer", "null")), "n_layer is missing"},
		{"n_layer 0", gpt2Config(field("n_layer", "0")), "n_layer is 0, it must be 1 or more"},
		{"n_layer negative", gpt2Config(field("n_layer", "-1")), "n_layer is -1, it must be 1 or more"},
		{"n_layer negative and huge", gpt2Config(field("n_layer", "-9223372036854775808")), "it must be 1 or more"},
		{"n_layer fractional", gpt2Config(field("n_layer", "1.5")), "n_layer is 1.5, not a whole number"},
		{"n_layer 1e400", gpt2Config(field("n_layer", "1e400")), "n_layer is 1e400, not a whole number"},
		{"n_layer huge", gpt2Config(field("n_layer", "4097")), "n_layer is 4097, the limit is 4096"},
		{"n_layer overflows", gpt2Config(field("n_layer", "18446744073709551617")), "n_layer is 18446744073709551617, the limit is"},
		{"n_layer without end", gpt2Config(field("n_layer", long)), "999..., the limit is"},
		{"n_layer a string", gpt2Config(field("n_layer", `"12"`)), `n_layer is "12", not a whole number`},
		{"n_layer a bool", gpt2Config(field("n_layer", "true")), "n_layer is true, not a whole number"},
		{"n_layer an object", gpt2Config(field("n_layer", "{\n \"a\":\n 1}")), `n_layer is { "a": 1}, not a whole number`},
		{"n_layer a long list", gpt2Config(field("n_layer", "["+strings.Repeat("1,\n", 100)+"1]")), "..., not a whole number"},
		{"n_head missing", gpt2Config(field("n_head", "")), "n_head is missing"},
		{"n_head huge", gpt2Config(field("n_head", "16385")), "the limit is 16384"},
		{"n_embd missing", gpt2Config(field("n_embd", "")), "n_embd is missing"},
		{"n_embd huge", gpt2Config(field("n_embd", "1048577")), "the limit is 1048576"},
		{"n_embd not a multiple", gpt2Config(field("n_embd", "5")), "n_embd 5 is not a multiple of n_head 2"},
		{"fewer numbers than heads", gpt2Config(map[string]string{"n_embd": "2", "n_head": "4"}), "n_embd 2 is not a multiple of n_head 4"},
		{"vocab_size missing", gpt2Config(field("vocab_size", "")), "vocab_size is missing"},
		{"vocab_size huge", gpt2Config(field("vocab_size", "16777217")), "the limit is 16777216"},
		{"n_positions missing", gpt2Config(field("n_positions", "")), "n_positions is missing"},
		{"n_positions 0", gpt2Config(field("n_positions", "0")), "n_positions is 0"},
		{"n_inner 0", gpt2Config(field("n_inner", "0")), "n_inner is 0"},
		{"n_inner fractional", gpt2Config(field("n_inner", "3.0")), "n_inner is 3.0, not a whole number"},

		{"an unknown activation", gpt2Config(field("activation_function", `"tanh"`)), `activation_function "tanh" is not one`},
		{"an activation that is none", gpt2Config(field("activation_function", "[]")), "activation_function is [], not a string"},
		{"epsilon 0", gpt2Config(field("layer_norm_epsilon", "0")), "layer_norm_epsilon is 0, not a positive number"},
		{"epsilon negative", gpt2Config(field("layer_norm_epsilon", "-1e-5")), "layer_norm_epsilon is -1e-5"},
		{"epsilon huge", gpt2Config(field("layer_norm_epsilon", "1e39")), "layer_norm_epsilon is 1e39"},
		{"epsilon 1e400", gpt2Config(field("layer_norm_epsilon", "1e400")), "layer_norm_epsilon is 1e400"},
		{"epsilon that float32 makes 0", gpt2Config(field("layer_norm_epsilon", "1e-60")), "layer_norm_epsilon is 1e-60"},
		{"epsilon a string", gpt2Config(field("layer_norm_epsilon", `"1e-5"`)), "not a positive number"},
		{"tied is a number", gpt2Config(field("tie_word_embeddings", "1")), "tie_word_embeddings is 1, not true or false"},
		{"cross-attention", gpt2Config(field("add_cross_attention", "true")), "add_cross_attention"},

		{"two things wrong", gpt2Config(map[string]string{"n_layer": "0", "vocab_size": `"x"`}), "n_layer is 0, it must be 1 or more (and 1 more)"},
		{"what follows from one is not counted", gpt2Config(map[string]string{"n_embd": ""}), "n_embd is missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _, err := model.ParseConfig(tt.data)
			if err == nil {
				t.Fatalf("it was read: %+v", c)
			}
			text := err.Error()
			if !strings.Contains(text, tt.want) || strings.ContainsAny(text, "\n\t") || len(text) > 200 {
				t.Errorf("the error is %q, want %q on one short line", text, tt.want)
			}
			if tt.name == "what follows from one is not counted" && text != tt.want {
				t.Errorf("the error is %q", text)
			}
		})
	}
}

// FuzzParseConfig: no config panics, and what is accepted has sizes that fit
// each other and that nothing overflows.
func FuzzParseConfig(f *testing.F) {
	f.Add(gpt2Config(nil))
	f.Add(gpt2Config(field("n_layer", "4096")))
	f.Add(gpt2Config(field("n_inner", "null")))
	f.Add(gpt2Config(map[string]string{"model_type": "", "architectures": `["GPT2Model"]`}))
	f.Add([]byte(`{"model_type":"gpt2","n_layer":1e1}`))
	f.Add([]byte(`[]`))
	configs, err := filepath.Glob("../../testdata/tiny/*/config.json")
	if err != nil || len(configs) < 50 {
		f.Fatalf("%d configs, %v", len(configs), err)
	}
	for _, path := range configs {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, names, err := model.ParseConfig(data)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("an error of several lines: %q", err)
			}
			return
		}
		if !json.Valid(data) || names.Embed == "" || c.Family == "" {
			t.Errorf("%q was read as %+v", data, c)
		}
		if err := sensible(c); err != nil {
			t.Errorf("%q: %v: %+v", data, err, c)
		}
	})
}

// sensible holds a config to what the forward pass relies on.
func sensible(c model.Config) error {
	for _, n := range []int{c.Layers, c.Heads, c.KVHeads, c.DModel, c.DHead, c.DMLP, c.DVocab, c.Context} {
		if n < 1 || n > 1<<28 {
			return fmt.Errorf("a size is %d", n)
		}
	}
	if c.Experts > 0 {
		if err := c.Routing.Check(c.Experts); err != nil {
			return err
		}
	}
	switch {
	case c.Latent.KeyValue > 0 && (c.Latent.Rope < 1 || c.Latent.Rope >= c.DHead || c.KVHeads != c.Heads || c.DValue < 1):
		return fmt.Errorf("latent vectors %+v", c.Latent)
	case c.Layers > 1<<12 || len(c.Scales) != c.Layers:
		return fmt.Errorf("%d scales for %d layers", len(c.Scales), c.Layers)
	case c.Heads%c.KVHeads != 0:
		return errors.New("the heads do not share")
	case !(c.NormEpsilon > 0):
		return fmt.Errorf("epsilon is %v", c.NormEpsilon)
	}
	for _, scale := range c.Scales {
		if !(scale > 0) {
			return fmt.Errorf("a scale is %v", scale)
		}
	}
	return nil
}

// TestDeepSeekRefuses: groups and widths that do not fit each other.
func TestDeepSeekRefuses(t *testing.T) {
	data, err := os.ReadFile("../../testdata/tiny/deepseek_v3/config.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ field, raw, want string }{
		{"n_group", "3", "n_routed_experts 8 is not a multiple of n_group 3"},
		{"topk_group", "5", "topk_group is 5 of n_group 4"},
		{"num_experts_per_tok", "5", "too few to choose num_experts_per_tok 5 of topk_group 2"},
		{"n_group", "8", "too few"},
		{"num_key_value_heads", "1", "num_key_value_heads is 1, each of the 3 heads has its own"},
		{"qk_rope_head_dim", "5", "qk_rope_head_dim 5 is odd"},
		{"kv_lora_rank", "0", "kv_lora_rank is 0"},
		{"num_nextn_predict_layers", "17", "the limit is 16"},
	} {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(data, &fields); err != nil {
			t.Fatal(err)
		}
		fields[tt.field] = json.RawMessage(tt.raw)
		changed, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := model.ParseConfig(changed); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s: %v, want %s", tt.field, tt.raw, err, tt.want)
		}
	}
}

// TestTooFewExperts: no token can use more experts than there are.
func TestTooFewExperts(t *testing.T) {
	const config = `{"model_type": "mixtral", "num_hidden_layers": 1, "num_attention_heads": 2, "hidden_size": 4, "vocab_size": 5,
		"intermediate_size": 3, "num_local_experts": 2, "num_experts_per_tok": %d}`
	for used, want := range map[int]string{2: "", 3: "3 of 2 experts"} {
		_, _, err := model.ParseConfig(fmt.Appendf(nil, config, used))
		if got := fmt.Sprint(err); (err == nil) != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%d: %v, want %s", used, err, want)
		}
	}
}

// TestPartialRotary: a part of a head that is a whole number of components is
// all of them, however the part rounds.
func TestPartialRotary(t *testing.T) {
	c, _, err := model.ParseConfig([]byte(`{"model_type": "phi", "num_hidden_layers": 1, "num_attention_heads": 2, "hidden_size": 40,
		"vocab_size": 5, "intermediate_size": 3, "partial_rotary_factor": 0.7}`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Ropes[0].Dim != 14 {
		t.Errorf("%d of 20 components turn, not 14", c.Ropes[0].Dim)
	}
}

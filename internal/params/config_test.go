package params

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// configs are config.json files as repositories of these presets have them,
// without the fields that no count needs. Some spell what they have in
// transformers 5's way.
func configs() map[string]string {
	return map[string]string{
		"gpt2": `{"architectures":["GPT2LMHeadModel"],"model_type":"gpt2","n_ctx":1024,"n_embd":768,"n_head":12,"n_layer":12,
			"n_positions":1024,"vocab_size":50257}`,
		"pythia-70m": `{"model_type":"gpt_neox","hidden_size":512,"intermediate_size":2048,"max_position_embeddings":2048,
			"num_attention_heads":8,"num_hidden_layers":6,"rotary_emb_base":10000,"rotary_pct":0.25,"tie_word_embeddings":false,
			"torch_dtype":"float16","use_parallel_residual":true,"vocab_size":50304}`,
		"llama-3.1-8b": `{"model_type":"llama","attention_bias":false,"hidden_size":4096,"intermediate_size":14336,
			"max_position_embeddings":131072,"mlp_bias":false,"num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":8,
			"rope_scaling":{"factor":8.0,"rope_type":"llama3"},"rope_theta":500000.0,"tie_word_embeddings":false,"vocab_size":128256}`,
		"smollm2-135m": `{"model_type":"llama","dtype":"bfloat16","hidden_size":576,"intermediate_size":1536,"max_position_embeddings":8192,
			"num_attention_heads":9,"num_hidden_layers":30,"num_key_value_heads":3,"rope_parameters":{"rope_theta":100000,"rope_type":"default"},
			"tie_word_embeddings":true,"vocab_size":49152}`,
		"mistral-7b-v0.1": `{"model_type":"mistral","hidden_size":4096,"intermediate_size":14336,"max_position_embeddings":32768,
			"num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":8,"sliding_window":4096,"tie_word_embeddings":false,"vocab_size":32000}`,
		"mistral-7b-v0.3": `{"model_type":"mistral","head_dim":128,"hidden_size":4096,"intermediate_size":14336,"max_position_embeddings":32768,
			"num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":8,"sliding_window":null,"vocab_size":32768}`,
		"mixtral-8x7b": `{"model_type":"mixtral","hidden_size":4096,"intermediate_size":14336,"max_position_embeddings":32768,
			"num_attention_heads":32,"num_experts_per_tok":2,"num_hidden_layers":32,"num_key_value_heads":8,"num_local_experts":8,
			"sliding_window":null,"tie_word_embeddings":false,"vocab_size":32000}`,
		"qwen2.5-7b": `{"model_type":"qwen2","hidden_size":3584,"intermediate_size":18944,"max_position_embeddings":131072,"max_window_layers":28,
			"num_attention_heads":28,"num_hidden_layers":28,"num_key_value_heads":4,"sliding_window":131072,"tie_word_embeddings":false,
			"use_sliding_window":false,"vocab_size":152064}`,
		"qwen3-4b": `{"model_type":"qwen3","attention_bias":false,"head_dim":128,"hidden_size":2560,"intermediate_size":9728,
			"max_position_embeddings":40960,"max_window_layers":36,"num_attention_heads":32,"num_hidden_layers":36,"num_key_value_heads":8,
			"rope_scaling":null,"sliding_window":null,"tie_word_embeddings":true,"use_sliding_window":false,"vocab_size":151936}`,
		"qwen3-30b-a3b": `{"model_type":"qwen3_moe","decoder_sparse_step":1,"head_dim":128,"hidden_size":2048,"intermediate_size":6144,
			"max_position_embeddings":40960,"mlp_only_layers":[],"moe_intermediate_size":768,"num_attention_heads":32,"num_experts":128,
			"num_experts_per_tok":8,"num_hidden_layers":48,"num_key_value_heads":4,"tie_word_embeddings":false,"vocab_size":151936}`,
		"gemma-2b": `{"model_type":"gemma","head_dim":256,"hidden_size":2048,"intermediate_size":16384,"max_position_embeddings":8192,
			"num_attention_heads":8,"num_hidden_layers":18,"num_key_value_heads":1,"vocab_size":256000}`,
		"gemma-2-2b": `{"model_type":"gemma2","head_dim":256,"hidden_size":2304,"intermediate_size":9216,"max_position_embeddings":8192,
			"num_attention_heads":8,"num_hidden_layers":26,"num_key_value_heads":4,"sliding_window":4096,"vocab_size":256000}`,
		"gemma-3-270m": `{"model_type":"gemma3_text","_sliding_window_pattern":6,"head_dim":256,"hidden_size":640,"intermediate_size":2048,
			"layer_types":[` + layerTypes(18) + `],"max_position_embeddings":32768,"num_attention_heads":4,"num_hidden_layers":18,
			"num_key_value_heads":1,"rope_local_base_freq":10000.0,"rope_theta":1000000.0,"sliding_window":512,"vocab_size":262144}`,
		"gemma-3-4b": `{"model_type":"gemma3","text_config":{"hidden_size":2560,"intermediate_size":10240,"model_type":"gemma3_text",
			"num_hidden_layers":34,"rope_scaling":{"factor":8.0,"rope_type":"linear"},"sliding_window":1024},"vision_config":{"hidden_size":1152}}`,
		"phi-3-mini-4k": `{"model_type":"phi3","hidden_size":3072,"intermediate_size":8192,"max_position_embeddings":4096,"num_attention_heads":32,
			"num_hidden_layers":32,"num_key_value_heads":32,"sliding_window":2047,"tie_word_embeddings":false,"vocab_size":32064}`,
		"opt-350m": `{"model_type":"opt","_remove_final_layer_norm":false,"do_layer_norm_before":false,"ffn_dim":4096,"hidden_size":1024,
			"max_position_embeddings":2048,"num_attention_heads":16,"num_hidden_layers":24,"vocab_size":50272,"word_embed_proj_dim":512}`,
		"opt-125m": `{"model_type":"opt","do_layer_norm_before":true,"ffn_dim":3072,"hidden_size":768,"max_position_embeddings":2048,
			"num_attention_heads":12,"num_hidden_layers":12,"vocab_size":50272,"word_embed_proj_dim":768}`,
		"deepseek-v2-lite": `{"model_type":"deepseek_v2","first_k_dense_replace":1,"hidden_size":2048,"intermediate_size":10944,"kv_lora_rank":512,
			"max_position_embeddings":163840,"moe_intermediate_size":1408,"n_routed_experts":64,"n_shared_experts":2,"num_attention_heads":16,
			"num_experts_per_tok":6,"num_hidden_layers":27,"num_key_value_heads":16,"q_lora_rank":null,"qk_nope_head_dim":128,
			"qk_rope_head_dim":64,"tie_word_embeddings":false,"v_head_dim":128,"vocab_size":102400}`,
		"deepseek-v3": `{"model_type":"deepseek_v3","first_k_dense_replace":3,"hidden_size":7168,"intermediate_size":18432,"kv_lora_rank":512,
			"max_position_embeddings":163840,"moe_intermediate_size":2048,"n_routed_experts":256,"n_shared_experts":1,"num_attention_heads":128,
			"num_experts_per_tok":8,"num_hidden_layers":61,"q_lora_rank":1536,"qk_nope_head_dim":128,"qk_rope_head_dim":64,
			"rope_scaling":{"type":"yarn","factor":40},"tie_word_embeddings":false,"v_head_dim":128,"vocab_size":129280}`,
		"gpt-oss-20b": `{"model_type":"gpt_oss","attention_bias":true,"experts_per_token":4,"head_dim":64,"hidden_size":2880,
			"intermediate_size":2880,"max_position_embeddings":131072,"num_attention_heads":64,"num_hidden_layers":24,"num_key_value_heads":8,
			"num_local_experts":32,"sliding_window":128,"tie_word_embeddings":false,"vocab_size":201088}`,
		"bert-base-uncased": `{"architectures":["BertForMaskedLM"],"model_type":"bert","hidden_size":768,"intermediate_size":3072,
			"max_position_embeddings":512,"num_attention_heads":12,"num_hidden_layers":12,"type_vocab_size":2,"vocab_size":30522}`,
		"distilbert-base-uncased": `{"model_type":"distilbert","dim":768,"hidden_dim":3072,"max_position_embeddings":512,"n_heads":12,"n_layers":6,
			"vocab_size":30522}`,
		"t5-small": `{"model_type":"t5","d_ff":2048,"d_kv":64,"d_model":512,"n_positions":512,"num_heads":8,"num_layers":6,
			"relative_attention_num_buckets":32,"vocab_size":32128}`,
		"whisper-large-v3-turbo": `{"model_type":"whisper","d_model":1280,"decoder_attention_heads":20,"decoder_ffn_dim":5120,"decoder_layers":4,
			"encoder_attention_heads":20,"encoder_ffn_dim":5120,"encoder_layers":32,"max_source_positions":1500,"max_target_positions":448,
			"num_mel_bins":128,"vocab_size":51866}`,
		"opus-mt-en-de": `{"model_type":"marian","d_model":512,"decoder_attention_heads":8,"decoder_ffn_dim":2048,"decoder_layers":6,
			"encoder_attention_heads":8,"encoder_ffn_dim":2048,"encoder_layers":6,"max_position_embeddings":512,
			"share_encoder_decoder_embeddings":true,"static_position_embeddings":true,"vocab_size":58101}`,
	}
}

// layerTypes names Gemma 3's: every sixth layer sees all.
func layerTypes(layers int) string {
	var names []string
	for i := range layers {
		name := `"sliding_attention"`
		if (i+1)%6 == 0 {
			name = `"full_attention"`
		}
		names = append(names, name)
	}
	return strings.Join(names, ",")
}

// TestConfigs: a preset and its repository's config are the same shape.
func TestConfigs(t *testing.T) {
	for name, config := range configs() {
		want, ok := Find(name)
		if !ok {
			t.Fatalf("no preset %s", name)
		}
		got, err := ParseConfig(name, []byte(config))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want.Stored, want.StoredKnown, want.Doubt, got.DType = nil, false, "", ""
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Shape{})); diff != "" {
			t.Errorf("%s (-preset +config):\n%s", name, diff)
		}
	}
}

// TestConfigDType reads it under both of its names.
func TestConfigDType(t *testing.T) {
	for name, want := range map[string]string{"pythia-70m": "float16", "smollm2-135m": "bfloat16", "gpt2": ""} {
		if s, err := ParseConfig(name, []byte(configs()[name])); err != nil || s.DType != want {
			t.Errorf("%s: dtype %q, %v, want %q", name, s.DType, err, want)
		}
	}
}

// TestOtherFamilies holds families without presets to the totals of released
// models, as their repositories state them.
func TestOtherFamilies(t *testing.T) {
	for _, want := range []struct {
		name, config string
		total        int64
	}{
		{"gpt-j-6b", `{"model_type":"gptj","n_embd":4096,"n_head":16,"n_layer":28,"n_positions":2048,"vocab_size":50400,"tie_word_embeddings":false}`, 6050882784},
		{"starcoderbase-1b", `{"model_type":"gpt_bigcode","n_embd":2048,"n_layer":24,"n_head":16,"n_inner":8192,"vocab_size":49152,"n_positions":8192,"multi_query":true}`, 1137207296},
		{"phi-1_5", `{"model_type":"phi","hidden_size":2048,"intermediate_size":8192,"num_hidden_layers":24,"num_attention_heads":32,"vocab_size":51200,"tie_word_embeddings":false}`, 1418270720},
		{"phi-2", `{"model_type":"phi","hidden_size":2560,"intermediate_size":10240,"num_hidden_layers":32,"num_attention_heads":32,"vocab_size":51200,"tie_word_embeddings":false}`, 2779683840},
		{"bloom-560m", `{"model_type":"bloom","n_embed":1024,"n_layer":24,"num_attention_heads":16,"vocab_size":250880}`, 559214592},
		{"falcon-7b", `{"model_type":"falcon","hidden_size":4544,"num_hidden_layers":32,"num_attention_heads":71,"multi_query":true,"parallel_attn":true,"bias":false,"new_decoder_architecture":false,"vocab_size":65024}`, 6921720704},
		{"falcon-40b", `{"model_type":"falcon","hidden_size":8192,"num_hidden_layers":60,"num_attention_heads":128,"num_kv_heads":8,"parallel_attn":true,"bias":false,"new_decoder_architecture":true,"vocab_size":65024}`, 41303293952},
		{"falcon-rw-1b", `{"model_type":"falcon","alibi":true,"hidden_size":2048,"num_hidden_layers":24,"num_attention_heads":32,"multi_query":false,"parallel_attn":false,"bias":true,"new_decoder_architecture":false,"vocab_size":50304}`, 1311625216},
		{"stablelm-2-1_6b", `{"model_type":"stablelm","hidden_size":2048,"num_hidden_layers":24,"num_attention_heads":32,"num_key_value_heads":32,"intermediate_size":5632,"vocab_size":100352,"use_qkv_bias":true,"tie_word_embeddings":false}`, 1644515328},
		{"stablelm-3b-4e1t", `{"model_type":"stablelm","hidden_size":2560,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":32,"intermediate_size":6912,"vocab_size":50304}`, 2795443200},
		{"olmo-2-7b", `{"model_type":"olmo2","hidden_size":4096,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":32,"intermediate_size":11008,"vocab_size":100352}`, 7298617344},
		{"starcoder2-3b", `{"model_type":"starcoder2","hidden_size":3072,"num_hidden_layers":30,"num_attention_heads":24,"num_key_value_heads":2,"intermediate_size":12288,"sliding_window":4096,"use_bias":true,"vocab_size":49152}`, 3030371328},
		{"smollm3-3b", `{"model_type":"smollm3","hidden_size":2048,"num_hidden_layers":36,"num_attention_heads":16,"num_key_value_heads":4,"intermediate_size":11008,"vocab_size":128256}`, 3075098624},
		{"c4ai-command-r-v01", `{"model_type":"cohere","hidden_size":8192,"num_hidden_layers":40,"num_attention_heads":64,"num_key_value_heads":64,"intermediate_size":22528,"use_qk_norm":false,"vocab_size":256000}`, 34980831232},
	} {
		s, err := ParseConfig(want.name, []byte(want.config))
		if err != nil {
			t.Errorf("%s: %v", want.name, err)
			continue
		}
		c, err := s.Count(Parameters)
		if err != nil {
			t.Errorf("%s: %v", want.name, err)
		}
		equal(t, want.name, c.Total, want.total)
	}
}

// TestConfigOptions: what a field adds or takes away.
func TestConfigOptions(t *testing.T) {
	const llama = `"num_hidden_layers":3,"hidden_size":8,"num_attention_heads":4,"num_key_value_heads":2,"intermediate_size":5,"vocab_size":7`
	const deepSeek = `{"model_type":"deepseek_v3",` + llama + `,"n_routed_experts":2,"num_experts_per_tok":1,"moe_intermediate_size":2,
		"q_lora_rank":4,"kv_lora_rank":3,"qk_nope_head_dim":2,"qk_rope_head_dim":2,"v_head_dim":2`
	base := func(kind string) string { return `{"model_type":"` + kind + `",` + llama }
	for _, c := range []struct {
		name, without, with string
		change              int64
	}{
		{"attention_bias: 8 + 4 + 4 + 8 a layer", base("llama"), `,"attention_bias":true`, 3 * 24},
		{"mlp_bias: 5 + 5 + 8 a layer", base("llama"), `,"mlp_bias":true`, 3 * 18},
		{"a table less", base("llama"), `,"tie_word_embeddings":true`, -7 * 8},
		{"wider heads", base("llama"), `,"head_dim":3`, 3 * 8 * (2*4 + 2*2)},
		{"norms of 4 heads and of 2 a layer", base("cohere"), `,"use_qk_norm":true`, 3 * 2 * (4 + 2)},
		{"the same", base("stablelm"), `,"qk_layernorm":true`, 3 * 2 * (4 + 2)},
		{"one norm less a layer, gain and bias", base("stablelm"), `,"use_parallel_residual":true`, -3 * 16},
		{"gains and biases of queries and keys", base("phi"), `,"qk_layernorm":true`, 3 * 2 * 2 * 2},
		{"no biases: 8 + 4 + 4 + 8 + 5 + 8 a layer", base("starcoder2"), `,"use_bias":false`, -3 * 37},
		{"token types", base("bert"), `,"type_vocab_size":5`, 3 * 8},
		{"of the latents, 4 and 3 + 2, and of the output", deepSeek, `,"attention_bias":true`, 3 * (4 + 3 + 2 + 8)},
	} {
		without, with := mustParse(t, c.without+"}"), mustParse(t, c.without+c.with+"}")
		equal(t, c.name, with-without, c.change)
	}
}

func mustParse(t *testing.T, config string) int64 {
	t.Helper()
	s, err := ParseConfig("x", []byte(config))
	if err != nil {
		t.Fatalf("%s: %v", config, err)
	}
	c, err := s.Count(Parameters)
	if err != nil {
		t.Fatal(err)
	}
	return c.Total
}

// TestConfigWindows: how many layers see how far back.
func TestConfigWindows(t *testing.T) {
	const sizes = `"num_hidden_layers":5,"hidden_size":8,"num_attention_heads":4,"intermediate_size":5,"vocab_size":7`
	for config, want := range map[string][2]int{
		`{"model_type":"mistral","sliding_window":3,` + sizes + `}`:                                               {3, 5},
		`{"model_type":"mistral","sliding_window":null,` + sizes + `}`:                                            {0, 0},
		`{"model_type":"qwen2","sliding_window":3,"max_window_layers":2,` + sizes + `}`:                           {0, 0},
		`{"model_type":"qwen2","sliding_window":3,"max_window_layers":2,"use_sliding_window":true,` + sizes + `}`: {3, 3},
		`{"model_type":"qwen2","sliding_window":3,"max_window_layers":9,"use_sliding_window":true,` + sizes + `}`: {0, 0},
		`{"model_type":"gemma2",` + sizes + `}`:                                                                   {4096, 3},
		`{"model_type":"gemma3_text","sliding_window":2,"sliding_window_pattern":2,` + sizes + `}`:                {2, 3},
		`{"model_type":"gpt_oss","sliding_window":2,"num_local_experts":2,"num_experts_per_tok":1,
			"layer_types":["full_attention","full_attention","sliding_attention","full_attention","full_attention"],` + sizes + `}`: {2, 1},
	} {
		s, err := ParseConfig("x", []byte(config))
		if err != nil {
			t.Errorf("%s: %v", config, err)
			continue
		}
		if b := s.main(); b.Self.Window != want[0] || b.Windowed != want[1] {
			t.Errorf("%s: window %d in %d layers, want %v", config, b.Self.Window, b.Windowed, want)
		}
	}
}

// TestDenseLayers: layers of a model with experts that have none.
func TestDenseLayers(t *testing.T) {
	const sizes = `{"model_type":"qwen3_moe","num_hidden_layers":5,"hidden_size":8,"num_attention_heads":4,"intermediate_size":5,
		"vocab_size":7,"moe_intermediate_size":3,"num_experts":4,"num_experts_per_tok":2`
	for with, want := range map[string]int{"": 0, `,"decoder_sparse_step":2`: 3, `,"mlp_only_layers":[0,4,4,9]`: 2, `,"mlp_only_layers":[0,1,2,3,4]`: 5} {
		s, err := ParseConfig("x", []byte(sizes+with+"}"))
		if err != nil {
			t.Fatal(err)
		}
		dense := 0
		for _, b := range s.Stacks[0].Blocks {
			if b.MLP.Experts.Routed == 0 {
				dense += b.Layers
			}
		}
		if dense != want || s.Layers() != 5 {
			t.Errorf("%s: %d of %d layers without experts, want %d of 5", with, dense, s.Layers(), want)
		}
	}
}

// TestBadConfigs: what is wrong is said of the field that it is wrong with.
func TestBadConfigs(t *testing.T) {
	const llama = `{"model_type":"llama","num_hidden_layers":2,"hidden_size":8,"num_attention_heads":4,"intermediate_size":5,"vocab_size":7}`
	for _, c := range []struct{ old, now, field, say string }{
		{`"vocab_size":7`, `"vocab_size":null`, "vocab_size", "is missing"},
		{`"vocab_size":7`, `"vocab_size":"7"`, "vocab_size", `is "7", not a whole number`},
		{`"vocab_size":7`, `"vocab_size":7.0`, "vocab_size", "is 7.0, not a whole number"},
		{`"vocab_size":7`, `"vocab_size":-7`, "vocab_size", "is -7, it must be 1 or more"},
		{`"vocab_size":7`, `"vocab_size":99999999999999999999`, "vocab_size", "the limit is 16777216"},
		{`"vocab_size":7`, `"vocab_size":16777217`, "vocab_size", "the limit is 16777216"},
		{`"hidden_size":8`, `"hidden_size":9`, "hidden_size", "9 is not a multiple of num_attention_heads 4"},
		{`"vocab_size":7`, `"vocab_size":7,"num_key_value_heads":3`, "num_attention_heads", "4 is not a multiple of num_key_value_heads 3"},
		{`"vocab_size":7`, `"vocab_size":7,"tie_word_embeddings":"no"`, "tie_word_embeddings", "not true or false"},
		{`"vocab_size":7`, `"vocab_size":7,"rope_scaling":3`, "rope_scaling", "is 3, not an object"},
		{`"vocab_size":7`, `"vocab_size":7,"rope_parameters":[]`, "rope_parameters", "is [], not an object"},
		{`"vocab_size":7`, `"vocab_size":7,"rope_theta":"big"`, "rope_theta", "not a number"},
		{`"vocab_size":7`, `"vocab_size":7,"dtype":16`, "dtype", "not a string"},
		{`"model_type":"llama"`, `"model_type":"lama"`, "model_type", `"lama" is not one that attn counts (gpt2, `},
		{`"model_type":"llama",`, ``, "model_type", "is missing"},
		{`"model_type":"llama"`, `"architectures":["LamaForCausalLM"]`, "architectures", "is not one that attn counts"},
		{`"model_type":"llama"`, `"model_type":"mistral","sliding_window":1,"layer_types":["full_attention"]`, "layer_types", "has 1 entries, the model has 2 layers"},
		{`"model_type":"llama"`, `"model_type":"mixtral","num_local_experts":2,"num_experts_per_tok":3`, "num_experts_per_tok", "is 3, more than num_local_experts 2"},
		{`"model_type":"llama"`, `"model_type":"gemma3","text_config":{"hidden_size":8}`, "text_config.num_hidden_layers", "is missing"},
		{`"model_type":"llama"`, `"model_type":"gemma3","text_config":8`, "text_config", "is 8, not an object"},
	} {
		_, err := ParseConfig("x", []byte(strings.Replace(llama, c.old, c.now, 1)))
		var bad *ConfigError
		if !errors.As(err, &bad) || bad.Field != c.field || !strings.Contains(bad.Problem, c.say) {
			t.Errorf("%s: error %v, want %s and %q", c.now, err, c.field, c.say)
		}
	}
	for config, say := range map[string]string{
		"": "not JSON", "[]": "not a JSON object", "null": "not a JSON object", llama + "x": "at byte",
		strings.Repeat(" ", MaxConfig+1): fmt.Sprintf("the limit is %d", MaxConfig),
	} {
		if _, err := ParseConfig("x", []byte(config)); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%.20q: error %v, want one that says %q", config, err, say)
		}
	}
	if _, err := ParseConfig("x", []byte(`{"model_type":"whisper"}`)); err == nil || !strings.Contains(err.Error(), "more)") {
		t.Errorf("several fields missing: %v", err)
	}
}

// FuzzConfig: whatever a file says, reading and counting it end in a count or
// an error.
func FuzzConfig(f *testing.F) {
	for _, config := range configs() {
		f.Add([]byte(config))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseConfig("fuzzed", data)
		if err != nil {
			return
		}
		for _, convention := range Conventions() {
			if c, err := s.Count(convention); err == nil && (c.Total < 0 || c.Total < c.Attention+c.MLP) {
				t.Errorf("%s: total %d, attention %d, mlp %d", convention, c.Total, c.Attention, c.MLP)
			}
		}
		dtype, err := ParseDType("q4_k")
		if err != nil {
			t.Fatal(err)
		}
		if l, err := s.Ledger(Use{Context: s.Context, Batch: 1, DType: dtype}); err == nil && !(l.Prompt.Total > 0) {
			t.Errorf("a prompt takes %v", l.Prompt.Total)
		}
	})
}

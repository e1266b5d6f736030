package model_test

import (
	"path/filepath"
	"strings"
	"testing"

	"attn/internal/model"
)

// TestDisagreements: each is told of the models that it touches, and of no other.
func TestDisagreements(t *testing.T) {
	told := map[string]bool{}
	for _, tt := range []struct{ name, want string }{ // the sentences' beginnings
		{"tiny/llama", ""},
		{"gguf/llama.gguf", "The sliding window"},
		{"tiny/llama-yarn", ""},
		{"tiny/llama-dynamic", "The positions"},
		{"tiny/mistral", "The sliding window"},
		{"tiny/mistral-full", ""},
		{"tiny/mixtral", ""},
		{"tiny/qwen2", ""},
		{"tiny/qwen2-sliding", "The sliding window"},
		{"gguf/phi3.gguf", "The sliding window"},
		{"tiny/phi3-longrope", ""},
		{"tiny/starcoder2", "The sliding window, GELU"},
		{"tiny/qwen3_moe", ""},
		{"tiny/qwen3_moe-sparse", "The experts' shares"},
		{"tiny/gpt_oss", "YaRN"},
		{"gguf/gpt_oss.gguf", "YaRN"},
		{"tiny/smollm3", "The positions"},
		{"gguf/smollm3.gguf", ""},
		{"tiny/gemma", "GELU, The norms"},
		{"tiny/gemma2", "GELU, The norms, The scores' factor"},
		{"gguf/gemma3.gguf", "GELU, The norms, The scores' factor"},
		{"tiny/gpt2-odd", "GELU"},
		{"tiny/gpt2-untied-f16", "The activation, GELU, The scores' factor"},
		{"tiny/gpt2-relu-bf16", "The activation, The scores' factor"},
		{"tiny/gpt_bigcode", "GELU"},
		{"tiny/gpt_bigcode-mha", "GELU, The heads"},
		{"tiny/gpt_neox", "The activation, GELU"},
		{"tiny/bloom", "GELU"},
		{"tiny/falcon", "The activation, GELU"},
		{"tiny/falcon-alibi", "The activation, GELU, The block"},
		{"tiny/opt", "The architecture"},
		{"tiny/gptj", "The architecture"},
		{"tiny/deepseek_v2", "The norms of the narrow vectors"},
		{"tiny/olmo2", ""},
		{"tiny/cohere", ""},
	} {
		m, err := model.Open(filepath.Join("../../testdata", tt.name))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, sentence := range m.Disagreements() {
			subject, _, _ := strings.Cut(sentence, ":")
			got = append(got, subject)
			told[sentence] = true
		}
		if s := strings.Join(got, ", "); s != tt.want {
			t.Errorf("%s: %q, not %q", tt.name, s, tt.want)
		}
		m.Close()
	}
	if n := len(told); n != 15 {
		t.Errorf("%d different sentences were told, the table has 15", n)
	}
}

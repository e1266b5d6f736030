package model_test

import (
	"errors"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"attn/internal/model"
)

// TestGGUFRefused: what a well-formed file says about a model and attn does not
// run, or does not believe, is an error of one line with its name.
func TestGGUFRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		of   string                   // the reference that is converted; "" is an empty file
		more map[string]any           // keys changed
		less string                   // a key left out
		add  func(g *ggufFile)        // tensors added
		skip func(tensor string) bool // tensors left out
		want string
	}{
		{name: "nothing", want: `the key "general.architecture" is missing`},
		{name: "an architecture that is a number", add: func(g *ggufFile) { g.key("general.architecture", 3) }, want: `"general.architecture" is of type u32, not a string`},
		{name: "an unknown architecture", add: func(g *ggufFile) { g.key("general.architecture", "mam\x1bba") }, want: `general.architecture "mam\u001bba" is not one that attn runs`},
		{name: "no embedding", add: func(g *ggufFile) { g.key("general.architecture", "llama") }, want: "token_embd.weight is missing or no matrix"},
		{name: "an embedding that is a vector", add: func(g *ggufFile) {
			g.key("general.architecture", "llama")
			g.tensor("token_embd.weight", []int{4}, make([]float32, 4))
		}, want: "token_embd.weight is missing or no matrix"},
		{name: "no layers", of: "gemma", less: "block_count", want: "as a config of gemma: num_hidden_layers is missing"},
		{name: "0 layers", of: "gemma", more: map[string]any{"block_count": 0}, want: "num_hidden_layers is 0, it must be 1 or more"},
		{name: "too many layers", of: "gemma", more: map[string]any{"block_count": 1 << 20}, want: "num_hidden_layers is 1048576, the limit is 4096"},
		{name: "layers in words", of: "gemma", more: map[string]any{"block_count": "two"}, want: `"gemma.block_count" is of type string, not a bool`},
		{name: "half a layer", of: "gemma", more: map[string]any{"block_count": 1.5}, want: "num_hidden_layers is 1.5, not a whole number"},
		{name: "heads by layer", of: "gemma", more: map[string]any{"attention.head_count": []bool{true, true}}, want: "gemma.attention.head_count differs from layer to layer, which attn does not run"},
		{name: "key heads that do not divide", of: "gemma", more: map[string]any{"attention.head_count_kv": 3}, want: "num_attention_heads 4 is not a multiple of num_key_value_heads 3"},
		{name: "an unknown scaling", of: "gemma", more: map[string]any{"rope.scaling.type": "spiral"}, want: `rope type "spiral" is not one that attn computes`},
		{name: "more components than a head has", of: "llama", more: map[string]any{"rope.dimension_count": 64}, want: "leaves none or too many to turn"},
		{name: "too many divisors", of: "llama", add: func(g *ggufFile) { g.tensor("rope_freqs.weight", []int{3}, []float32{1, 1, 1}) }, want: "rope_freqs.weight has 3 numbers, 2 pairs turn"},
		{name: "a divisor of 0", of: "llama", add: func(g *ggufFile) { g.tensor("rope_freqs.weight", []int{2}, []float32{1, 0}) }, want: "rope_freqs.weight: number 1 is 0"},
		{name: "long factors alone", of: "llama", add: func(g *ggufFile) {
			g.tensor("rope_factors_long.weight", []int{2}, []float32{1, 1})
		}, want: "rope_factors_long.weight is there, rope_factors_short.weight is not"},
		{name: "a tensor too many", of: "gemma", add: func(g *ggufFile) { g.tensor("blk.0.more.weight", []int{1}, []float32{1}) }, want: `left over: "blk.0.more.weight"`},
		{name: "a layer too many", of: "gemma", add: func(g *ggufFile) { g.tensor("blk.9.attn_norm.weight", []int{1}, []float32{1}) }, want: `left over: "blk.9.attn_norm.weight"`},
		{name: "a bias in one layer alone", of: "llama", add: func(g *ggufFile) { g.tensor("blk.1.attn_q.bias", []int{24}, make([]float32, 24)) }, want: `left over: "blk.1.attn_q.bias"`},
		{name: "a tensor missing", of: "gemma", skip: func(name string) bool { return name == "blk.1.ffn_up.weight" }, want: "missing: blk.1.ffn_up.weight"},
		{
			name: "a type that attn does not compute with", of: "gemma", skip: func(name string) bool { return name == "output_norm.weight" },
			add: func(g *ggufFile) { g.stored("output_norm.weight", []int{256}, 16, make([]byte, 66)) }, want: `wrong: tensor "output_norm.weight" has dtype IQ2_XXS, which attn does not compute with`,
		},
		{name: "a way up of other heads", of: "deepseek_v3", more: map[string]any{"attention.key_length_mla": 12}, want: `"blk.0.attn_k_b.weight" is [3 10 4], the config makes it [3 10 6]`},
		{name: "a head narrower than what turns", of: "deepseek_v3", more: map[string]any{"attention.key_length_mla": 5}, want: "qk_nope_head_dim is -1, it must be 1 or more"},
		{name: "experts that are not there", of: "mixtral", more: map[string]any{"expert_count": 6}, want: `"blk.0.ffn_gate_exps.weight" is [5 19 18], the config makes it [6 19 18]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := &ggufFile{}
			if tt.of != "" {
				c := conversions()[tt.of]
				c.more, c.keys, c.skip = maps.Clone(tt.more), maps.Clone(c.keys), tt.skip
				delete(c.keys, tt.less)
				for key := range tt.more {
					delete(c.keys, key)
				}
				g = convert(t, filepath.Join("../../testdata/tiny", tt.of), c)
			}
			if tt.add != nil {
				tt.add(g)
			}
			path := filepath.Join(t.TempDir(), "made.gguf")
			g.write(t, path)
			m, err := model.Open(path)
			if m != nil || err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("\n got %v\nwant %s", err, tt.want)
			}
			if strings.Contains(err.Error(), "\x1b") {
				t.Errorf("%q is not fit for a terminal", err)
			}
			var unknown *model.UnknownFamilyError
			if got := errors.As(err, &unknown); got != strings.Contains(tt.want, "not one that attn runs") {
				t.Errorf("%v is of the wrong kind", err)
			}
		})
	}
}

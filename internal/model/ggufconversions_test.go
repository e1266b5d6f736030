package model_test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// conversion is what llama.cpp's converters do to one architecture (conversion/*.py).
type conversion struct {
	arch    string
	keys    map[string]string // GGUF key, without the architecture, from config field
	names   map[string]string // Hugging Face's part of a block's tensor -> GGUF's; # is a number that goes into a shape
	global  map[string]string
	block   string
	turn    []string       // parts stored [in, out], turned
	permute bool           // the rows of queries and keys, to Meta's order
	regroup string         // the part with queries, keys and values head by head, made all q, all k, all v
	cut     string         // the part that becomes two (DeepSeek)
	plusOne bool           // norms hold 1 + w
	noRope  bool           // nothing is said about rotary positions
	more    map[string]any // keys that converters write whatever config.json says
	skip    func(tensor string) bool
}

var llamaParts = map[string]string{
	"input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
	"self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
	"mlp.down_proj": "ffn_down", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
	"self_attn.qkv_proj": "attn_qkv", "mlp.gate_up_proj": "ffn_up", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
	"self_attn.dense": "attn_output", "mlp.fc1": "ffn_up", "mlp.fc2": "ffn_down", // Phi
	"self_attn.q_layernorm.norms.#": "attn_q_norm", "self_attn.k_layernorm.norms.#": "attn_k_norm", // StableLM
	"block_sparse_moe.gate": "ffn_gate_inp", "block_sparse_moe.experts.#.w1": "ffn_gate_exps", // Mixtral
	"block_sparse_moe.experts.#.w2": "ffn_down_exps", "block_sparse_moe.experts.#.w3": "ffn_up_exps",
}

var llamaGlobal = map[string]string{
	"model.embed_tokens": "token_embd", "model.norm": "output_norm", "model.final_layernorm": "output_norm", "lm_head": "output",
}

var llamaKeys = map[string]string{
	"block_count": "num_hidden_layers", "embedding_length": "hidden_size", "attention.head_count": "num_attention_heads",
	"attention.head_count_kv": "num_key_value_heads", "attention.key_length": "head_dim", "feed_forward_length": "intermediate_size",
	"context_length": "max_position_embeddings", "attention.layer_norm_rms_epsilon": "rms_norm_eps", "attention.sliding_window": "sliding_window",
	"attn_logit_softcapping": "attn_logit_softcapping", "final_logit_softcapping": "final_logit_softcapping",
	"expert_count": "num_local_experts", "expert_used_count": "num_experts_per_tok", "logit_scale": "logit_scale",
}

// conversions lists what is converted here. What a file cannot say of a
// reference (Gemma's query scale, SmolLM3's layers without positions, gpt-oss's
// limit) is tested in quantised files made for it.
func conversions() map[string]conversion {
	plain := func(arch string) conversion {
		return conversion{arch: arch, keys: llamaKeys, names: llamaParts, global: llamaGlobal, block: "model.layers."}
	}
	layerNorm := func(arch, epsilon string) conversion {
		c := plain(arch)
		c.keys = with(llamaKeys, map[string]string{"attention.layer_norm_epsilon": epsilon})
		return c
	}
	llama := plain("llama")
	llama.permute = true
	gemma := plain("gemma")
	gemma.plusOne = true
	phi3 := plain("phi3")
	phi4 := plain("phi3") // its window of null is written as 0
	phi4.more = map[string]any{"attention.sliding_window": 0}
	olmo2 := plain("olmo2")
	olmo2.names = with(llamaParts, map[string]string{
		"post_attention_layernorm": "post_attention_norm", "post_feedforward_layernorm": "post_ffw_norm",
	})
	cohere := layerNorm("command-r", "layer_norm_eps")
	cohere.more = map[string]any{"rope.scaling.type": "none"}
	gpt2 := gpt2Conversion()
	bigCode := gpt2
	bigCode.arch, bigCode.turn = "starcoder", nil
	bigCode.keys = with(gpt2.keys, map[string]string{"attention.head_count_kv": "num_key_value_heads"})
	neox := conversion{
		arch: "gptneox", block: "gpt_neox.layers.", regroup: "attention.query_key_value",
		keys: with(llamaKeys, map[string]string{"attention.layer_norm_epsilon": "layer_norm_eps", "use_parallel_residual": "use_parallel_residual"}),
		names: map[string]string{
			"input_layernorm": "attn_norm", "attention.query_key_value": "attn_qkv", "attention.dense": "attn_output",
			"post_attention_layernorm": "ffn_norm", "mlp.dense_h_to_4h": "ffn_up", "mlp.dense_4h_to_h": "ffn_down",
		},
		global: map[string]string{"gpt_neox.embed_in": "token_embd", "gpt_neox.final_layer_norm": "output_norm", "embed_out": "output"},
	}
	deepSeek := deepSeekConversion()
	bloom, falcon, falconNew := bloomConversion(), falconConversion(1), falconConversion(2)
	return map[string]conversion{
		"llama": llama, "llama-mha": llama, "llama-bias": llama, "llama-linear": llama, "llama-yarn": llama, "llama-llama3": llama,
		"mistral": llama, "mistral-full": llama, "mixtral": llama,
		"qwen2": plain("qwen2"), "qwen3": plain("qwen3"), "gemma": gemma, "phi3": phi3, "phi3-longrope": phi4, "olmo2": olmo2,
		"phi": layerNorm("phi2", "layer_norm_eps"), "starcoder2": layerNorm("starcoder2", "norm_epsilon"),
		"stablelm": layerNorm("stablelm", "layer_norm_eps"), "stablelm-parallel": layerNorm("stablelm", "layer_norm_eps"),
		"cohere": cohere, "cohere-qk-norm": cohere,
		"gpt2-odd": gpt2, "gpt_bigcode": bigCode, "gpt_neox": neox, "gpt_neox-serial": neox,
		"deepseek_v2-lite": deepSeek, "deepseek_v3": deepSeek,
		"bloom": bloom, "falcon": falcon, "falcon-new": falconNew, "falcon-new-one-norm": falconNew,
	}
}

func gpt2Conversion() conversion {
	return conversion{
		arch: "gpt2", block: "transformer.h.",
		keys: map[string]string{
			"block_count": "n_layer", "embedding_length": "n_embd", "attention.head_count": "n_head", "context_length": "n_positions",
			"feed_forward_length": "n_inner", "attention.layer_norm_epsilon": "layer_norm_epsilon",
		},
		names: map[string]string{
			"ln_1": "attn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "ln_2": "ffn_norm", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
		},
		global: map[string]string{"transformer.wte": "token_embd", "transformer.wpe": "position_embd", "transformer.ln_f": "output_norm"},
		turn:   []string{"attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"},
	}
}

func bloomConversion() conversion {
	return conversion{
		arch: "bloom", block: "transformer.h.", regroup: "self_attention.query_key_value",
		keys: map[string]string{
			"block_count": "n_layer", "embedding_length": "hidden_size", "attention.head_count": "n_head", "attention.head_count_kv": "n_head",
			"context_length": "hidden_size", "attention.layer_norm_epsilon": "layer_norm_epsilon",
		},
		names: map[string]string{
			"input_layernorm": "attn_norm", "self_attention.query_key_value": "attn_qkv", "self_attention.dense": "attn_output",
			"post_attention_layernorm": "ffn_norm", "mlp.dense_h_to_4h": "ffn_up", "mlp.dense_4h_to_h": "ffn_down",
			"ln_mlp": "attn_norm", "ln_attn": "attn_norm_2", // Falcon
		},
		global: map[string]string{
			"transformer.word_embeddings": "token_embd", "transformer.word_embeddings_layernorm": "token_embd_norm",
			"transformer.ln_f": "output_norm", "lm_head": "output",
		},
	}
}

// deepSeekConversion: one key for all heads, as wide as what llama.cpp attends
// with, and the way up of keys and values cut in two.
func deepSeekConversion() conversion {
	return conversion{
		arch: "deepseek2", block: "model.layers.", global: llamaGlobal, cut: "self_attn.kv_b_proj",
		keys: with(llamaKeys, map[string]string{
			"attention.q_lora_rank": "q_lora_rank", "attention.kv_lora_rank": "kv_lora_rank", "attention.key_length": "",
			"attention.key_length_mla": "qk_head_dim", "attention.value_length_mla": "v_head_dim", "attention.head_count_kv": "",
			"expert_count": "n_routed_experts", "expert_shared_count": "n_shared_experts", "expert_weights_scale": "routed_scaling_factor",
			"expert_feed_forward_length": "moe_intermediate_size", "leading_dense_block_count": "first_k_dense_replace",
			"expert_group_count": "n_group", "expert_group_used_count": "topk_group", "expert_weights_norm": "norm_topk_prob",
		}),
		more: map[string]any{"attention.head_count_kv": 1, "attention.key_length": 16, "attention.value_length": 10},
		names: with(llamaParts, map[string]string{
			"self_attn.q_a_proj": "attn_q_a", "self_attn.q_b_proj": "attn_q_b", "self_attn.q_a_layernorm": "attn_q_a_norm",
			"self_attn.kv_a_proj_with_mqa": "attn_kv_a_mqa", "self_attn.kv_a_layernorm": "attn_kv_a_norm", "self_attn.kv_b_proj": "attn_kv_b",
			"mlp.gate": "ffn_gate_inp", "mlp.experts.#.gate_proj": "ffn_gate_exps", "mlp.experts.#.up_proj": "ffn_up_exps",
			"mlp.experts.#.down_proj": "ffn_down_exps", "mlp.shared_experts.gate_proj": "ffn_gate_shexp",
			"mlp.shared_experts.up_proj": "ffn_up_shexp", "mlp.shared_experts.down_proj": "ffn_down_shexp",
		}),
	}
}

// wayUp cuts kv_b_proj's rows, [nope | v] head by head, into each head's keys,
// turned, and values.
func (g *ggufFile) wayUp(name string, shape []int, values []float32, config map[string]any) {
	r := rope{config: config}
	heads, nope, v, in := int(r.number("num_attention_heads", 1)), int(r.number("qk_nope_head_dim", 1)), int(r.number("v_head_dim", 1)), shape[1]
	var keys, vs []float32
	for h := range heads {
		own := values[h*(nope+v)*in : (h+1)*(nope+v)*in]
		keys = append(keys, turned(own[:nope*in], nope, in)...)
		vs = append(vs, own[nope*in:]...)
	}
	g.tensor(strings.Replace(name, "kv_b", "k_b", 1), []int{heads, in, nope}, keys)
	g.tensor(strings.Replace(name, "kv_b", "v_b", 1), []int{heads, v, in}, vs)
}

// falconConversion: converters take the MLP to be four times as wide, which the
// references' are not.
func falconConversion(keyHeads int) conversion {
	c := bloomConversion()
	c.arch, c.noRope = "falcon", true
	c.keys = map[string]string{
		"block_count": "num_hidden_layers", "embedding_length": "hidden_size", "attention.head_count": "num_attention_heads",
		"feed_forward_length": "ffn_hidden_size", "attention.layer_norm_epsilon": "layer_norm_epsilon",
	}
	c.more = map[string]any{"context_length": 2048, "attention.head_count_kv": keyHeads}
	return c
}

// with adds entries to a table, or changes them.
func with(table, more map[string]string) map[string]string {
	all := map[string]string{}
	for _, part := range []map[string]string{table, more} {
		for k, v := range part {
			all[k] = v
		}
	}
	return all
}

func (g *ggufFile) configKey(key string, value any) {
	switch v := value.(type) {
	case bool:
		g.key(key, v)
	case float64:
		float := slices.ContainsFunc([]string{"epsilon", "softcapping", "logit_scale", "weights_scale"}, func(s string) bool { return strings.Contains(key, s) })
		if v == math.Trunc(v) && !float {
			g.key(key, int(v))
		} else {
			g.key(key, v)
		}
	}
}

// rope is what a config.json says about rotary positions.
type rope struct {
	config, parameters map[string]any
}

func (r rope) number(name string, otherwise float64) float64 {
	for _, fields := range []map[string]any{r.parameters, r.config} {
		if v, ok := fields[name].(float64); ok {
			return v
		}
	}
	return otherwise
}

func (r rope) numbers(name string) []float32 {
	list, _ := r.parameters[name].([]any)
	var out []float32
	for _, v := range list {
		out = append(out, float32(v.(float64)))
	}
	return out
}

// turned is how many components of a head turn.
func (r rope) turned() int {
	head := r.number("head_dim", r.number("hidden_size", 0)/r.number("num_attention_heads", 1))
	return int(head * r.number("partial_rotary_factor", 1))
}

// ropeKeys writes what converters keep of rope_parameters.
func (g *ggufFile) ropeKeys(c conversion, config map[string]any) {
	p, _ := config["rope_parameters"].(map[string]any)
	if p == nil {
		return
	}
	r := rope{config, p}
	key := func(name string, value any) {
		if _, set := c.more[name]; !set {
			g.key(c.arch+"."+name, value)
		}
	}
	key("rope.freq_base", r.number("rope_theta", 10000))
	key("rope.dimension_count", r.turned())
	original := r.number("original_max_position_embeddings", 0)
	switch kind, _ := p["rope_type"].(string); kind {
	case "linear", "yarn":
		key("rope.scaling.type", kind)
		key("rope.scaling.factor", r.number("factor", 1))
		if original > 0 {
			key("rope.scaling.original_context_length", int(original))
		}
		if kind == "yarn" {
			key("rope.scaling.yarn_beta_fast", r.number("beta_fast", 32))
			key("rope.scaling.yarn_beta_slow", r.number("beta_slow", 1))
			if all := r.number("mscale_all_dim", 0); all > 0 {
				key("rope.scaling.yarn_log_multiplier", 0.1*all)
			}
		}
	case "llama3":
		g.tensor("rope_freqs.weight", []int{r.turned() / 2}, r.llama3())
	case "longrope":
		key("rope.scaling.type", kind)
		key("rope.scaling.original_context_length", int(original))
		key("rope.scaling.attn_factor", math.Sqrt(1+math.Log(r.number("max_position_embeddings", 0)/original)/math.Log(original)))
		for _, length := range []string{"long", "short"} {
			factors := r.numbers(length + "_factor")
			g.tensor("rope_factors_"+length+".weight", []int{len(factors)}, factors)
		}
	}
}

// llama3 gives each pair's divisor: 1 where it is fast, the factor where it is
// slow, and between them what blends the frequencies.
func (r rope) llama3() []float32 {
	low, high, factor := r.number("low_freq_factor", 1), r.number("high_freq_factor", 4), r.number("factor", 8)
	original, base := r.number("original_max_position_embeddings", 8192), r.number("rope_theta", 10000)
	var divisors []float32
	for i := 0; i < r.turned(); i += 2 {
		turns := original / (2 * math.Pi * math.Pow(base, float64(i)/float64(r.turned())))
		part := min(1, max(0, (turns-low)/(high-low)))
		divisors = append(divisors, float32(1/((1-part)/factor+part)))
	}
	return divisors
}

var number = regexp.MustCompile(`\.[0-9]+(\.|$)`)

// rename finds GGUF's name for a tensor, and which part of a block it is.
func (c conversion) rename(name string) (to, part string) {
	base, kind := name[:strings.LastIndexByte(name, '.')], name[strings.LastIndexByte(name, '.'):]
	if to, ok := c.global[base]; ok {
		return to + kind, base
	}
	rest, ok := strings.CutPrefix(base, c.block)
	if !ok {
		return "", ""
	}
	layer, part, _ := strings.Cut(rest, ".")
	part = number.ReplaceAllString(part, ".#$1")
	if c.names[part] == "" {
		return "", ""
	}
	if kind == ".e_score_correction_bias" {
		return fmt.Sprintf("blk.%s.exp_probs_b.bias", layer), part
	}
	return fmt.Sprintf("blk.%s.%s%s", layer, c.names[part], kind), part
}

// change applies what conversion does to a tensor's numbers.
func (c conversion) change(part string, shape []int, values []float32, config map[string]any) ([]int, []float32) {
	size := func(names ...string) int {
		for _, name := range names {
			if v, ok := config[name].(float64); ok {
				return int(v)
			}
		}
		return 1
	}
	heads := size("num_attention_heads", "n_head")
	row := len(values) / shape[0]
	switch {
	case c.plusOne && strings.Contains(part, "norm"):
		for i := range values {
			values[i]++
		}
	case slices.Contains(c.turn, part) && len(shape) == 2:
		return []int{shape[1], shape[0]}, turned(values, shape[0], shape[1])
	case c.permute && (part == "self_attn.q_proj" || part == "self_attn.k_proj"):
		if part == "self_attn.k_proj" {
			heads = size("num_key_value_heads", "num_attention_heads")
		}
		d := shape[0] / heads
		return shape, rows(values, row, func(o int) int { // GGUF row h*d + 2i + s is row h*d + s*d/2 + i
			h, r := o/d, o%d
			return h*d + r%2*(d/2) + r/2
		})
	case part == c.regroup && c.regroup != "":
		keys, ok := c.more["attention.head_count_kv"].(int)
		if !ok {
			keys = heads
		}
		return shape, rows(values, row, inTurn(heads, keys, shape[0]/(heads+2*keys)))
	}
	return shape, values
}

// inTurn finds the rows of all queries, all keys, all values where the queries
// of a key, it and its value stand together.
func inTurn(heads, keys, d int) func(o int) int {
	group := heads / keys
	return func(o int) int {
		head, r := o/d, o%d
		switch {
		case head < heads:
			return (head/group*(group+2)+head%group)*d + r
		case head < heads+keys:
			return ((head-heads)*(group+2)+group)*d + r
		}
		return ((head-heads-keys)*(group+2)+group+1)*d + r
	}
}

func turned(values []float32, rows, cols int) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i%cols*rows+i/cols] = v
	}
	return out
}

// rows puts row from(o) at o.
func rows(values []float32, width int, from func(o int) int) []float32 {
	out := make([]float32, 0, len(values))
	for o := range len(values) / width {
		out = append(out, values[from(o)*width:(from(o)+1)*width]...)
	}
	return out
}

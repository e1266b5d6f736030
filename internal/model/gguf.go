package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"attn/internal/model/weights"
)

// ggufArch says how llama.cpp's files of one architecture become a family's
// config and weights. Source: llama.cpp gguf-py/gguf/constants.py and
// conversion/*.py, which say what conversion changed.
type ggufArch struct {
	arch, family string
	variants     []ggufVariant
	// tensorVariant is a tensor of the first layer of experts without which there
	// are no variants.
	tensorVariant string
	keys          map[string]string // config.json's fields beside the common ones, from which key
	settled       map[string]any    // and those that every file of the architecture means
	ffnNorm       string            // what the norm before the MLP is called, where it isn't ffn_norm
	fusedGate     bool              // gate and up are one matrix, ffn_up
	permuted      bool              // the rows of queries and keys were put in Meta's order
}

// ggufVariant is another family's name under the same architecture, which the
// files have that state a number for a key.
type ggufVariant struct{ key, family string }

func ggufArchs() []ggufArch {
	caps := map[string]string{
		"attn_logit_softcapping": "attn_logit_softcapping", "final_logit_softcapping": "final_logit_softcapping",
	}
	return []ggufArch{
		{arch: "llama", family: "llama", permuted: true, variants: []ggufVariant{
			{"expert_count", "mixtral"}, {"attention.sliding_window", "mistral"},
		}},
		{arch: "qwen2", family: "qwen2"},
		{arch: "qwen3", family: "qwen3"},
		{arch: "qwen3moe", family: "qwen3_moe", settled: map[string]any{"norm_topk_prob": true}}, // no key says so
		{arch: "smollm3", family: "smollm3", permuted: true},
		{arch: "gemma", family: "gemma"},
		{arch: "gemma2", family: "gemma2", keys: caps},
		{arch: "gemma3", family: "gemma3_text", keys: caps},
		{arch: "phi2", family: "phi"},
		{arch: "phi3", family: "phi3", fusedGate: true},
		{arch: "gpt2", family: "gpt2"},
		{arch: "starcoder", family: "gpt_bigcode"},
		{arch: "starcoder2", family: "starcoder2"},
		{arch: "gptneox", family: "gpt_neox", keys: map[string]string{"use_parallel_residual": "use_parallel_residual"}},
		{arch: "gpt-oss", family: "gpt_oss", ffnNorm: "post_attention_norm", keys: map[string]string{"intermediate_size": "expert_feed_forward_length"}},
		{arch: "bloom", family: "bloom"},
		// Files are made of those that turn, with attention and MLP in parallel.
		{arch: "falcon", family: "falcon", keys: map[string]string{
			"num_kv_heads": "attention.head_count_kv", "ffn_hidden_size": "feed_forward_length",
		}, settled: map[string]any{"new_decoder_architecture": true}},
		{arch: "stablelm", family: "stablelm"},
		{arch: "olmo2", family: "olmo2"},
		{arch: "deepseek2", family: "deepseek_v2", tensorVariant: "exp_probs_b.bias", variants: []ggufVariant{{"expert_count", "deepseek_v3"}}, keys: map[string]string{
			"n_routed_experts": "expert_count", "n_shared_experts": "expert_shared_count", "first_k_dense_replace": "leading_dense_block_count",
			"routed_scaling_factor": "expert_weights_scale", "norm_topk_prob": "expert_weights_norm",
			"n_group": "expert_group_count", "topk_group": "expert_group_used_count",
			"kv_lora_rank": "attention.kv_lora_rank", "q_lora_rank": "attention.q_lora_rank", "qk_rope_head_dim": "rope.dimension_count",
		}},
		{arch: "command-r", family: "cohere", keys: map[string]string{"logit_scale": "logit_scale"}},
	}
}

// openGGUF reads a model from one file of llama.cpp's format.
func openGGUF(path string) (*Model, error) {
	file, err := weights.OpenGGUF(path)
	if err != nil {
		return nil, err
	}
	var m *Model
	err = file.Tensors.Guard(func() (err error) {
		m, err = assembleGGUF(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), file)
		return err
	})
	if err != nil {
		_ = file.Close() // the file is refused already, for a better reason
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func assembleGGUF(name string, file *weights.GGUF) (*Model, error) {
	g, err := readGGUF(file)
	if err != nil {
		return nil, err
	}
	config, names, err := g.config()
	if err != nil {
		return nil, err
	}
	config.Name = name
	m := &Model{Config: config, files: file.Tensors, gguf: true}
	if m.Tokenizer, err = ggufTokenizer(file); err != nil {
		return nil, err
	}
	if err := m.bind(names, file.Tensors); err != nil {
		return nil, err
	}
	return m, nil
}

// ggufReader turns a file's keys into the fields of a config.json.
type ggufReader struct {
	file   *weights.GGUF
	arch   ggufArch
	fields *fields
	err    error
}

func readGGUF(file *weights.GGUF) (*ggufReader, error) {
	name, err := file.String("general.architecture")
	if err != nil {
		return nil, err
	}
	for _, arch := range ggufArchs() {
		if arch.arch == name {
			return &ggufReader{file: file, arch: arch, fields: &fields{values: map[string]json.RawMessage{}}}, nil
		}
	}
	quoted, _ := json.Marshal(name) // a string always can be
	return nil, &UnknownFamilyError{Field: "general.architecture", Value: short(quoted)}
}

// config reads what every architecture has, what this one adds, and what the
// tensors show.
func (g *ggufReader) config() (Config, WeightNames, error) {
	for field, key := range commonKeys() {
		g.copy(field, key)
	}
	for field, key := range g.arch.keys {
		g.copy(field, key)
	}
	for field, value := range g.arch.settled {
		g.set(field, value)
	}
	g.vocabulary()
	g.shown()
	g.rotary()
	g.queryScale()
	g.windows()
	g.latent()
	if g.err != nil {
		return Config{}, WeightNames{}, g.err
	}
	name := g.family()
	for _, family := range Families() {
		if family.Name != name {
			continue
		}
		c, names := family.parse(g.fields)
		if err := g.fields.err(); err != nil {
			return Config{}, WeightNames{}, fmt.Errorf("as a config of %s: %w", name, err)
		}
		c.Family = name
		c.NormShift = 0 // conversion has added it
		if err := g.slides(&c); err != nil {
			return Config{}, WeightNames{}, err
		}
		if err := g.frequencies(&c); err != nil {
			return Config{}, WeightNames{}, err
		}
		return c, g.names(c, names), nil
	}
	return Config{}, WeightNames{}, errors.New("no family reads this architecture")
}

// family is the architecture's, or the variant's whose key the file states.
func (g *ggufReader) family() string {
	for _, v := range g.arch.variants {
		if g.arch.tensorVariant != "" && !g.hasInSome(g.arch.tensorVariant) {
			break
		}
		if n, err := g.file.Int(g.arch.arch + "." + v.key); err == nil && n > 0 {
			return v.family
		}
	}
	return g.arch.family
}

// commonKeys maps config.json's fields, in every family's spelling, to keys
// without the architecture's prefix.
func commonKeys() map[string]string {
	return map[string]string{
		"num_hidden_layers": "block_count", "n_layer": "block_count",
		"hidden_size": "embedding_length", "n_embd": "embedding_length",
		"num_attention_heads": "attention.head_count", "n_head": "attention.head_count",
		"num_key_value_heads": "attention.head_count_kv",
		"head_dim":            "attention.key_length",
		"intermediate_size":   "feed_forward_length", "n_inner": "feed_forward_length",
		"max_position_embeddings": "context_length", "n_positions": "context_length",
		"rms_norm_eps":   "attention.layer_norm_rms_epsilon",
		"layer_norm_eps": "attention.layer_norm_epsilon", "layer_norm_epsilon": "attention.layer_norm_epsilon", "norm_epsilon": "attention.layer_norm_epsilon",
		"rope_theta": "rope.freq_base", "rotary_emb_base": "rope.freq_base",
		"sliding_window":    "attention.sliding_window",
		"num_local_experts": "expert_count", "num_experts_per_tok": "expert_used_count", "moe_intermediate_size": "expert_feed_forward_length",
	}
}

// absentAsZero are the keys whose 0 says that a model has no such thing: Phi 4
// is Phi 3 with a window of 0.
func absentAsZero(key string) bool {
	return key == "attention.sliding_window" || key == "expert_count" || key == "expert_used_count"
}

// copy takes a key's value over, if the file has it.
func (g *ggufReader) copy(field, key string) {
	none := absentAsZero(key)
	key = g.arch.arch + "." + key
	if !g.file.Has(key) || g.err != nil {
		return
	}
	if g.file.IsArray(key) {
		g.err = fmt.Errorf("%s differs from layer to layer, which attn does not run", key)
		return
	}
	var value any
	var err error
	if value, err = g.file.Int(key); err != nil {
		if value, err = g.file.Float(key); err != nil {
			value, err = g.file.Bool(key)
		}
	}
	if err != nil {
		g.err = err
		return
	}
	if none && value == int64(0) {
		return
	}
	g.set(field, value)
}

func (g *ggufReader) set(field string, value any) {
	text, err := json.Marshal(value)
	if err != nil && g.err == nil {
		g.err = fmt.Errorf("%s: %w", field, err)
	}
	g.fields.values[field] = text
}

// vocabulary reads its size off the embedding, and whether the head is tied off
// there being none.
func (g *ggufReader) vocabulary() {
	embed, ok := g.file.Tensors.Get("token_embd.weight")
	if !ok || len(embed.Shape) != 2 {
		g.err = errors.Join(g.err, errors.New("token_embd.weight is missing or no matrix"))
		return
	}
	g.set("vocab_size", embed.Shape[0])
	g.set("tie_word_embeddings", !g.file.Tensors.Has("output.weight"))
}

// shown sets the fields that say which tensors a model has, from those that the
// file has: each family reads the ones it knows.
func (g *ggufReader) shown() {
	has := g.file.Tensors.Has
	bias := has("blk.0.attn_q.bias") || has("blk.0.attn_qkv.bias")
	for _, field := range []string{"attention_bias", "use_qkv_bias", "use_bias", "bias"} {
		g.set(field, bias)
	}
	g.set("mlp_bias", has("blk.0.ffn_up.bias"))
	for _, field := range []string{"qk_layernorm", "use_qk_norm"} {
		g.set(field, has("blk.0.attn_q_norm.weight"))
	}
	if !has("blk.0.ffn_norm.weight") { // StableLM's MLP then reads what attention reads
		g.set("use_parallel_residual", true)
	}
	g.set("num_ln_in_parallel_attn", 1)
	if has(ownNorm) {
		g.set("num_ln_in_parallel_attn", 2)
	}
}

// ownNorm is the norm before attention where the MLP has another (Falcon).
const ownNorm = "blk.0.attn_norm_2.weight"

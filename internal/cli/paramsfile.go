package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"attn/internal/model/weights"
	"attn/internal/params"
)

// readFolder reads the shape of a Hugging Face folder: its config, and what
// its weight files hold if they are there.
func readFolder(name, dir string) (params.Shape, error) {
	if _, err := weights.Resolve(dir, "config.json"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return params.Shape{}, failf("%w", err)
	}
	s, err := readShape(name, filepath.Join(dir, "config.json"))
	if err != nil {
		return s, err
	}
	files, err := weights.OpenDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, nil // a config alone can be counted
	case err != nil:
		return s, failf("%w", err)
	}
	defer files.Close()
	return withFile(s, files)
}

func withFile(s params.Shape, files *weights.Set) (params.Shape, error) {
	held, err := s.WithFile(numbersIn(files), files.Size())
	if err != nil {
		return s, failf("cannot count: %w: %s", err, s.Name)
	}
	return held, nil
}

// numbersIn is how many numbers the tensors have, all together.
func numbersIn(files *weights.Set) int64 {
	total := int64(0)
	for _, name := range files.Names() {
		tensor, _ := files.Get(name)
		numbers := int64(1)
		if base, ok := strings.CutSuffix(name, "_blocks"); ok && tensor.Stored() == "U8" {
			if _, scaled := files.Get(base + "_scales"); scaled {
				numbers = 2 // in a byte: MXFP4
			}
		}
		for _, size := range tensor.Shape {
			numbers *= int64(size) // the file was checked to hold them
		}
		total += numbers
	}
	return total
}

// readGGUF reads the shape of llama.cpp's file: what its keys say is put in
// the words of a config.json.
func readGGUF(path string) (params.Shape, error) {
	file, err := weights.OpenGGUF(path)
	if err != nil {
		return params.Shape{}, failf("%w", err)
	}
	defer file.Close()
	config, err := json.Marshal(ggufConfig(file))
	if err != nil {
		return params.Shape{}, failf("%s: %w", path, err)
	}
	s, err := parseShape(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), path, config)
	if err != nil {
		return s, err
	}
	s.DType = "f16" // in which llama.cpp keeps what it computes, by default
	return withFile(s, file.Tensors)
}

// ggufKinds are the model_types of llama.cpp's architectures where they are
// called otherwise.
func ggufKinds() map[string]string {
	return map[string]string{
		"qwen3moe": "qwen3_moe", "gemma3": "gemma3_text", "gptneox": "gpt_neox", "phi2": "phi", "starcoder": "gpt_bigcode",
		"command-r": "cohere", "gpt-oss": "gpt_oss", "deepseek2": "deepseek_v2",
	}
}

// ggufFields says which of a config's fields, under the names of all families,
// are which of the file's keys.
func ggufFields() map[string]string {
	return map[string]string{
		"num_hidden_layers": "block_count", "n_layer": "block_count",
		"hidden_size": "embedding_length", "n_embd": "embedding_length",
		"intermediate_size": "feed_forward_length", "n_inner": "feed_forward_length", "ffn_hidden_size": "feed_forward_length",
		"num_attention_heads": "attention.head_count", "n_head": "attention.head_count",
		"num_key_value_heads": "attention.head_count_kv", "num_kv_heads": "attention.head_count_kv",
		"head_dim":                "attention.key_length",
		"max_position_embeddings": "context_length", "n_positions": "context_length", "seq_length": "context_length",
		"sliding_window":    "attention.sliding_window",
		"num_local_experts": "expert_count", "num_experts": "expert_count", "n_routed_experts": "expert_count",
		"num_experts_per_tok": "expert_used_count", "n_shared_experts": "expert_shared_count",
		"moe_intermediate_size": "expert_feed_forward_length", "first_k_dense_replace": "leading_dense_block_count",
		"q_lora_rank": "attention.q_lora_rank", "kv_lora_rank": "attention.kv_lora_rank",
		"v_head_dim": "attention.value_length", "qk_rope_head_dim": "rope.dimension_count",
	}
}

// ggufConfig is the config.json that the file's keys and tensors tell. What a
// key says that is no whole number stays out, and is missed where it is needed.
func ggufConfig(file *weights.GGUF) map[string]any {
	architecture, err := file.String("general.architecture")
	if err != nil {
		return nil
	}
	config := map[string]any{"model_type": architecture}
	if kind, ok := ggufKinds()[architecture]; ok {
		config["model_type"] = kind
	}
	for field, key := range ggufFields() {
		if n, err := file.Uint(architecture + "." + key); err == nil {
			config[field] = n
		}
	}
	_, own := file.Tensors.Get("output.weight")
	config["tie_word_embeddings"] = !own
	if embedding, ok := file.Tensors.Get("token_embd.weight"); ok && len(embedding.Shape) == 2 {
		config["vocab_size"] = embedding.Shape[0]
	}
	ggufSpecial(architecture, file, config)
	return config
}

// ggufSpecial settles what one key or tensor alone does not tell.
func ggufSpecial(architecture string, file *weights.GGUF, config map[string]any) {
	switch architecture {
	case "llama":
		if file.Has("llama.expert_count") {
			config["model_type"] = "mixtral"
		}
	case "gpt-oss":
		config["intermediate_size"] = config["moe_intermediate_size"]
	case "deepseek2":
		dense, _ := config["first_k_dense_replace"].(uint64) // the layer after them has a router
		if _, corrected := file.Tensors.Get(fmt.Sprintf("blk.%d.exp_probs_b.bias", dense)); corrected {
			config["model_type"] = "deepseek_v3"
		}
		for field, key := range map[string]string{"head_dim": "attention.key_length_mla", "v_head_dim": "attention.value_length_mla"} {
			if n, err := file.Uint(architecture + "." + key); err == nil {
				config[field] = n
			}
		}
		whole, known := config["head_dim"].(uint64)
		if rope, ok := config["qk_rope_head_dim"].(uint64); ok && known && whole > rope {
			config["qk_nope_head_dim"] = whole - rope
		}
	}
}

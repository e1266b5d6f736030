package model_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"attn/internal/model"
	"attn/internal/model/weights"
	"attn/internal/trace"
)

// ggufFile writes GGUF version 3, F32 tensors only.
type ggufFile struct {
	keys, infos, data bytes.Buffer
	nKeys, nTensors   uint64
}

func put(b *bytes.Buffer, values ...any) {
	for _, v := range values {
		if s, ok := v.(string); ok {
			put(b, uint64(len(s)))
			b.WriteString(s)
			continue
		}
		if err := binary.Write(b, binary.LittleEndian, v); err != nil {
			panic(err.Error())
		}
	}
}

// key adds a value: u32, f32, bool or string (types 4, 6, 7 and 8).
func (g *ggufFile) key(name string, value any) {
	g.nKeys++
	switch v := value.(type) {
	case int:
		put(&g.keys, name, uint32(4), uint32(v))
	case float64:
		put(&g.keys, name, uint32(6), float32(v))
	case bool:
		put(&g.keys, name, uint32(7), v)
	case string:
		put(&g.keys, name, uint32(8), v)
	}
}

// tensor adds a matrix or vector, its shape outermost first.
func (g *ggufFile) tensor(name string, shape []int, values []float32) {
	g.nTensors++
	put(&g.infos, name, uint32(len(shape)))
	for i := len(shape) - 1; i >= 0; i-- {
		put(&g.infos, uint64(shape[i]))
	}
	put(&g.infos, uint32(0), uint64(g.data.Len())) // F32
	put(&g.data, values)
	for g.data.Len()%32 != 0 {
		g.data.WriteByte(0)
	}
}

func (g *ggufFile) write(t *testing.T, path string) {
	t.Helper()
	var out bytes.Buffer
	out.WriteString("GGUF")
	put(&out, uint32(3), g.nTensors, g.nKeys)
	out.Write(g.keys.Bytes())
	out.Write(g.infos.Bytes())
	for out.Len()%32 != 0 {
		out.WriteByte(0)
	}
	out.Write(g.data.Bytes())
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// conversion is what llama.cpp's converters do to one architecture (conversion/*.py,
// as the project's notes on formats tell it).
type conversion struct {
	arch    string
	keys    map[string]string // GGUF key, without the architecture, from config field
	names   map[string]string // Hugging Face part of a block's tensor -> GGUF's
	global  map[string]string
	block   string
	turn    []string       // tensors stored [in, out], turned
	permute map[string]int // Q and K, in Meta's order, with their heads
	regroup string         // per-head [q k v] rows, made all q, all k, all v
	plusOne bool           // norms hold 1 + w
}

var llamaParts = map[string]string{
	"input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
	"self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
	"mlp.down_proj": "ffn_down", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
	"self_attn.qkv_proj": "attn_qkv", "mlp.gate_up_proj": "ffn_up", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
}

var llamaGlobal = map[string]string{"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}

var llamaKeys = map[string]string{
	"block_count": "num_hidden_layers", "embedding_length": "hidden_size", "attention.head_count": "num_attention_heads",
	"attention.head_count_kv": "num_key_value_heads", "attention.key_length": "head_dim", "feed_forward_length": "intermediate_size",
	"context_length": "max_position_embeddings", "attention.layer_norm_rms_epsilon": "rms_norm_eps", "attention.sliding_window": "sliding_window",
	"attn_logit_softcapping": "attn_logit_softcapping", "final_logit_softcapping": "final_logit_softcapping", "attention.layer_norm_epsilon": "norm_epsilon",
}

// conversions lists what is converted here. The reference of Gemma 2 has a query
// scale of its own, which GGUF has no key for; Gemma 3 is tested as a real file.
func conversions() map[string]conversion {
	plain := func(arch string) conversion {
		return conversion{arch: arch, keys: llamaKeys, names: llamaParts, global: llamaGlobal, block: "model.layers."}
	}
	llama := plain("llama")
	llama.permute = map[string]int{"self_attn.q_proj": 0, "self_attn.k_proj": 0}
	gemma := plain("gemma")
	gemma.plusOne = true
	gpt2 := conversion{
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
	neox := conversion{
		arch: "gptneox", block: "gpt_neox.layers.", regroup: "attention.query_key_value",
		keys: map[string]string{
			"block_count": "num_hidden_layers", "embedding_length": "hidden_size", "attention.head_count": "num_attention_heads",
			"context_length": "max_position_embeddings", "feed_forward_length": "intermediate_size", "attention.layer_norm_epsilon": "layer_norm_eps",
			"use_parallel_residual": "use_parallel_residual",
		},
		names: map[string]string{
			"input_layernorm": "attn_norm", "attention.query_key_value": "attn_qkv", "attention.dense": "attn_output",
			"post_attention_layernorm": "ffn_norm", "mlp.dense_h_to_4h": "ffn_up", "mlp.dense_4h_to_h": "ffn_down",
		},
		global: map[string]string{"gpt_neox.embed_in": "token_embd", "gpt_neox.final_layer_norm": "output_norm", "embed_out": "output"},
	}
	return map[string]conversion{
		"llama": llama, "llama-linear": llama, "llama-yarn": llama, "qwen2": plain("qwen2"), "qwen3": plain("qwen3"), "gemma": gemma,
		"phi3": plain("phi3"), "starcoder2": plain("starcoder2"), "gpt2-odd": gpt2, "gpt_neox": neox, "gpt_neox-serial": neox,
	}
}

// TestGGUF converts references as llama.cpp's converters do, and holds what attn
// reads of them to transformers' traces.
func TestGGUF(t *testing.T) {
	for name, c := range conversions() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name+".gguf")
			convert(t, filepath.Join("../../testdata/tiny", name), c).write(t, path)
			m, err := model.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			want := loadReference(t, name)
			got := record(t, m, openBackend(t, "cpu", 0), want.Tokens)
			for _, d := range trace.Diff(got, want, trace.Tolerance{}) {
				if d.Missing || d.Max > 1e-5*max(1, d.Scale) {
					t.Fatalf("first diverging step: %+v", d)
				}
			}
		})
	}
}

// convert writes a folder's model as a GGUF file.
func convert(t *testing.T, dir string, c conversion) *ggufFile {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := json.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	g := &ggufFile{}
	g.key("general.architecture", c.arch)
	for key, field := range c.keys {
		g.configKey(c.arch+"."+key, config[field])
	}
	g.ropeKeys(c.arch, config)
	files, err := weights.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	for _, name := range files.Names() {
		w, _ := files.Get(name)
		to, part := c.rename(name)
		if to == "" {
			t.Fatalf("no GGUF name for %s", name)
		}
		shape, values := c.change(part, w.Shape, weights.Floats(w), config)
		g.tensor(to, shape, values)
	}
	return g
}

func (g *ggufFile) configKey(key string, value any) {
	switch v := value.(type) {
	case bool:
		g.key(key, v)
	case float64:
		if v == math.Trunc(v) && !strings.Contains(key, "epsilon") && !strings.Contains(key, "softcapping") {
			g.key(key, int(v))
		} else {
			g.key(key, v)
		}
	}
}

// ropeKeys writes what converters keep of rope_parameters.
func (g *ggufFile) ropeKeys(arch string, config map[string]any) {
	p, _ := config["rope_parameters"].(map[string]any)
	number := func(name string, otherwise float64) float64 {
		if v, ok := p[name].(float64); ok {
			return v
		}
		return otherwise
	}
	if p == nil {
		return
	}
	g.key(arch+".rope.freq_base", number("rope_theta", 10000))
	heads, _ := config["num_attention_heads"].(float64)
	width, _ := config["hidden_size"].(float64)
	head := width / heads
	if v, ok := config["head_dim"].(float64); ok {
		head = v
	}
	g.key(arch+".rope.dimension_count", int(head*number("partial_rotary_factor", 1)))
	if kind, _ := p["rope_type"].(string); kind == "linear" || kind == "yarn" {
		g.key(arch+".rope.scaling.type", kind)
		g.key(arch+".rope.scaling.factor", number("factor", 1))
		if v := number("original_max_position_embeddings", 0); v > 0 {
			g.key(arch+".rope.scaling.original_context_length", int(v))
		}
	}
}

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
	if c.names[part] == "" {
		return "", ""
	}
	return fmt.Sprintf("blk.%s.%s%s", layer, c.names[part], kind), part
}

// change applies what conversion does to a tensor's numbers.
func (c conversion) change(part string, shape []int, values []float32, config map[string]any) ([]int, []float32) {
	size := func(name string, otherwise float64) int {
		if v, ok := config[name].(float64); ok {
			return int(v)
		}
		return int(otherwise)
	}
	heads := size("num_attention_heads", 1)
	row := len(values) / shape[0]
	switch {
	case c.plusOne && strings.Contains(part, "norm"):
		for i := range values {
			values[i]++
		}
	case contains(c.turn, part) && len(shape) == 2:
		return []int{shape[1], shape[0]}, turned(values, shape[0], shape[1])
	case c.permute != nil && (part == "self_attn.q_proj" || part == "self_attn.k_proj"):
		if part == "self_attn.k_proj" {
			heads = size("num_key_value_heads", float64(heads))
		}
		d := shape[0] / heads
		return shape, rows(values, row, func(o int) int { // GGUF row h*d + 2i + s is row h*d + s*d/2 + i
			h, r := o/d, o%d
			return h*d + r%2*(d/2) + r/2
		})
	case part == c.regroup && c.regroup != "":
		d := shape[0] / (3 * heads)
		return shape, rows(values, row, func(o int) int { // all q, all k, all v
			which, r := o/(heads*d), o%(heads*d)
			return r/d*3*d + which*d + r%d
		})
	}
	return shape, values
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
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

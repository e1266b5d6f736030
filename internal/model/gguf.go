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
	keys         map[string]string // config.json's fields beside the common ones, from which key
	fused        bool              // queries, keys and values are one matrix, attn_qkv
	fusedGate    bool              // gate and up are one matrix, ffn_up
	permuted     bool              // the rows of queries and keys were put in Meta's order
}

func ggufArchs() []ggufArch {
	scalar := map[string]string{
		"attn_logit_softcapping": "attn_logit_softcapping", "final_logit_softcapping": "final_logit_softcapping",
	}
	return []ggufArch{
		{arch: "llama", family: "llama", permuted: true},
		{arch: "qwen2", family: "qwen2"},
		{arch: "qwen3", family: "qwen3"},
		{arch: "gemma", family: "gemma"},
		{arch: "gemma2", family: "gemma2", keys: scalar},
		{arch: "gemma3", family: "gemma3_text"},
		{arch: "phi3", family: "phi3", fused: true, fusedGate: true},
		{arch: "gpt2", family: "gpt2", fused: true},
		{arch: "gptneox", family: "gpt_neox", fused: true, keys: map[string]string{"use_parallel_residual": "use_parallel_residual"}},
		{arch: "starcoder2", family: "starcoder2"},
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
	m := &Model{Config: config, files: file.Tensors}
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
	g.vocabulary()
	g.rotary()
	g.queryScale()
	if g.err != nil {
		return Config{}, WeightNames{}, g.err
	}
	for _, family := range Families() {
		if family.Name != g.arch.family {
			continue
		}
		c, names := family.parse(g.fields)
		if err := g.fields.err(); err != nil {
			return Config{}, WeightNames{}, fmt.Errorf("as a config of %s: %w", g.arch.family, err)
		}
		c.Family = family.Name
		c.NormShift = 0 // conversion has added it
		if err := g.frequencies(&c); err != nil {
			return Config{}, WeightNames{}, err
		}
		return c, g.names(c, names), nil
	}
	return Config{}, WeightNames{}, errors.New("no family reads this architecture")
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
		"sliding_window": "attention.sliding_window",
	}
}

// copy takes a key's value over, if the file has it.
func (g *ggufReader) copy(field, key string) {
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
	_, own := g.file.Tensors.Get("output.weight")
	g.set("tie_word_embeddings", !own)
}

// rotary gathers what a config.json holds in rope_scaling, and which part of a
// head turns.
func (g *ggufReader) rotary() {
	prefix := g.arch.arch + "."
	if kind, err := g.file.String(prefix + "rope.scaling.type"); err == nil && kind != "none" {
		scaling := map[string]any{"rope_type": kind}
		for field, key := range map[string]string{
			"factor": "rope.scaling.factor", "original_max_position_embeddings": "rope.scaling.original_context_length",
		} {
			if n, err := g.file.Int(prefix + key); err == nil {
				scaling[field] = n
			} else if v, err := g.file.Float(prefix + key); err == nil {
				scaling[field] = v
			}
		}
		if kind != "longrope" { // its factors are tensors: see frequencies
			g.set("rope_scaling", scaling)
		}
	}
	turned, err := g.file.Int(prefix + "rope.dimension_count")
	if err != nil || turned < 1 {
		return
	}
	heads, width := g.fields.sizeOr("num_attention_heads", maxHeads, 1), g.fields.sizeOr("hidden_size", maxWidth, 1)
	head := g.fields.sizeOr("head_dim", maxWidth, max(1, width/heads))
	for _, field := range []string{"partial_rotary_factor", "rotary_pct"} {
		g.set(field, float64(turned)/float64(head))
	}
}

// queryScale: Gemma's factor of the scores is not in the file. It is 1/√d_head
// but in the 27B models, which their layers give away (llama.cpp does the same).
func (g *ggufReader) queryScale() {
	layers, heads := g.fields.sizeOr("num_hidden_layers", maxLayers, 1), g.fields.sizeOr("num_attention_heads", maxHeads, 1)
	scalar := g.fields.sizeOr("head_dim", maxWidth, 256)
	if g.arch.arch == "gemma2" && layers == 46 || g.arch.arch == "gemma3" && layers == 62 {
		scalar = g.fields.sizeOr("hidden_size", maxWidth, 1) / heads
	}
	g.set("query_pre_attn_scalar", max(1, scalar))
}

// frequencies applies the divisors that conversion worked out from config.json's
// scaling and stored as tensors.
func (g *ggufReader) frequencies(c *Config) error {
	pairs := 0
	if r := c.rope(0); r != nil {
		pairs = r.Dim / 2
	}
	short, ok1, err1 := g.divisors("rope_freqs.weight", pairs)
	if !ok1 {
		short, ok1, err1 = g.divisors("rope_factors_short.weight", pairs)
	}
	long, ok2, err2 := g.divisors("rope_factors_long.weight", pairs)
	if err := errors.Join(err1, err2); err != nil || !ok1 {
		return err
	}
	s := RopeScaling{Kind: "longrope", Short: short, Long: long, Original: maxContext}
	if ok2 {
		s.Original = float64(c.Context)
		if n, err := g.file.Int(g.arch.arch + ".rope.scaling.original_context_length"); err == nil {
			s.Original = float64(n)
		}
		s.Attention, _ = g.file.Float(g.arch.arch + ".rope.scaling.attn_factor") // 0, so 1, when it is not there
	}
	for _, r := range c.Ropes {
		if r != nil {
			r.Scaling = s
		}
	}
	return nil
}

func (g *ggufReader) divisors(name string, pairs int) ([]float64, bool, error) {
	t, ok := g.file.Tensors.Get(name)
	if !ok {
		return nil, false, nil
	}
	values := weights.Floats(t)
	if len(values) != pairs {
		return nil, false, fmt.Errorf("%s has %d numbers, %d pairs turn", name, len(values), pairs)
	}
	list := make([]float64, pairs)
	for i, v := range values {
		if !(v > 0) {
			return nil, false, fmt.Errorf("%s: number %d is %v", name, i, v)
		}
		list[i] = float64(v)
	}
	return list, true, nil
}

// names puts llama.cpp's names where the family has its own.
func (g *ggufReader) names(c Config, n WeightNames) WeightNames {
	rename := func(name *string, to string) {
		if *name != "" {
			*name = to
		}
	}
	postAttention := n.PostAttention != ""
	n.Prefixes, n.Buffers, n.Ignored = []string{""}, nil, nil
	n.Embed, n.Unembed, n.FinalNorm, n.Block = "token_embd.weight", "output", "output_norm", "blk.%d."
	rename(&n.Position, "position_embd.weight")
	rename(&n.Norm1, "attn_norm")
	rename(&n.Norm2, "ffn_norm")
	rename(&n.QNorm, "attn_q_norm")
	rename(&n.KNorm, "attn_k_norm")
	if postAttention {
		n.PostAttention, n.PostMLP = "post_attention_norm", "post_ffw_norm"
	}
	linear := func(s *Source, name string) { *s = Source{Name: name, NoBias: s.NoBias} }
	linear(&n.Q, "attn_q")
	linear(&n.K, "attn_k")
	linear(&n.V, "attn_v")
	linear(&n.O, "attn_output")
	linear(&n.Gate, "ffn_gate")
	linear(&n.Up, "ffn_up")
	linear(&n.Down, "ffn_down")
	q, kv := c.Heads*c.DHead, c.KVHeads*c.DHead
	if g.arch.fused {
		for part, s := range map[int]*Source{0: &n.Q, q: &n.K, q + kv: &n.V} {
			s.Name, s.First, s.Total = "attn_qkv", part, q+2*kv
		}
	}
	if g.arch.fusedGate {
		n.Gate.Name, n.Gate.Total = "ffn_up", 2*c.DMLP
		n.Up.First, n.Up.Total = c.DMLP, 2*c.DMLP
	}
	if g.arch.permuted {
		n.Q.HalfSplit, n.K.HalfSplit = c.DHead, c.DHead
	}
	return n
}

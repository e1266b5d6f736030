package params

import (
	"fmt"
	"slices"
	"strings"
)

// family says how one architecture's config is read.
type family struct {
	name  string // config.json's model_type
	parse func(*fields) Shape
}

// families lists the architectures that attn counts. Each is read in the file
// of its group.
func families() []family {
	return []family{
		{"gpt2", parseGPT2},
		{"gpt_bigcode", parseBigCode},
		{"gpt_neox", parseNeoX},
		{"gptj", parseGPTJ},
		{"llama", parseLlama},
		{"smollm3", parseSmolLM3},
		{"mistral", parseMistral},
		{"mixtral", parseMixtral},
		{"qwen2", parseQwen2},
		{"qwen3", parseQwen3},
		{"qwen3_moe", parseQwen3MoE},
		{"gemma", parseGemma},
		{"gemma2", parseGemma2},
		{"gemma3_text", parseGemma3},
		{"gemma3", func(f *fields) Shape { return parseGemma3(f.object("text_config")) }}, // its text part
		{"phi", parsePhi},
		{"phi3", parsePhi3},
		{"opt", parseOPT},
		{"bloom", parseBloom},
		{"falcon", parseFalcon},
		{"stablelm", parseStableLM},
		{"olmo2", parseOLMo2},
		{"cohere", parseCohere},
		{"starcoder2", parseStarCoder2},
		{"gpt_oss", parseGPTOSS},
		{"deepseek_v2", parseDeepSeekV2},
		{"deepseek_v3", parseDeepSeekV3},
		{"bert", parseBERT},
		{"distilbert", parseDistilBERT},
		{"t5", parseT5},
		{"whisper", parseWhisper},
		{"marian", parseMarian},
	}
}

// MaxConfig bounds what is read of a config.json; real ones have some KiB.
const MaxConfig = 4 << 20

// ParseConfig reads the shape from a Hugging Face config.json, for the model
// of that name.
func ParseConfig(name string, data []byte) (Shape, error) {
	if len(data) > MaxConfig {
		return Shape{}, fmt.Errorf("%d bytes, the limit is %d", len(data), MaxConfig)
	}
	f, err := parseFields(data)
	if err != nil {
		return Shape{}, err
	}
	kind := f.kind()
	if err := f.err(); err != nil {
		return Shape{}, err
	}
	list := families()
	i := slices.IndexFunc(list, func(known family) bool { return known.name == kind })
	if i < 0 {
		return Shape{}, f.unknown(list)
	}
	f.rotary()
	s := list[i].parse(f)
	s.Name, s.DType = name, strings.ToLower(f.text(f.either("dtype", "torch_dtype"), ""))
	if err := f.err(); err != nil {
		return Shape{}, err
	}
	return s, s.check()
}

// kind is the model_type; in a config without one, what the architecture's
// name says.
func (f *fields) kind() string {
	if f.has("model_type") {
		return f.text("model_type", "")
	}
	for _, name := range f.texts("architectures") {
		if kind, ok := architectures()[name]; ok {
			return kind
		}
	}
	return ""
}

// architectures are the classes that configs without a model_type name.
func architectures() map[string]string {
	return map[string]string{
		"GPT2LMHeadModel": "gpt2", "GPT2Model": "gpt2", "GPTNeoXForCausalLM": "gpt_neox", "LlamaForCausalLM": "llama",
		"OPTForCausalLM": "opt", "BertModel": "bert", "BertForMaskedLM": "bert", "T5ForConditionalGeneration": "t5",
	}
}

func (f *fields) unknown(known []family) error {
	var names []string
	for _, k := range known {
		names = append(names, k.name)
	}
	field := "model_type"
	if !f.has(field) {
		field = "architectures"
	}
	if !f.has(field) {
		return &ConfigError{Field: "model_type", Problem: "is missing"}
	}
	return &ConfigError{
		Field:   field,
		Problem: short(f.values[field]) + " is not one that attn counts (" + strings.Join(names, ", ") + ")",
	}
}

// rotary checks the fields about positions that are in no count, in both of
// their spellings: transformers 5 keeps them in rope_parameters.
func (f *fields) rotary() {
	for _, name := range []string{"rope_parameters", "rope_scaling"} {
		f.object(name)
	}
	for _, name := range []string{"rope_theta", "rope_local_base_freq", "rotary_pct", "rotary_emb_base"} {
		if v := value(f, name, "a number", 1.0); v < 0 {
			f.fail(name, "is %v, it must not be negative", v)
		}
	}
}

// sizes reads what most families call the same.
func (f *fields) sizes(otherwise Head) Sizes {
	d := Sizes{
		Layers:      f.size("num_hidden_layers", maxLayers),
		DModel:      f.size("hidden_size", maxWidth),
		Heads:       f.size("num_attention_heads", maxHeads),
		DMLP:        f.size("intermediate_size", maxWidth),
		Vocab:       f.size("vocab_size", maxVocab),
		Context:     f.sizeOr("max_position_embeddings", maxContext, 2048),
		Unembedding: f.unembedding(otherwise),
	}
	d.KVHeads = f.sizeOr("num_key_value_heads", maxHeads, d.Heads)
	d.DHead = f.dHead(d, "hidden_size", "num_attention_heads")
	f.shared(d)
	return d
}

// dHead is head_dim, or what the heads leave of d_model.
func (f *fields) dHead(d Sizes, dModel, heads string) int {
	if f.has("head_dim") {
		return f.size("head_dim", maxWidth)
	}
	if len(*f.errs) == 0 && d.DModel%d.Heads != 0 {
		f.fail(dModel, "%d is not a multiple of %s %d", d.DModel, heads, d.Heads)
	}
	return max(1, d.DModel/d.Heads)
}

// shared checks that as many query heads share each key and value head.
func (f *fields) shared(d Sizes) {
	if len(*f.errs) == 0 && d.Heads%d.KVHeads != 0 {
		f.fail("num_attention_heads", "%d is not a multiple of num_key_value_heads %d", d.Heads, d.KVHeads)
	}
}

// unembedding is where the config says that it is.
func (f *fields) unembedding(otherwise Head) Head {
	if f.flag("tie_word_embeddings", otherwise == Tied) {
		return Tied
	}
	return Own
}

// attentionBias gives a block's attention the biases that the config asks for.
func (f *fields) attentionBias(b *Block, otherwise bool) {
	b.Self.Biases = Biases{}
	if f.flag("attention_bias", otherwise) {
		b.Self.Biases = Biases{Q: true, K: true, V: true, O: true}
	}
}

// window reads how far back a query sees, and in how many layers: those that
// layer_types calls sliding, or else so many.
func (f *fields) window(layers, otherwise int) (window, windowed int) {
	window = f.sizeOr("sliding_window", maxContext, 0)
	if types := f.texts("layer_types"); types != nil {
		if len(types) != layers {
			f.fail("layer_types", "has %d entries, the model has %d layers", len(types), layers)
		}
		otherwise = 0
		for _, t := range types {
			if t == "sliding_attention" {
				otherwise++
			}
		}
	}
	if window == 0 {
		return 0, 0
	}
	return window, min(otherwise, layers)
}

// experts reads how many there are and how many work on a token.
func (f *fields) experts(routed, active string) Experts {
	e := Experts{Routed: f.size(routed, maxHeads), Active: f.size(active, maxHeads)}
	if len(*f.errs) == 0 && e.Active > e.Routed {
		f.fail(active, "is %d, more than %s %d", e.Active, routed, e.Routed)
	}
	return e
}

package main_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// tinyModel is a GPT-2 of one layer on its way to disk. A defect changes it.
type tinyModel struct {
	config map[string]any
	shapes map[string][]int
	dtype  string
	number float32                  // what every weight is
	edit   [2]string                // in the header's JSON the first is replaced by the second
	size   func(header int64) int64 // the last word on what the file says its header weighs
	cut    int                      // bytes taken off the file's end
	noise  string                   // appended to it
	texts  map[string]string        // other files; "" removes one
}

const tinyWidth, tinyVocab, tinyContext = 8, 256, 16

func newTinyModel() *tinyModel {
	const d = tinyWidth
	return &tinyModel{
		config: map[string]any{
			"model_type": "gpt2", "vocab_size": tinyVocab, "n_positions": tinyContext, "n_embd": d, "n_layer": 1, "n_head": 2,
			"activation_function": "gelu_new", "layer_norm_epsilon": 1e-5, "tie_word_embeddings": true,
		},
		shapes: map[string][]int{
			"wte.weight": {tinyVocab, d}, "wpe.weight": {tinyContext, d},
			"h.0.ln_1.weight": {d}, "h.0.ln_1.bias": {d}, "h.0.ln_2.weight": {d}, "h.0.ln_2.bias": {d},
			"h.0.attn.c_attn.weight": {d, 3 * d}, "h.0.attn.c_attn.bias": {3 * d},
			"h.0.attn.c_proj.weight": {d, d}, "h.0.attn.c_proj.bias": {d},
			"h.0.mlp.c_fc.weight": {d, 4 * d}, "h.0.mlp.c_fc.bias": {4 * d},
			"h.0.mlp.c_proj.weight": {4 * d, d}, "h.0.mlp.c_proj.bias": {d},
			"ln_f.weight": {d}, "ln_f.bias": {d},
		},
		dtype:  "F32",
		number: 0.01,
		size:   func(n int64) int64 { return n },
		texts:  map[string]string{"tokenizer.json": bytesTokenizer()},
	}
}

// defects are the ways in which a folder can be broken.
func defects() map[string]func(*tinyModel) {
	set := func(key string, value any) func(*tinyModel) {
		return func(m *tinyModel) { m.config[key] = value }
	}
	write := func(name, text string) func(*tinyModel) {
		return func(m *tinyModel) { m.texts[name] = text }
	}
	header := func(from, to string) func(*tinyModel) {
		return func(m *tinyModel) { m.edit = [2]string{from, to} }
	}
	return map[string]func(*tinyModel){
		"config-empty":      write("config.json", "\n"),
		"config-array":      write("config.json", "[]"),
		"config-truncated":  write("config.json", `{"model_type": "gpt2", "n_em`),
		"config-binary":     write("config.json", "\x00\x1b[2J\xff"),
		"config-no-layers":  func(m *tinyModel) { delete(m.config, "n_layer") },
		"config-negative":   set("n_head", -2),
		"config-zero":       set("n_embd", 0),
		"config-fraction":   set("n_layer", 1.5),
		"config-huge":       set("n_layer", 1_000_000_000),
		"config-overflow":   set("n_embd", json.Number("99999999999999999999999")),
		"config-text":       set("n_embd", "8"),
		"config-list":       set("n_layer", []int{1}),
		"config-uneven":     set("n_head", 3),
		"config-type":       set("model_type", "perceiver"),
		"config-type-esc":   set("model_type", "evil\x1b]0;title\a\nline"),
		"config-activation": set("activation_function", "tanhshrink"),
		"config-layers":     set("n_layer", 2),
		"config-width":      set("n_embd", 16),

		"tokenizer-none":     write("tokenizer.json", ""),
		"tokenizer-kind":     write("tokenizer.json", `{"version":"1.0","model":{"type":"Hieroglyphs","vocab":{}}}`),
		"tokenizer-broken":   write("tokenizer.json", `{"version":"1.0","model":{"type":"BPE","vocab":{"a"`),
		"tokenizer-too-many": func(m *tinyModel) { m.config["vocab_size"] = 100; m.shapes["wte.weight"] = []int{100, tinyWidth} },

		"weights-none":      write("model.safetensors", ""),
		"weights-empty":     func(m *tinyModel) { m.cut = 1 << 30 },
		"weights-truncated": func(m *tinyModel) { m.cut = 100 },
		"weights-in-header": func(m *tinyModel) { m.cut = 1 << 30; m.noise = "\x40\x00\x00\x00\x00\x00\x00\x00{\"wte" },
		"weights-longer":    func(m *tinyModel) { m.noise = "extra" },
		"header-huge":       func(m *tinyModel) { m.size = func(int64) int64 { return 1 << 40 } },
		"header-negative":   func(m *tinyModel) { m.size = func(int64) int64 { return -1 } },
		"header-no-json":    header("{", "<"),
		"header-twice":      header(`"h.0.ln_1.bias"`, `"h.0.ln_2.bias"`),
		"header-overlap":    header(`[1184,1216]`, `[1152,1184]`),
		"header-dtype":      header(`"F32"`, `"F31"`),
		"header-shape":      header(`"shape":[8]`, `"shape":[-8]`),
		"header-shape-huge": header(`"shape":[8]`, `"shape":[4611686018427387904,4]`),
		"missing":           func(m *tinyModel) { delete(m.shapes, "h.0.mlp.c_fc.weight"); delete(m.shapes, "ln_f.bias") },
		"left-over":         func(m *tinyModel) { m.shapes["h.0.attn.extra\n\x1b[31m.weight"] = []int{2} },
		"wrong-shape":       func(m *tinyModel) { m.shapes["wpe.weight"] = []int{tinyWidth, tinyContext} },
		"nan":               func(m *tinyModel) { m.number = float32(math.NaN()) },
		"inf":               func(m *tinyModel) { m.number = float32(math.Inf(-1)) },
	}
}

func scriptMakeModel(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: mkmodel FOLDER [DEFECT]")
	}
	m := newTinyModel()
	if len(args) == 2 {
		spoil, ok := defects()[args[1]]
		if !ok {
			ts.Fatalf("there is no defect %s", args[1])
		}
		spoil(m)
	}
	ts.Check(m.write(ts.MkAbs(args[0])))
}

func (m *tinyModel) write(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	config, err := json.Marshal(m.config)
	if err != nil {
		return err
	}
	weights, err := m.weights()
	if err != nil {
		return err
	}
	files := map[string]string{"config.json": string(config), "model.safetensors": string(weights)}
	maps.Copy(files, m.texts)
	for name, text := range files {
		if _, stated := m.texts[name]; stated && text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// weights is the safetensors file.
func (m *tinyModel) weights() ([]byte, error) {
	var data []byte
	var entries []string
	for _, name := range slices.Sorted(maps.Keys(m.shapes)) {
		begin, n := len(data), 1
		for _, size := range m.shapes[name] {
			n *= size
		}
		for range n {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(m.number))
		}
		shape, _ := json.Marshal(m.shapes[name])
		quoted, _ := json.Marshal(name)
		entries = append(entries, fmt.Sprintf(`%s:{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`, quoted, m.dtype, shape, begin, len(data)))
	}
	header := "{" + strings.Join(entries, ",") + "}"
	if !strings.Contains(header, m.edit[0]) {
		return nil, fmt.Errorf("the header has no %s", m.edit[0])
	}
	header = strings.Replace(header, m.edit[0], m.edit[1], 1)
	file := binary.LittleEndian.AppendUint64(nil, uint64(m.size(int64(len(header)))))
	file = append(append(file, header...), data...)
	return append(file[:max(0, len(file)-m.cut)], m.noise...), nil
}

// bytesTokenizer is a byte-level BPE with the 256 bytes and no merges, in the
// spelling that GPT-2 gave them: a printable character for each byte.
func bytesTokenizer() string {
	vocab := map[string]int{}
	next := rune(256)
	for b := range 256 {
		r := rune(b)
		if !(b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae) {
			r, next = next, next+1
		}
		vocab[string(r)] = b
	}
	text, _ := json.Marshal(map[string]any{
		"version": "1.0", "added_tokens": []any{}, "normalizer": nil,
		"pre_tokenizer":  map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
		"post_processor": nil,
		"decoder":        map[string]any{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
		"model": map[string]any{
			"type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": "", "end_of_word_suffix": "",
			"fuse_unk": false, "vocab": vocab, "merges": []string{},
		},
	})
	return string(text)
}

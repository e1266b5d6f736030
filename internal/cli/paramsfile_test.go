package cli

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"attn/internal/params"
	"attn/internal/safetensors"
	"attn/internal/tensor"
)

// ggufValue is one key of a GGUF file: a text or a whole number.
type ggufValue struct {
	key  string
	text string
	n    uint32
}

// ggufFile is a file of llama.cpp's format, version 3, with zeros for weights
// (F32; shapes innermost first).
func ggufFile(values []ggufValue, names []string, shapes [][]uint64) []byte {
	var b bytes.Buffer
	put := func(v any) {
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			panic(err) // into memory, of a fixed-size value
		}
	}
	text := func(s string) {
		put(uint64(len(s)))
		b.WriteString(s)
	}
	b.WriteString("GGUF")
	put(uint32(3))
	put(uint64(len(names)))
	put(uint64(len(values)))
	for _, v := range values {
		text(v.key)
		if v.text != "" {
			put(uint32(8))
			text(v.text)
			continue
		}
		put(uint32(4))
		put(v.n)
	}
	offset := uint64(0)
	for i, name := range names {
		text(name)
		put(uint32(len(shapes[i])))
		size := uint64(4)
		for _, n := range shapes[i] {
			put(n)
			size *= n
		}
		put(uint32(0))
		put(offset)
		offset += (size + 31) / 32 * 32
	}
	b.Write(make([]byte, (32-b.Len()%32)%32+int(offset)))
	return b.Bytes()
}

// tinyGGUF is Llama of one layer: 352 parameters, and 2 divisors of angles.
func tinyGGUF() []byte {
	names := []string{
		"token_embd.weight", "output_norm.weight", "blk.0.attn_norm.weight", "blk.0.attn_q.weight", "blk.0.attn_k.weight",
		"blk.0.attn_v.weight", "blk.0.attn_output.weight", "blk.0.ffn_norm.weight", "blk.0.ffn_gate.weight", "blk.0.ffn_up.weight",
		"blk.0.ffn_down.weight", "rope_freqs.weight",
	}
	shapes := [][]uint64{{8, 5}, {8}, {8}, {8, 8}, {8, 4}, {8, 4}, {8, 8}, {8}, {8, 4}, {8, 4}, {4, 8}, {2}}
	return ggufFile([]ggufValue{
		{"general.architecture", "llama", 0},
		{"llama.block_count", "", 1},
		{"llama.embedding_length", "", 8},
		{"llama.feed_forward_length", "", 4},
		{"llama.attention.head_count", "", 2},
		{"llama.attention.head_count_kv", "", 1},
		{"llama.context_length", "", 64},
	}, names, shapes)
}

// TestParamsGGUF counts a GGUF file from its keys, and holds the count to its
// tensors.
func TestParamsGGUF(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	if err := os.WriteFile(path, tinyGGUF(), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := findShape(path)
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "tiny" || s.Family != "llama" || s.FileBytes != 4*354 || s.Unembedding != params.Tied {
		t.Errorf("%+v", s)
	}
	for convention, want := range map[params.Convention]int64{params.Parameters: 352, params.File: 354, params.Chapter: 368} {
		if c, err := s.Count(convention); err != nil || c.Total != want {
			t.Errorf("%s: %d, %v, want %d", convention, c.Total, err, want)
		}
	}
	out := runAttnParams(t, path, "--context", "4")
	if !strings.Contains(out, "weights as in their file") || !strings.Contains(out, "1.38 KiB") {
		t.Errorf("no bytes of the file in\n%s", out)
	}
}

// TestParamsGGUFLatents: DeepSeek's keys, and which of its versions a file is.
func TestParamsGGUFLatents(t *testing.T) {
	values := []ggufValue{{"general.architecture", "deepseek2", 0}}
	for key, n := range map[string]uint32{
		"block_count": 2, "embedding_length": 8, "feed_forward_length": 5, "attention.head_count": 2, "attention.head_count_kv": 1,
		"attention.key_length": 9, "attention.key_length_mla": 6, "attention.value_length": 7, "attention.value_length_mla": 3,
		"attention.kv_lora_rank": 7, "rope.dimension_count": 2, "expert_count": 4, "expert_used_count": 2, "expert_shared_count": 1,
		"expert_feed_forward_length": 3, "leading_dense_block_count": 1,
	} {
		values = append(values, ggufValue{"deepseek2." + key, "", n})
	}
	embedding := []uint64{8, 5}
	for want, file := range map[string][]byte{
		"deepseek_v2": ggufFile(values, []string{"token_embd.weight"}, [][]uint64{embedding}),
		"deepseek_v3": ggufFile(values, []string{"token_embd.weight", "blk.1.exp_probs_b.bias"}, [][]uint64{embedding, {4}}),
	} {
		path := filepath.Join(t.TempDir(), "x.gguf")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := findShape(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.Count(params.Parameters)
		// Queries of 2 heads, the latent with its norm, the position, keys and
		// values from the latent, and the output.
		attention := int64(2 * (2*6*8 + 7*8 + 7 + 2*8 + 2*(4+3)*7 + 2*3*8))
		if err != nil || s.Family != want || c.Attention != attention {
			t.Errorf("%s: attention %d, %v, want %s and %d", s.Family, c.Attention, err, want, attention)
		}
	}
}

// TestParamsGGUFRejects: files that are none, or of which not enough is known.
func TestParamsGGUFRejects(t *testing.T) {
	short := ggufFile([]ggufValue{{"general.architecture", "llama", 0}}, nil, nil)
	for name, c := range map[string]struct {
		data []byte
		say  string
	}{
		"text.gguf":  {[]byte("not one at all"), "GGUF"},
		"keys.gguf":  {short, "is missing"},
		"kind.gguf":  {ggufFile([]ggufValue{{"general.architecture", "mamba", 0}}, nil, nil), `model_type "mamba" is not one that attn counts`},
		"none.gguf":  {ggufFile([]ggufValue{{"general.name", "x", 0}}, nil, nil), "not a JSON object"},
		"cut.gguf":   {tinyGGUF()[:200], "cut.gguf"},
		"empty.gguf": {nil, "empty.gguf"},
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		code := NewApp(&out, &errs).Run(t.Context(), []string{"params", path})
		if code != exitFailed || out.Len() > 0 || !strings.Contains(errs.String(), c.say) || strings.Count(errs.String(), "\n") > 2 {
			t.Errorf("%s: code %d, output %q, error %q, want one that says %q", name, code, out.String(), errs.String(), c.say)
		}
	}
}

// TestParamsGemma counts a real file, where there is one.
func TestParamsGemma(t *testing.T) {
	path := os.Getenv("ATTN_TEST_GEMMA")
	if path == "" {
		t.Skip("ATTN_TEST_GEMMA names no Gemma 3 270M")
	}
	s, err := findShape(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []params.Convention{params.Parameters, params.File} {
		if count, err := s.Count(c); err != nil || count.Total != 268098176 {
			t.Errorf("%s: %d, %v", c, count.Total, err)
		}
	}
}

// TestParamsFolderFile: what the weight file of a folder holds beside the
// parameters, and what it lacks.
func TestParamsFolderFile(t *testing.T) {
	const config = `{"model_type":"llama","num_hidden_layers":1,"hidden_size":2,"num_attention_heads":1,"intermediate_size":3,"vocab_size":4,"tie_word_embeddings":true}`
	const total = 4*2 + 4*4 + 3*6 + 3*2
	for numbers, say := range map[int]string{
		total + 7: "other tensors of the file", total: "", total - 7: "lacks 7 of the parameters",
	} {
		dir := t.TempDir()
		var file bytes.Buffer
		err := safetensors.Write(&file, nil, []safetensors.Tensor{{
			Name: "all", DType: tensor.F32, Shape: []int{numbers}, Data: safetensors.Floats(make([]float32, numbers)),
		}})
		if err != nil {
			t.Fatal(err)
		}
		for name, data := range map[string][]byte{"config.json": []byte(config), "model.safetensors": file.Bytes()} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var d struct{ Total int }
		if err := json.Unmarshal([]byte(runAttnParams(t, dir, "--convention", "file", "--format", "json")), &d); err != nil || d.Total != numbers {
			t.Errorf("%d numbers in the file, counted %d, %v", numbers, d.Total, err)
		}
		out := runAttnParams(t, dir) + runAttnParams(t, dir, "--convention", "file")
		if !strings.Contains(out, say) || say == "" && (strings.Contains(out, "lacks") || strings.Contains(out, "other tensors")) {
			t.Errorf("%d numbers: no %q in\n%s", numbers, say, out)
		}
	}
}

// TestParamsConventions sets the four side by side.
func TestParamsConventions(t *testing.T) {
	for model, numbers := range map[string][]string{
		"gpt2":               {"162,129,408", "124,439,808", "137,022,720", "84,934,656"},
		"Qwen/Qwen3-0.6B":    {"751,566,848", "596,049,920", "751,632,384", "499,122,176"},
		"mixtral-8x7b":       {"46,702,526,464", "46,702,792,704", "12,879,925,248 work on one token", "file is not counted"},
		"google-t5/T5-Small": {"60,506,624", "transformerlens is not counted", "file is not counted"},
	} {
		_, side, found := strings.Cut(runAttnParams(t, model), "The same model in every convention\n")
		if !found {
			t.Fatalf("%s: no such table", model)
		}
		for _, number := range numbers {
			if !strings.Contains(side, number) {
				t.Errorf("%s: no %s in\n%s", model, number, side)
			}
		}
	}
	var d struct {
		Conventions []struct {
			Name  string
			Total *int64
			Why   string
		}
	}
	if err := json.Unmarshal([]byte(runAttnParams(t, "whisper-base", "--format", "json")), &d); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range d.Conventions {
		names = append(names, c.Name)
		if (c.Total == nil) != (c.Why != "") || (c.Total == nil) != (c.Name == "file" || c.Name == "transformerlens") {
			t.Errorf("%+v", c)
		}
	}
	if !slices.Equal(names, []string{"chapter", "parameters", "file", "transformerlens"}) {
		t.Errorf("conventions %v", names)
	}
}

// TestParamsUncounted: a convention that says nothing of a model fails when
// asked for.
func TestParamsUncounted(t *testing.T) {
	for _, args := range [][]string{{"whisper-base", "--convention", "file"}, {"deepseek-v3", "--convention", "transformerlens"}} {
		var out, errs bytes.Buffer
		code := NewApp(&out, &errs).Run(t.Context(), append([]string{"params"}, args...))
		if code != exitFailed || out.Len() > 0 || !strings.Contains(errs.String(), "not counted") || strings.Count(errs.String(), "\n") > 2 {
			t.Errorf("%v: code %d, output %q, error %q", args, code, out.String(), errs.String())
		}
	}
}

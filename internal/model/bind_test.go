package model_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"attn/internal/model"
	"attn/internal/model/weights"
	"attn/internal/safetensors"
	"attn/internal/tensor"
)

// stored is the weights of gpt2Config's model, as a file holds them. Every
// number is its own: c_attn's element [i, o] is 100 i + o.
func stored(prefix string, layers int) map[string]safetensors.Tensor {
	all := map[string]safetensors.Tensor{}
	add := func(name string, shape ...int) {
		n := 1
		for _, size := range shape {
			n *= size
		}
		values := make([]float32, n)
		for i := range values {
			last := shape[len(shape)-1]
			values[i] = float32(100*(i/last) + i%last)
		}
		all[prefix+name] = safetensors.Tensor{Name: prefix + name, DType: tensor.F32, Shape: shape, Data: safetensors.Floats(values)}
	}
	add("wte.weight", 5, 4)
	add("wpe.weight", 3, 4)
	add("ln_f.weight", 4)
	add("ln_f.bias", 4)
	for layer := range layers {
		at := fmt.Sprintf("h.%d.", layer)
		for _, norm := range []string{"ln_1", "ln_2"} {
			add(at+norm+".weight", 4)
			add(at+norm+".bias", 4)
		}
		add(at+"attn.c_attn.weight", 4, 12)
		add(at+"attn.c_attn.bias", 12)
		add(at+"attn.c_proj.weight", 4, 4)
		add(at+"attn.c_proj.bias", 4)
		add(at+"mlp.c_fc.weight", 4, 3)
		add(at+"mlp.c_fc.bias", 3)
		add(at+"mlp.c_proj.weight", 3, 4)
		add(at+"mlp.c_proj.bias", 4)
	}
	return all
}

// file writes tensors down.
func file(t testing.TB, tensors map[string]safetensors.Tensor) []byte {
	t.Helper()
	var list []safetensors.Tensor
	for _, x := range tensors {
		list = append(list, x)
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, nil, list); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func assemble(t testing.TB, config []byte, tensors map[string]safetensors.Tensor) (*model.Model, error) {
	t.Helper()
	files, err := weights.Parse("dir/model.safetensors", file(t, tensors))
	if err != nil {
		t.Fatal(err)
	}
	return model.Assemble("small", "dir/", config, nil, files)
}

// zeros is a tensor of that dtype and shape.
func zeros(name string, dtype tensor.DType, shape ...int) safetensors.Tensor {
	n := 1
	for _, size := range shape {
		n *= size
	}
	return safetensors.Tensor{Name: name, DType: dtype, Shape: shape, Data: safetensors.Bytes(make([]byte, dtype.Bytes(n)))}
}

// at reads element [out, in] of a weight of F32.
func at(l model.Linear, out, in int) float32 {
	var v [1]float32
	i := out*l.Weight.Stride[0] + in*l.Weight.Stride[1]
	tensor.Decode(v[:], tensor.F32, l.Weight.Bytes[4*i:])
	return v[0]
}

// TestBindSplitsAndTurns: GPT-2 stores [in, out], and queries, keys and values
// side by side.
func TestBindSplitsAndTurns(t *testing.T) {
	for _, prefix := range []string{"transformer.", ""} {
		m, err := assemble(t, gpt2Config(nil), stored(prefix, 1))
		if err != nil {
			t.Fatal(err)
		}
		b := m.Blocks[0]
		for _, tt := range []struct {
			name    string
			l       model.Linear
			out, in int
			want    float32
			bias    []float32
		}{
			{"q", b.Q, 3, 2, 203, []float32{0, 1, 2, 3}},
			{"k", b.K, 3, 2, 207, []float32{4, 5, 6, 7}},
			{"v", b.V, 0, 3, 308, []float32{8, 9, 10, 11}},
			{"output", b.O, 1, 3, 301, []float32{0, 1, 2, 3}},
			{"up", b.Up, 2, 3, 302, []float32{0, 1, 2}},
			{"down", b.Down, 3, 2, 203, []float32{0, 1, 2, 3}},
		} {
			if got := at(tt.l, tt.out, tt.in); got != tt.want || !slices.Equal(tt.l.Bias, tt.bias) {
				t.Errorf("%s[%d, %d] is %v, want %v; its bias is %v, want %v", tt.name, tt.out, tt.in, got, tt.want, tt.l.Bias, tt.bias)
			}
			if err := tt.l.Weight.Check(); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
		const trained = 20 + 12 + 2*4 + 4*4 + 48 + 12 + 16 + 4 + 12 + 3 + 12 + 4
		if m.Parameters != trained || m.Config.Name != "small" {
			t.Errorf("%s: %d parameters, by hand %d", m.Config.Name, m.Parameters, trained)
		}
		if &m.Unembed.Weight.Bytes[0] != &m.Embed.Bytes[0] {
			t.Error("the unembedding is not the embedding")
		}
	}
}

// TestBindPassesOver: a stored copy of the tied matrix, and causal masks.
func TestBindPassesOver(t *testing.T) {
	tensors := stored("transformer.", 1)
	tensors["lm_head"] = zeros("lm_head.weight", tensor.F32, 5, 4)
	tensors["mask"] = zeros("transformer.h.0.attn.bias", tensor.F32, 1, 1, 3, 3)
	tensors["masked"] = zeros("transformer.h.0.attn.masked_bias", tensor.F32)
	m, err := assemble(t, gpt2Config(nil), tensors)
	if err != nil {
		t.Fatal(err)
	}
	if row := m.EmbeddingRow(4); row[3] != 403 {
		t.Errorf("the last row of the embedding is %v", row)
	}
}

func TestBindUntied(t *testing.T) {
	untied := gpt2Config(field("tie_word_embeddings", "false"))
	tensors := stored("transformer.", 1)
	if _, err := assemble(t, untied, tensors); err == nil || !strings.Contains(err.Error(), "missing: lm_head.weight") {
		t.Errorf("without an unembedding: %v", err)
	}
	tensors["lm_head"] = zeros("lm_head.weight", tensor.F16, 5, 4)
	m, err := assemble(t, untied, tensors)
	if err != nil || m.Unembed.Weight.Type != tensor.F16 || m.Unembed.Weight.Shape != [2]int{5, 4} {
		t.Fatalf("%v", err)
	}
}

// TestBindRefuses: one error tells everything, on a dozen lines at most.
func TestBindRefuses(t *testing.T) {
	const where = "dir/model.safetensors: "
	drop := func(names ...string) func(map[string]safetensors.Tensor) {
		return func(all map[string]safetensors.Tensor) {
			for _, name := range names {
				delete(all, "transformer."+name)
			}
		}
	}
	put := func(name string, dtype tensor.DType, shape ...int) func(map[string]safetensors.Tensor) {
		return func(all map[string]safetensors.Tensor) { all[name] = zeros(name, dtype, shape...) }
	}
	for _, tt := range []struct {
		name   string
		config []byte
		spoil  func(map[string]safetensors.Tensor)
		want   []string // the lines; the last may be the beginning of one
	}{
		{"one missing", gpt2Config(nil), drop("ln_f.bias"), []string{where + "missing: transformer.ln_f.bias"}},
		{"a fused matrix missing is told once", gpt2Config(nil), drop("h.0.attn.c_attn.weight"), []string{where + "missing: transformer.h.0.attn.c_attn.weight"}},
		{"a bias missing", gpt2Config(nil), drop("h.0.mlp.c_fc.bias"), []string{where + "missing: transformer.h.0.mlp.c_fc.bias"}},
		{"two missing", gpt2Config(nil), drop("wpe.weight", "h.0.ln_1.bias"), []string{
			where + "2 weights do not fit config.json", "missing: transformer.h.0.ln_1.bias", "missing: transformer.wpe.weight",
		}},
		{"left over", gpt2Config(nil), put("transformer.h.1.ln_1.bias", tensor.F32, 4), []string{where + `left over: "transformer.h.1.ln_1.bias"`}},
		{"left over, with a name that deceives", gpt2Config(nil), put("x\nmissing: y\x1b[31m", tensor.F32, 4), []string{where + `left over: "x\nmissing: y\x1b[31m"`}},
		{"missing counts more than left over", gpt2Config(nil), func(all map[string]safetensors.Tensor) {
			put("other", tensor.F32, 1)(all)
			drop("ln_f.bias")(all)
		}, []string{where + "missing: transformer.ln_f.bias"}},
		{"misshapen", gpt2Config(nil), put("transformer.wte.weight", tensor.F32, 4, 5), []string{where + `wrong: "transformer.wte.weight" is [4 5], the config makes it [5 4]`}},
		{"flattened", gpt2Config(nil), put("transformer.h.0.attn.c_attn.weight", tensor.F32, 48), []string{where + `wrong: "transformer.h.0.attn.c_attn.weight" is [48], the config makes it [4 12]`}},
		{"another vocabulary", gpt2Config(field("vocab_size", "6")), drop(), []string{where + `wrong: "transformer.wte.weight" is [5 4], the config makes it [6 4]`}},
		{"a vocabulary without end", gpt2Config(field("vocab_size", "16777216")), drop(), []string{where + "wrong: "}},
		{"no embedding at all", gpt2Config(nil), func(all map[string]safetensors.Tensor) {
			clear(all)
			put("a", tensor.F32, 1)(all)
		}, []string{
			where + "16 weights do not fit config.json", "missing: transformer.h.0.attn.c_attn.bias", "missing: transformer.h.0.attn.c_attn.weight",
			"missing: transformer.h.0.attn.c_proj.bias", "missing: transformer.h.0.attn.c_proj.weight", "missing: transformer.h.0.ln_1.bias",
			"missing: transformer.h.0.ln_1.weight", "missing: transformer.h.0.ln_2.bias", "missing: transformer.h.0.ln_2.weight",
			"missing: transformer.h.0.mlp.c_fc.bias", "missing: transformer.h.0.mlp.c_fc.weight", "...",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tensors := stored("transformer.", 1)
			tt.spoil(tensors)
			_, err := assemble(t, tt.config, tensors)
			if err == nil {
				t.Fatal("it was assembled")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Fatalf("the error is %q", err)
			}
			for i, want := range tt.want {
				if lines[i] != want && (i < len(lines)-1 || !strings.HasPrefix(lines[i], want)) {
					t.Errorf("line %d is %q, want %q", i, lines[i], want)
				}
			}
		})
	}
}

// TestBindCountsWhatIsMissing: all of it, of however many layers a config
// claims; the list stays short.
func TestBindCountsWhatIsMissing(t *testing.T) {
	_, err := assemble(t, gpt2Config(field("n_layer", "4096")), stored("transformer.", 1))
	if err == nil {
		t.Fatal("it was assembled")
	}
	lines := strings.Split(err.Error(), "\n")
	if want := fmt.Sprintf("dir/model.safetensors: %d weights do not fit config.json", 4095*12); len(lines) != 12 || lines[0] != want {
		t.Errorf("%d lines, the first is %q, want %q", len(lines), lines[0], want)
	}
}

// TestBindNamesUnsupportedNumbers: a dtype that attn does not compute with.
func TestBindNamesUnsupportedNumbers(t *testing.T) {
	data := bytes.Replace(file(t, map[string]safetensors.Tensor{"x": zeros("x", tensor.F32, 1)}), []byte(`"F32"`), []byte(`"I32"`), 1)
	if files, err := weights.Parse("x", data); err != nil || files == nil {
		t.Fatal(err)
	}
	all := file(t, stored("transformer.", 1))
	name := []byte(`"transformer.ln_f.bias":{"dtype":"`)
	from := bytes.Index(all, name)
	if from < 0 {
		t.Fatalf("the header is %q", all[:400])
	}
	copy(all[from+len(name):], "U32")
	files, err := weights.Parse("dir/model.safetensors", all)
	if err != nil {
		t.Fatal(err)
	}
	_, err = model.Assemble("small", "dir/", gpt2Config(nil), nil, files)
	if want := `dir/model.safetensors: wrong: tensor "transformer.ln_f.bias" has dtype U32`; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("the error is %v", err)
	}
}

func TestAssembleRefusesNaN(t *testing.T) {
	tensors := stored("transformer.", 1)
	tensors["transformer.ln_f.bias"] = safetensors.Tensor{
		Name: "transformer.ln_f.bias", DType: tensor.F32, Shape: []int{4}, Data: safetensors.Floats([]float32{0, 1, float32(math.NaN()), 0}),
	}
	if _, err := assemble(t, gpt2Config(nil), tensors); err == nil || !strings.Contains(err.Error(), `"transformer.ln_f.bias" holds NaN at [2]`) {
		t.Errorf("the error is %v", err)
	}
}

// folder writes a model folder.
func folder(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "small")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestOpenFolder: without a tokenizer a model still runs on ids.
func TestOpenFolder(t *testing.T) {
	whole := map[string][]byte{"config.json": gpt2Config(nil), "model.safetensors": file(t, stored("", 1))}
	dir := folder(t, whole)
	for _, path := range []string{dir, dir + "/", dir + "/."} {
		m, err := model.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if m.Tokenizer != nil || m.Config.Name != "small" || m.TokenText(4) != "#4" || m.Walk != nil {
			t.Errorf("%s: %+v", path, m.Config)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestOpenRefuses: every error names its file, on one line.
func TestOpenRefuses(t *testing.T) {
	config, data := gpt2Config(nil), file(t, stored("", 1))
	for _, tt := range []struct {
		name  string
		files map[string][]byte
		want  []string
	}{
		{"no config", map[string][]byte{"model.safetensors": data}, []string{"config.json", "no such file"}},
		{"no weights", map[string][]byte{"config.json": config}, []string{"model.safetensors"}},
		{"a broken config", map[string][]byte{"config.json": []byte("{"), "model.safetensors": data}, []string{"config.json: not JSON"}},
		{"a config of another kind", map[string][]byte{"config.json": []byte("[]"), "model.safetensors": data}, []string{"config.json: not a JSON object"}},
		{"a broken tokenizer", map[string][]byte{"config.json": config, "model.safetensors": data, "tokenizer.json": []byte("[")}, []string{"tokenizer.json: "}},
		{"broken weights", map[string][]byte{"config.json": config, "model.safetensors": data[:40]}, []string{"model.safetensors: "}},
		{"empty weights", map[string][]byte{"config.json": config, "model.safetensors": nil}, []string{"model.safetensors: too short"}},
		{"a config without end", map[string][]byte{"config.json": bytes.Repeat([]byte(" "), 5<<20), "model.safetensors": data}, []string{"config.json: 5242880 bytes, the limit is"}},
	} {
		dir := folder(t, tt.files)
		_, err := model.Open(dir)
		if err == nil {
			t.Errorf("%s: it was opened", tt.name)
			continue
		}
		for _, want := range append(tt.want, dir) {
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: the error is %q, want %q", tt.name, err, want)
			}
		}
	}
	dir := folder(t, map[string][]byte{"model.safetensors": data})
	if err := os.Mkdir(filepath.Join(dir, "config.json"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := model.Open(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder for a config: %v", err)
	}
	elsewhere := filepath.Join(folder(t, map[string][]byte{"secret": config}), "secret")
	for _, name := range []string{"config.json", "tokenizer.json"} {
		files := map[string][]byte{"config.json": config, "model.safetensors": data}
		delete(files, name)
		dir := folder(t, files)
		if err := os.Symlink(elsewhere, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := model.Open(dir); err == nil || !strings.Contains(err.Error(), name+": a link out of its folder") {
			t.Errorf("a link for %s: %v", name, err)
		}
	}
	if _, err := model.Open(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("no folder was opened")
	}
}

// TestTokenizerLargerThanTheVocabulary: its last tokens would have no vector.
func TestTokenizerLargerThanTheVocabulary(t *testing.T) {
	tokens, err := os.ReadFile("builtin/story/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	files, err := weights.Parse("model.safetensors", file(t, stored("", 1)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = model.Assemble("small", "dir/", gpt2Config(nil), tokens, files)
	if err == nil || !strings.Contains(err.Error(), "dir/tokenizer.json: it has ") || !strings.Contains(err.Error(), "vocab_size is 5") {
		t.Errorf("the error is %v", err)
	}
}

// TestBindRefusesMXFP4: blocks or scales that are missing, left over or misshapen
// are named.
func TestBindRefusesMXFP4(t *testing.T) {
	const dir, layer = "../../testdata/tiny/gpt_oss-mxfp4/", "model.layers.1.mlp.experts."
	config, err := os.ReadFile(dir + "config.json")
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(dir + "model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ old, put, want string }{
		{`"` + layer + `down_proj_scales"`, `"` + layer + `down_proj_scalez"`, "missing: " + layer + "down_proj_scales"},
		{`"` + layer + `gate_up_proj_blocks"`, `"` + layer + `gate_up_proj_blockz"`, "missing: " + layer + "gate_up_proj_blocks"},
		{`"model.layers.1.mlp.experts.down_proj_blocks":{"dtype":"U8","shape":[4,64,1,16]`, `"model.layers.1.mlp.experts.down_proj_blocks":{"dtype":"U8","shape":[4,64,2, 8]`, "[4 64 2 8], the config makes it [4 64 1 16] of 32 numbers"},
		{`"model.layers.1.mlp.experts.down_proj_scales":{"dtype":"U8","shape":[4,64,1]`, `"model.layers.1.mlp.experts.down_proj_scales":{"dtype":"U8","shape":[4,1,64]`, "scales [4 1 64] are not [..., n, 16] and [..., n]"},
		{`"model.layers.1.mlp.experts.down_proj_scales":{"dtype":"U8"`, `"model.layers.1.mlp.experts.down_proj_scales":{"dtype":"I8"`, "scales I8, not U8"},
	} {
		if !bytes.Contains(whole, []byte(tt.old)) {
			t.Fatalf("the file has no %s", tt.old)
		}
		files, err := weights.Parse("m", bytes.Replace(whole, []byte(tt.old), []byte(tt.put), 1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := model.Assemble("small", "dir/", config, nil, files); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("the error is %v, want %s", err, tt.want)
		}
	}
}

// TestBindGivesUp: a short config may promise more weights than anybody can
// count.
func TestBindGivesUp(t *testing.T) {
	files, err := weights.Parse("model.safetensors", file(t, stored("", 1)))
	if err != nil {
		t.Fatal(err)
	}
	config := `{"model_type": "mixtral", "num_hidden_layers": 4096, "num_local_experts": 4096, "num_attention_heads": 1,
		"hidden_size": 4, "vocab_size": 5, "intermediate_size": 3}`
	_, err = model.Assemble("made", "dir/", []byte(config), nil, files)
	if err == nil || !strings.Contains(err.Error(), " weights and more do not fit config.json\n") {
		t.Fatalf("%.200v", err)
	}
	if lines := strings.Count(err.Error(), "\n"); lines > 12 {
		t.Errorf("%d lines", lines)
	}
}

package model_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"attn/internal/model"
	"attn/internal/model/weights"
	"attn/internal/trace"
)

// TestGGUF converts references as llama.cpp's converters do, and holds what attn
// reads of them to transformers' traces.
func TestGGUF(t *testing.T) {
	for name, c := range conversions() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name+".gguf")
			convert(t, filepath.Join("../../testdata/tiny", name), c).write(t, path)
			compareGGUF(t, path, loadReference(t, name))
		})
	}
}

// TestGGUFOlderDeepSeek: files made before llama.cpp attended in the narrow space
// have the way up whole, the model's own sizes, and as many keys as heads.
func TestGGUFOlderDeepSeek(t *testing.T) {
	c := conversions()["deepseek_v3"]
	c.cut, c.more = "", nil
	c.keys = with(c.keys, map[string]string{
		"attention.key_length": "qk_head_dim", "attention.key_length_mla": "", "attention.value_length": "v_head_dim", "attention.value_length_mla": "",
		"attention.head_count_kv": "num_key_value_heads",
	})
	path := filepath.Join(t.TempDir(), "older.gguf")
	convert(t, "../../testdata/tiny/deepseek_v3", c).write(t, path)
	compareGGUF(t, path, loadReference(t, "deepseek_v3"))
}

// compareGGUF holds what attn computes with a file to a reference, by the bound
// of every other reference, and says how close it was.
func compareGGUF(t *testing.T, path string, want *trace.Trace) {
	t.Helper()
	m, err := model.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	got := record(t, m, openBackend(t, "cpu", 0), want.Tokens)
	worst := trace.Divergence{}
	for _, step := range want.Steps {
		if _, ok := got.Find(step.Name); !ok {
			t.Errorf("attn's trace has no %s", step.Name)
		}
	}
	for _, d := range trace.Diff(keepSteps(got, want), want, trace.Tolerance{}) {
		if d.Missing || d.Max > 1e-5*max(1, d.Scale) {
			t.Fatalf("first diverging step: %+v", d)
		}
		if d.Max/max(1, d.Scale) > worst.Max/max(1, worst.Scale) {
			worst = d
		}
	}
	t.Logf("%s as %s, furthest: %s, %.1e of at most %.3g", filepath.Base(path), m.Config.Family, worst.Step, worst.Max, worst.Scale)
}

// keepSteps drops what the reference does not hold.
func keepSteps(t, reference *trace.Trace) *trace.Trace {
	kept := *t
	kept.Steps = nil
	for _, step := range t.Steps {
		if _, ok := reference.Find(step.Name); ok {
			kept.Steps = append(kept.Steps, step)
		}
	}
	return &kept
}

// convert makes a GGUF file of a folder's model.
func convert(t testing.TB, dir string, c conversion) *ggufFile {
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
	for key, value := range c.more {
		g.key(c.arch+"."+key, value)
	}
	if !c.noRope {
		g.ropeKeys(c, config)
	}
	files, err := weights.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	stacks := map[string][]float32{} // what one tensor is made of several
	parts := map[string][]int{}
	for _, name := range files.Names() {
		w, _ := files.Get(name)
		to, part := c.rename(name)
		if to == "" {
			t.Fatalf("no GGUF name for %s", name)
		}
		if c.skip != nil && c.skip(to) {
			continue
		}
		if part == c.cut && part != "" {
			g.wayUp(to, w.Shape, weights.Floats(w), config)
			continue
		}
		shape, values := c.change(part, w.Shape, weights.Floats(w), config)
		if strings.Contains(part, "#") {
			stacks[to], parts[to] = append(stacks[to], values...), shape
			continue
		}
		g.tensor(to, shape, values)
	}
	for name, values := range stacks {
		size := 1
		for _, n := range parts[name] {
			size *= n
		}
		g.tensor(name, append([]int{len(values) / size}, parts[name]...), values)
	}
	return g
}

// TestGGUFWindows: a period or a list says which layers slide, and a family that
// has no windows refuses one.
func TestGGUFWindows(t *testing.T) {
	gemma2 := conversions()["gemma"]
	gemma2.arch = "gemma2"
	gemma2.names = with(llamaParts, map[string]string{
		"post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm", "post_feedforward_layernorm": "post_ffw_norm",
	})
	olmo2 := conversions()["olmo2"]
	for _, tt := range []struct {
		name    string
		c       conversion
		pattern any
		want    string // each layer's window, or an error
	}{
		{"gemma2", gemma2, nil, "[5 0 5]"},
		{"gemma2", gemma2, 0, "[0 0 0]"},
		{"gemma2", gemma2, 1, "[0 0 0]"},
		{"gemma2", gemma2, 3, "[5 5 0]"},
		{"gemma2", gemma2, []bool{false, true, true}, "[0 5 5]"},
		{"gemma2", gemma2, []bool{true}, "as a config of gemma2: layer_types has 1 entries for 3 layers"},
		{"gemma2", gemma2, "all", `"gemma2.attention.sliding_window_pattern" is of type string, not a whole number`},
		{"olmo2", olmo2, nil, "olmo2.attention.sliding_window: attn's olmo2 does not slide"}, // OLMo 3
	} {
		tt.c.more = map[string]any{"attention.sliding_window": 5}
		tt.c.keys = with(tt.c.keys, map[string]string{"attention.sliding_window": ""})
		if tt.pattern != nil {
			tt.c.more["attention.sliding_window_pattern"] = tt.pattern
		}
		path := filepath.Join(t.TempDir(), "made.gguf")
		convert(t, filepath.Join("../../testdata/tiny", tt.name), tt.c).write(t, path)
		m, err := model.Open(path)
		if err != nil {
			if want := path + ": " + tt.want; err.Error() != want {
				t.Errorf("%s, %v:\n got %v\nwant %s", tt.name, tt.pattern, err, want)
			}
			continue
		}
		var windows []int
		for _, mask := range m.Config.Masks {
			windows = append(windows, mask.Window)
		}
		if got := fmt.Sprint(windows); got != tt.want {
			t.Errorf("%s, %v: %s, not %s", tt.name, tt.pattern, got, tt.want)
		}
		m.Close()
	}
}

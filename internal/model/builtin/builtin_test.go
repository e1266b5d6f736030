package builtin

import (
	"strings"
	"testing"

	"attn/internal/model"
)

// TestEveryBuiltinOpens: with a tokenizer of its size, and a head to tell of.
func TestEveryBuiltinOpens(t *testing.T) {
	for _, name := range Names() {
		m, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		c := m.Config
		if c.Name != name || m.Tokenizer == nil || m.Tokenizer.Size() > c.DVocab || m.Parameters == 0 {
			t.Errorf("%s: %+v", name, c)
		}
		if w := m.Walk; w == nil || w.Layer >= c.Layers || w.Head >= c.Heads || w.Why == "" {
			t.Errorf("%s: the walk is %+v", name, w)
		}
		tokens, err := Tokenizer(name)
		if err != nil || tokens.Size() != m.Tokenizer.Size() {
			t.Errorf("%s: the tokenizer alone: %v", name, err)
		}
		config, err := Config(name)
		if err != nil {
			t.Fatal(err)
		}
		if alone, _, err := model.ParseConfig(config); err != nil || alone.Layers != c.Layers {
			t.Errorf("%s: the config alone: %+v, %v", name, alone, err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestNoSuchModel(t *testing.T) {
	for _, name := range []string{"", "Story", "story/", "../builtin/story", "."} {
		if Has(name) {
			t.Errorf("there is a model %q", name)
		}
		for what, open := range map[string]func() error{
			"model":     func() error { _, err := Open(name); return err },
			"tokenizer": func() error { _, err := Tokenizer(name); return err },
			"config":    func() error { _, err := Config(name); return err },
			"card":      func() error { _, err := Card(name); return err },
		} {
			if err := open(); err == nil || !strings.Contains(err.Error(), "no built-in model") {
				t.Errorf("the %s of %q: %v", what, name, err)
			}
		}
	}
}

// TestWalkLiesInTheModel: a head that the model has not is refused.
func TestWalkLiesInTheModel(t *testing.T) {
	c := model.Config{Layers: 2, Heads: 3}
	for text, want := range map[string]string{
		`{"layer": 1, "head": 2, "why": "x"}`: "",
		`{"layer": 0, "head": 0, "why": "x"}`: "",
		`{"layer": 2, "head": 0}`:             "no layer 2, head 0",
		`{"layer": 0, "head": 3}`:             "no layer 0, head 3",
		`{"layer": -1, "head": 0}`:            "no layer -1",
		`{"layer": 0, "head": -1}`:            "head -1",
		`{"layer": "1"}`:                      "cannot unmarshal",
		`[]`:                                  "cannot unmarshal",
		``:                                    "unexpected end",
	} {
		w, err := parseWalk([]byte(text), c)
		if want == "" && (err != nil || w == nil || w.Why != "x") || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %+v, %v, want %q", text, w, err, want)
		}
	}
}

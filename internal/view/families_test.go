package view_test

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"attn/internal/trace"
	"attn/internal/view"
)

// TestWhatFamiliesAdd: a stage that only some families have is shown where it is
// recorded.
func TestWhatFamiliesAdd(t *testing.T) {
	h := vectored()
	for _, name := range []string{trace.QNorm, trace.RotQ, trace.KNorm, trace.RotK} {
		put(h, trace.InBlock(0, name))
	}
	fill(h, "blocks.0.attn.hook_rot_q", []int{1, 3}, 0, 1, 0, 2)
	fill(h, "blocks.0.attn.hook_rot_k", []int{0, 1}, 0, 5, 0, 1)
	g := one(t, "qkv", h, brief(told(0, 3, 1)))
	if got := texts(g.Table.Rows); got != "query|query normed|query turned|key|key normed|key turned|value" {
		t.Errorf("the rows are %s", got)
	}
	says(t, "note", strings.Join(g.Notes, ""), "q·k = 7.00  ÷ √4 = 3.50")
	g = one(t, "qkv", h, told(0, 3, 1))
	vectors(t, g, "q turned", []float32{0, 0, 0, 0}, []float32{0, 1, 0, 2})
	vectors(t, g, "k normed", []float32{0, 0, 0, 0}, []float32{0, 0, 0, 0})

	for _, name := range []string{trace.QK, trace.Scaled, trace.Softcapped, trace.Biased} {
		put(h, trace.InBlock(0, name))
	}
	if grids := build(t, "scores", h, brief(told(0, 3, 1))); len(grids) != 3 {
		t.Errorf("%d stages of scores", len(grids))
	} else {
		says(t, "titles", grids[1].Title+grids[1].Formula+grids[2].Title+grids[2].Formula, "bent", "tanh", "biased", "slope")
	}

	put(h, trace.InBlock(0, trace.Sink))
	fill(h, "blocks.0.attn.hook_sink", []int{3}, .5, .25)
	g = one(t, "pattern", h, told(0, 3, 1))
	says(t, "formula", g.Formula, "with its sink")
	says(t, "note", strings.Join(g.Notes, ""), "sink", "0.25 of the weight of “cat”")
}

// TestLatentVectors: values may be narrower than keys, and what they come out of
// is told.
func TestLatentVectors(t *testing.T) {
	tr := reference(t, "deepseek_v3")
	g := one(t, "qkv", tr, told(1, 2, 3))
	says(t, "formula", g.Formula, "10 numbers each", "v = W_V e, 7")
	says(t, "notes", strings.Join(g.Notes, " "), "one vector of 10 numbers", "last 6 numbers of each key")
	for _, c := range one(t, "values", tr, told(1, 2, 3)).Table.Columns {
		if strings.HasPrefix(c.Title, "value down") && c.Title != "value down, 7 numbers" {
			t.Errorf("a column is called %q", c.Title)
		}
	}
	g = one(t, "mlp", tr, brief(told(1, 2, 3)))
	says(t, "notes", strings.Join(g.Notes, " "), "the shared experts, which work on every token", "3 of 8 experts")
	if c := g.Table.Columns[1]; c.Title != "weight" || c.Kind != view.Bar || len(c.Numbers) != 3 {
		t.Errorf("the second column is %+v", c)
	}
}

// TestProductIsTheScore: in every family the product that the walk works out is
// the score of the model.
func TestProductIsTheScore(t *testing.T) {
	folders, err := filepath.Glob("../../testdata/tiny/*/trace.safetensors")
	if err != nil || len(folders) < 50 {
		t.Fatalf("%d references, %v", len(folders), err)
	}
	for _, path := range folders {
		name := filepath.Base(filepath.Dir(path))
		tr := reference(t, name)
		m := tr.Meta.Model
		for layer := range m.Layers {
			focus := len(tr.Tokens) - 1
			sel := brief(told(layer, m.Heads-1, focus))
			notes := strings.Join(one(t, "qkv", tr, sel).Notes, " ")
			qk, _ := tr.InBlock(layer, trace.QK)
			found := false
			for _, v := range qk.Row(m.Heads-1, focus) {
				found = found || strings.Contains(notes, fmt.Sprintf("q·k = %.2f ", v)) ||
					strings.Contains(notes, fmt.Sprintf("q·k = %.2f ", v+1e-4)) || strings.Contains(notes, fmt.Sprintf("q·k = %.2f ", v-1e-4))
			}
			if !found {
				t.Errorf("%s, layer %d: %s is none of %v", name, layer, notes, qk.Row(m.Heads-1, focus))
			}
		}
	}
}

// TestNormAfterAttention: the heads sum to what the norm after them is given, and
// the ledger says that it follows.
func TestNormAfterAttention(t *testing.T) {
	for _, name := range []string{"gemma3_text", "olmo2", "llama"} {
		tr := reference(t, name)
		grids := build(t, "heads", tr, told(1, 0, 3))
		sum := column(t, grids[1], "along the layer's change").Numbers
		if all := sum[len(sum)-1]; math.Abs(all-1) > 1e-5 {
			t.Errorf("%s: the heads sum to %v of the layer's change", name, all)
		}
		follows := name != "llama"
		if got := strings.Contains(grids[1].Formula, "the norm after it"); got != follows {
			t.Errorf("%s: %s", name, grids[1].Formula)
		}
		if got := strings.Contains(strings.Join(one(t, "delta", tr, told(1, 0, 3)).Notes, " "), "by a norm"); got != follows {
			t.Errorf("%s: the ledger tells of a norm: %v", name, got)
		}
	}
}

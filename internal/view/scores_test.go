package view_test

import (
	"strings"
	"testing"

	"attn/internal/tensor"
	"attn/internal/trace"
	"attn/internal/view"
)

// attending is a trace of three tokens in which layer 1's head 2 scores query q
// and key k as 10q + k, keeps half of that, and divides evenly.
func attending() *trace.Trace {
	h := sentence("The", " blue", " cat")
	put(h, "blocks.1.attn.hook_qk")
	put(h, "blocks.1.attn.hook_scaled")
	put(h, "blocks.1.attn.hook_attn_scores")
	put(h, "blocks.1.attn.hook_pattern")
	fill(h, "blocks.1.attn.hook_qk", []int{2}, 0, 1, 2, 10, 11, 12, 20, 21, 22)
	fill(h, "blocks.1.attn.hook_scaled", []int{2}, 0, .5, 1, 5, 5.5, 6, 10, 10.5, 11)
	fill(h, "blocks.1.attn.hook_attn_scores", []int{2}, 0, ninf, ninf, 5, 5.5, ninf, 10, 10.5, 11)
	fill(h, "blocks.1.attn.hook_pattern", []int{2}, 1, 0, 0, .5, .5, 0, .25, .25, .5)
	return h
}

// TestScoresBothWays: the chapter has keys down and queries across, the paper
// the transpose.
func TestScoresBothWays(t *testing.T) {
	grids := build(t, "scores", attending(), told(1, 2, 1))
	if len(grids) != 2 || grids[0].Step != "blocks.1.attn.hook_qk" || grids[1].Step != "blocks.1.attn.hook_scaled" {
		t.Fatalf("the grids are %+v", grids)
	}
	raw, scaled := grids[0], grids[1]
	if m := raw.Matrix; m.RowAxis != "keys" || m.ColAxis != "queries" || texts(m.Rows) != "The|blue|cat" || texts(m.Cols) != "The|>blue|cat" || m.Scale != view.Score {
		t.Errorf("the chapter's way: %+v", m)
	}
	cells(t, raw, 0, 10, 20, 1, 11, 21, 2, 12, 22)
	cells(t, scaled, 0, 5, 10, .5, 5.5, 10.5, 1, 6, 11)
	says(t, "title", raw.Title, "Raw", "layer 1, head 2")
	says(t, "formula", scaled.Formula, "q·k ÷ √4")

	raw = build(t, "scores", attending(), paper(told(1, 2, 1)))[0]
	if m := raw.Matrix; m.RowAxis != "queries" || m.ColAxis != "keys" || texts(m.Rows) != "The|>blue|cat" || texts(m.Cols) != "The|blue|cat" {
		t.Errorf("the paper's way: %+v", m)
	}
	cells(t, raw, 0, 1, 2, 10, 11, 12, 20, 21, 22)
}

// TestScoreScalesAreTheLayers: each layer's own factor, not the first one's.
func TestScoreScalesAreTheLayers(t *testing.T) {
	h := attending()
	put(h, "blocks.0.attn.hook_qk")
	put(h, "blocks.0.attn.hook_scaled")
	h.Meta.Scales = []float32{.5, .25}
	sel := told(1, 2, 1)
	sel.Layers = []int{0, 1}
	grids := build(t, "scores", h, sel)
	says(t, "formula", grids[2].Formula, "÷ √4")
	says(t, "formula", grids[3].Formula, "× 0.25")
}

// TestBriefScores: the walk leaves the raw scores and the head's name out,
// unless several heads are shown.
func TestBriefScores(t *testing.T) {
	g := one(t, "scores", attending(), brief(told(1, 2, 1)))
	if g.Step != "blocks.1.attn.hook_scaled" || strings.Contains(g.Title, "head") {
		t.Errorf("%s, %s", g.Step, g.Title)
	}
	sel := brief(told(1, 2, 1))
	sel.Heads = []int{0, 2}
	for i, want := range []string{"layer 1, head 0", "layer 1, head 2"} {
		says(t, "title", build(t, "scores", attending(), sel)[i].Title, want)
		says(t, "title", build(t, "pattern", attending(), sel)[i].Title, want)
	}
}

func TestMaskView(t *testing.T) {
	g := one(t, "mask", attending(), told(1, 2, 1))
	cells(t, g, 0, 5, 10, ninf, 5.5, 10.5, ninf, ninf, 11)
	if g.Matrix.Scale != view.Score || g.Step != "blocks.1.attn.hook_attn_scores" {
		t.Errorf("%s: %+v", g.Step, g.Matrix)
	}
	says(t, "note", strings.Join(g.Notes, ""), "3 of 9")
	cells(t, one(t, "mask", attending(), paper(told(1, 2, 1))), 0, ninf, ninf, 5, 5.5, ninf, 10, 10.5, 11)
	if g = one(t, "mask", attending(), brief(told(1, 2, 1))); g.Matrix != nil || g.Table != nil {
		t.Errorf("in the walk the mask is a sentence, not %+v", g)
	}
	says(t, "formula", g.Formula, "later", "3 of 9")
}

// TestMaskRules: what each mask hides of three by three, and whose it is.
func TestMaskRules(t *testing.T) {
	for _, tt := range []struct {
		mask   tensor.Mask
		forced bool
		want   []string
	}{
		{tensor.Mask{Causal: true}, false, []string{"may not be later", "3 of 9"}},
		{tensor.Mask{}, false, []string{"every query sees every key", "none of the 9"}},
		{tensor.Mask{Causal: true, Window: 2}, false, []string{"the 1 key", "4 of 9"}},
		{tensor.Mask{Window: 2}, false, []string{"to either side", "2 of 9"}},
		{tensor.Mask{}, true, []string{"--mask none", "not the model's own"}},
		{tensor.Mask{Causal: true, Window: 2}, true, []string{"--mask window:2", "not the model's own"}},
	} {
		h := attending()
		h.Meta.Mask, h.Meta.MaskForced = tt.mask, tt.forced
		g := one(t, "mask", h, brief(told(1, 2, 1)))
		says(t, "rule", g.Formula, tt.want...)
		if strings.Contains(g.Formula, "model's own") != tt.forced {
			t.Errorf("mask %v, forced %v: %s", tt.mask, tt.forced, g.Formula)
		}
	}
}

func TestPatternView(t *testing.T) {
	none := float32(nan)
	g := one(t, "pattern", attending(), told(1, 2, 1))
	cells(t, g, 1, .5, .25, none, .5, .25, none, none, .5)
	says(t, "formula", g.Formula, "down each column", "column sums to 1")
	says(t, "title", g.Title, "layer 1, head 2")
	if g.Matrix.Scale != view.Weight || g.Matrix.RowAxis != "keys" || texts(g.Matrix.Cols) != "The|>blue|cat" {
		t.Errorf("the matrix is %+v", g.Matrix)
	}
	h := attending()
	g = one(t, "pattern", h, paper(told(1, 2, 1)))
	cells(t, g, 1, none, none, .5, .5, none, .25, .25, .5)
	says(t, "formula", g.Formula, "along each row", "row sums to 1")
	if pattern, _ := h.InBlock(1, trace.Pattern); pattern.At(2, 0, 1) != 0 {
		t.Error("blanking the cells changed the trace")
	}
	if g = one(t, "pattern", attending(), brief(told(1, 2, 1))); strings.Contains(g.Title, "head") {
		t.Errorf("in the walk the title is %q", g.Title)
	}
}

// TestPatternUnderAForcedMask: the title says so, and nothing visible is blank.
func TestPatternUnderAForcedMask(t *testing.T) {
	h := attending()
	h.Meta.Mask, h.Meta.MaskForced = tensor.Mask{}, true
	for _, sel := range []view.Select{told(1, 2, 1), brief(told(1, 2, 1))} {
		g := one(t, "pattern", h, sel)
		says(t, "title", g.Title, "mask none")
		cells(t, g, 1, .5, .25, 0, .5, .25, 0, 0, .5)
	}
	h.Meta.Mask = tensor.Mask{Window: 2}
	none := float32(nan)
	cells(t, one(t, "pattern", h, told(1, 2, 1)), 1, .5, none, 0, .5, .25, none, 0, .5)
}

// TestEveryChosenHeadIsShown, layer by layer.
func TestEveryChosenHeadIsShown(t *testing.T) {
	h := attending()
	put(h, "blocks.0.attn.hook_pattern")
	sel := told(1, 2, 1)
	sel.Layers, sel.Heads = []int{0, 1}, []int{3, 2}
	var got []string
	for _, g := range build(t, "pattern", h, sel) {
		got = append(got, strings.TrimPrefix(g.Title, "Pattern of "))
	}
	if s := strings.Join(got, "; "); s != "layer 0, head 3; layer 0, head 2; layer 1, head 3; layer 1, head 2" {
		t.Errorf("shown are %s", s)
	}
}

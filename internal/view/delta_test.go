package view_test

import (
	"strings"
	"testing"

	"attn/internal/trace"
	"attn/internal/view"
)

// changing is a trace in which layer 0's head 1 takes ¼ of [4, 0] and ¾ of
// [0, 4] at token 2: Δe = [1, 3]. The vector goes from [3, -1] to [4, 2].
func changing() *trace.Trace {
	h := sentence("The", " blue", " cat")
	put(h, "blocks.0.attn.hook_pattern")
	put(h, "blocks.0.attn.hook_v_up")
	put(h, "blocks.0.attn.hook_result")
	put(h, "blocks.0.hook_resid_pre", 0, 0, 0, 0, 3, -1)
	fill(h, "blocks.0.attn.hook_pattern", []int{1, 2}, 0, .25, .75)
	fill(h, "blocks.0.attn.hook_v_up", []int{0, 1}, 100, 100)
	fill(h, "blocks.0.attn.hook_v_up", []int{1, 1}, 4, 0)
	fill(h, "blocks.0.attn.hook_v_up", []int{2, 1}, 0, 4)
	fill(h, "blocks.0.attn.hook_result", []int{2, 1}, 1, 3)
	return h
}

// TestDeltaByHand: the largest part first, without what has no weight, and the
// sum below.
func TestDeltaByHand(t *testing.T) {
	g := one(t, "delta", changing(), told(0, 1, 2))
	if got := texts(g.Table.Rows); got != ">cat|blue|Δe" || !g.Table.Total {
		t.Errorf("the rows are %s, the last is the sum: %v", got, g.Table.Total)
	}
	numbers(t, g, "weight", .75, .25, 1)
	numbers(t, g, "|value|", 4, 4, nan)
	numbers(t, g, "|weight · value|", 3, 1, 3.16227766)
	numbers(t, g, "along Δe", .9, .1, 1)
	says(t, "title", g.Title, "Δe of “cat”", "layer 0, head 1")
	says(t, "note", strings.Join(g.Notes, ""), "within 0e+00")
	g = one(t, "delta", changing(), brief(told(0, 1, 2)))
	if strings.Contains(g.Title, "head") {
		t.Errorf("in the walk the title is %q", g.Title)
	}
}

// TestDeltaTellsItsResidue: a result that the parts do not sum to.
func TestDeltaTellsItsResidue(t *testing.T) {
	h := changing()
	fill(h, "blocks.0.attn.hook_result", []int{2, 1}, 1.25, 3)
	says(t, "note", strings.Join(one(t, "delta", h, told(0, 1, 2)).Notes, ""), "within 2e-01") // ¼
}

// TestBriefDelta: the walk adds the small parts up, and tells one head only.
func TestBriefDelta(t *testing.T) {
	h := sentence("a", " b", " c", " d", " e", " f", " g")
	put(h, "blocks.1.attn.hook_pattern")
	put(h, "blocks.1.attn.hook_v_up")
	put(h, "blocks.1.attn.hook_result")
	fill(h, "blocks.1.attn.hook_pattern", []int{2, 6}, .0625, .125, .25, .125, .125, .0625, .25)
	fill(h, "blocks.1.attn.hook_result", []int{6, 2}, 1, 0)
	for pos := range 7 {
		fill(h, "blocks.1.attn.hook_v_up", []int{pos, 2}, 1, 0)
	}
	sel := brief(told(1, 2, 6))
	sel.Layers, sel.Heads = []int{0, 1}, []int{0, 1, 2}
	g := one(t, "delta", h, sel)
	if got := texts(g.Table.Rows); got != "c|>g|b|d|e|2 others|Δe" {
		t.Errorf("the rows are %s", got)
	}
	numbers(t, g, "weight", .25, .25, .125, .125, .125, .125, 1)
	numbers(t, g, "along Δe", .25, .25, .125, .125, .125, .125, 1)
	numbers(t, g, "|weight · value|", .25, .25, .125, .125, .125, nan, 1)
	if got := texts(one(t, "delta", h, told(1, 2, 6)).Table.Rows); got != "c|>g|b|d|e|a|f|Δe" {
		t.Errorf("not in the walk: %s", got)
	}
}

// TestNearestWords: shown for the token that they were worked out for.
func TestNearestWords(t *testing.T) {
	h := changing()
	h.Meta.Nearest = &trace.Nearest{
		Selected: trace.Selected{Layer: 0, Head: 1, Focus: 2},
		Before:   []trace.Neighbour{{Text: " cat", Cosine: .9951}, {Text: "s", Cosine: .5}},
		After:    []trace.Neighbour{{Text: " dog", Cosine: -.25}, {Text: " ", Cosine: .004}, {Text: " x", Cosine: 1}},
	}
	for _, sel := range []view.Select{told(0, 1, 2), brief(told(0, 1, 2))} {
		grids := build(t, "delta", h, sel)
		if len(grids) != 2 {
			t.Fatalf("%d grids", len(grids))
		}
		g := grids[1]
		var got []string
		for _, c := range g.Table.Columns {
			got = append(got, strings.Join(c.Words, "|"))
		}
		if s := strings.Join(got, " / "); s != "cat 1.00|dog -.25 / ‿s .50|␣ .00 / |x 1.00" {
			t.Errorf("the words are %s", s)
		}
		says(t, "note", strings.Join(g.Notes, ""), "45.0°", "3.16 to 4.47")
	}
	for _, other := range []view.Select{told(0, 1, 1), told(0, 2, 2)} {
		if n := len(build(t, "delta", h, other)); n != 1 {
			t.Errorf("%d grids for another token or head", n)
		}
	}
	h.Steps = h.Steps[:3] // no resid_pre
	if g := build(t, "delta", h, told(0, 1, 2))[1]; len(g.Notes) != 0 {
		t.Errorf("notes from nothing: %q", g.Notes)
	}
}

// TestNearestOfAVectorTurnedAround: rounding never makes the angle no number.
func TestNearestOfAVectorTurnedAround(t *testing.T) {
	h := changing()
	h.Meta.Nearest = &trace.Nearest{Selected: trace.Selected{Layer: 0, Head: 1, Focus: 2}}
	for i, v := range []float32{.1, .3, .7, 1. / 3, 1e-20, 1e20} {
		for _, factor := range []float32{-2, 0, 5} {
			fill(h, "blocks.0.hook_resid_pre", []int{2}, v, .2)
			fill(h, "blocks.0.attn.hook_result", []int{2, 1}, factor*v, factor*.2)
			note := strings.Join(build(t, "delta", h, told(0, 1, 2))[1].Notes, "")
			if want := " 0.0°"; factor < 0 && !strings.Contains(note, "180.0°") || factor >= 0 && !strings.Contains(note, want) {
				t.Errorf("vector %d, times %v: %s", i, 1+factor, note)
			}
		}
	}
}

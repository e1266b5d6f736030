package view_test

import (
	"testing"

	"attn/internal/trace"
	"attn/internal/view"
)

// TestHookViews: any step by its name, as plain numbers.
func TestHookViewOfVectors(t *testing.T) {
	h := sentence("The", " cat")
	put(h, "blocks.1.hook_mlp_out", 3, 4, 0, -2)
	g := one(t, "blocks.1.hook_mlp_out", h, told(0, 0, 1))
	if got := texts(g.Table.Rows); got != "The|>cat" || g.Step != "blocks.1.hook_mlp_out" || g.View != g.Step {
		t.Errorf("the rows of %s are %s", g.Step, got)
	}
	numbers(t, g, "length", 5, 2)
	vectors(t, g, "vector", []float32{3, 4}, []float32{0, -2})
	says(t, "title", g.Title, "blocks.1.hook_mlp_out", "[pos 2, d_model 2]")
}

func TestHookViewOfOneVector(t *testing.T) {
	h := sentence("The", " cat")
	put(h, "blocks.1.attn.b_O", 3, 4)
	g := one(t, "blocks.1.attn.b_O", h, told(0, 0, 1))
	numbers(t, g, "length", 5)
	if g.Table.Rows[0].Pos != -1 {
		t.Errorf("a bias is no token's: %+v", g.Table.Rows[0])
	}
}

// TestHookViewOfHeads: the heads chosen, and shared ones once.
func TestHookViewOfHeads(t *testing.T) {
	h := sentence("The", " cat")
	put(h, trace.InBlock(1, trace.Q))
	put(h, trace.InBlock(1, trace.K))
	fill(h, trace.InBlock(1, trace.Q), []int{1, 3}, 8)
	fill(h, trace.InBlock(1, trace.K), []int{1, 1}, 0, 6)
	sel := told(0, 0, 1)
	sel.Heads = []int{0, 3}
	queries := build(t, trace.InBlock(1, trace.Q), h, sel)
	if len(queries) != 2 {
		t.Fatalf("%d grids of two heads", len(queries))
	}
	says(t, "title", queries[1].Title, "head 3")
	vectors(t, queries[1], "vector", []float32{0, 0, 0, 0}, []float32{8, 0, 0, 0})
	sel.Heads = []int{0, 1, 2, 3}
	keys := build(t, trace.InBlock(1, trace.K), h, sel)
	if len(keys) != 2 {
		t.Fatalf("%d grids of two shared keys", len(keys))
	}
	says(t, "title", keys[0].Title, "head 0")
	says(t, "title", keys[1].Title, "head 1")
	vectors(t, keys[1], "vector", []float32{0, 0, 0, 0}, []float32{0, 6, 0, 0})
	sel.Heads = []int{2}
	says(t, "title", one(t, trace.InBlock(1, trace.K), h, sel).Title, "head 1")
}

// TestHookViewOfScores: grids over tokens, in the layout chosen, of the layer
// that the name says and not of those chosen.
func TestHookViewOfScores(t *testing.T) {
	h := attending()
	for _, tt := range []struct {
		hook  string
		scale view.Scale
		want  []float32
	}{
		{trace.QK, view.Score, []float32{0, 10, 20, 1, 11, 21, 2, 12, 22}},
		{trace.AttnScores, view.Score, []float32{0, 5, 10, ninf, 5.5, 10.5, ninf, ninf, 11}},
		{trace.Pattern, view.Weight, []float32{1, .5, .25, 0, .5, .25, 0, 0, .5}},
	} {
		name := trace.InBlock(1, tt.hook)
		g := one(t, name, h, told(0, 2, 1))
		if g.Matrix.Scale != tt.scale || g.Step != name {
			t.Errorf("%s is drawn as %s", g.Step, g.Matrix.Scale)
		}
		cells(t, g, tt.want...)
		says(t, "title", g.Title, name, "head 2")
	}
	cells(t, one(t, trace.InBlock(1, trace.QK), h, paper(told(0, 2, 1))), 0, 1, 2, 10, 11, 12, 20, 21, 22)
}

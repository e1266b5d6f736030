package view_test

import (
	"fmt"
	"strings"
	"testing"

	"attn/internal/trace"
)

// headed is a trace of two tokens with what layer 1's heads do at the second.
func headed() *trace.Trace {
	h := sentence("The", " cat")
	put(h, "blocks.0.attn.hook_pattern")
	put(h, "blocks.1.attn.hook_pattern")
	put(h, "blocks.1.attn.hook_result")
	put(h, "blocks.1.attn.b_O", 0, 2)
	put(h, "blocks.1.hook_attn_out", 0, 0, 0, 4)
	for head, weight := range []float32{1, .75, .5, 0} {
		fill(h, "blocks.1.attn.hook_pattern", []int{head, 1}, weight, 1-weight)
	}
	fill(h, "blocks.0.attn.hook_pattern", []int{3, 1}, .25, .75)
	fill(h, "blocks.1.attn.hook_result", []int{1}, 3, 1, 0, 1, -3, 0, 0, 0)
	return h
}

// TestHeadsOverview: one cell per layer and head, with the word looked at most.
func TestHeadsOverview(t *testing.T) {
	g := one(t, "heads", headed(), brief(told(1, 2, 1)))
	m := g.Matrix
	if texts(m.Rows) != "layer 0|>layer 1" || texts(m.Cols) != "head 0|head 1|>head 2|head 3" {
		t.Errorf("rows %s, columns %s", texts(m.Rows), texts(m.Cols))
	}
	cells(t, g, 0, 0, 0, .75, 1, .75, .5, 1)
	if got := fmt.Sprint(m.Words); got != "[[The The The cat] [The The The cat]]" {
		t.Errorf("the words are %s", got)
	}
	says(t, "formula", g.Formula, "“cat”")
}

// TestHeadsOfLayersThatWereRecorded: a layer without a pattern has no row.
func TestHeadsOfLayersThatWereRecorded(t *testing.T) {
	h := headed()
	h.Steps = h.Steps[1:]
	if got := texts(one(t, "heads", h, brief(told(1, 2, 1))).Matrix.Rows); got != ">layer 1" {
		t.Errorf("the rows are %s", got)
	}
}

// TestHeadsAddUp: the heads, the bias and their sum, which is the layer's.
func TestHeadsAddUp(t *testing.T) {
	grids := build(t, "heads", headed(), told(1, 2, 1))
	if len(grids) != 2 {
		t.Fatalf("%d grids", len(grids))
	}
	g := grids[1]
	if got := texts(g.Table.Rows); got != "head 0|head 1|>head 2|head 3|bias|all" || !g.Table.Total {
		t.Errorf("the rows are %s", got)
	}
	words(t, g, "looks at", "The", "The", "The", "cat", "", "")
	numbers(t, g, "weight", 1, .75, .5, 1, nan, nan)
	numbers(t, g, "entropy, bits", 0, .811278124, 1, 0, nan, nan)
	numbers(t, g, "|Δe|", 3.16227766, 1, 3, 0, 2, 4)
	numbers(t, g, "along the layer's change", .25, .25, 0, 0, .5, 1)
	says(t, "title", g.Title, "layer 1", "“cat”")
}

// TestLayersView: lengths and angles of one token's vector, layer by layer.
func TestLayersView(t *testing.T) {
	h := sentence("The", " cat")
	put(h, "blocks.0.hook_resid_pre", 9, 9, 1, 0)
	put(h, "blocks.0.hook_attn_out", 9, 9, 0, 3)
	put(h, "blocks.0.hook_mlp_out", 9, 9, 2, 0)
	put(h, "blocks.0.hook_resid_post", 9, 9, 3, 4)
	put(h, "blocks.1.hook_resid_pre", 9, 9, 3, 4)
	put(h, "blocks.1.hook_attn_out", 9, 9, 0, -4)
	put(h, "blocks.1.hook_mlp_out", 9, 9, -8, -6)
	put(h, "blocks.1.hook_resid_post", 9, 9, -5, 0)
	g := one(t, "layers", h, told(1, 0, 1))
	if got := texts(g.Table.Rows); got != "layer 0|>layer 1" {
		t.Errorf("the rows are %s", got)
	}
	numbers(t, g, "+ attention", 3, 4)
	numbers(t, g, "+ MLP", 2, 10)
	numbers(t, g, "|e| after", 5, 5)
	if len(g.Table.Columns) < 5 {
		t.Fatalf("%d columns", len(g.Table.Columns))
	}
	numbers(t, g, g.Table.Columns[3].Title, .6, -.6)
	numbers(t, g, g.Table.Columns[4].Title, .6, -1)
	h.Steps = h.Steps[4:]
	if got := texts(one(t, "layers", h, told(1, 0, 1)).Table.Rows); got != ">layer 1" {
		t.Errorf("with one layer recorded: %s", got)
	}
}

// TestMLPView: the neurons by what they answer, whatever its sign.
func TestMLPView(t *testing.T) {
	h := sentence("The", " cat")
	put(h, "blocks.1.mlp.hook_pre", 9, 9, 3, -1)
	put(h, "blocks.1.mlp.hook_post", 9, 9, .5, -2)
	put(h, "blocks.1.hook_mlp_out", 9, 9, 3, 4)
	g := one(t, "mlp", h, told(1, 0, 1))
	if got := texts(g.Table.Rows); got != "neuron 1|neuron 0" {
		t.Errorf("the rows are %s", got)
	}
	numbers(t, g, "before", -1, 3)
	numbers(t, g, "after", -2, .5)
	if c := column(t, g, "after"); c.Max != 2 {
		t.Errorf("the full bar is %v", c.Max)
	}
	says(t, "note", strings.Join(g.Notes, ""), "1 of 2 neurons", "length 5.00")
}

// TestMLPShowsTheLargest: ten, or three in the walk; equals in order.
func TestMLPShowsTheLargest(t *testing.T) {
	s := tiny()
	s.DMLP = 40
	h := run(t, s, []int32{1, 2, 3}, func(string) bool { return true })
	for want, sel := range map[int]bool{10: false, 3: true} {
		choice := told(2, 0, 1)
		choice.Brief = sel
		g := one(t, "mlp", h, choice)
		numbers := column(t, g, "after").Numbers
		if len(numbers) != want {
			t.Errorf("brief %v: %d neurons", sel, len(numbers))
		}
		for i := 1; i < len(numbers); i++ {
			if abs(numbers[i]) > abs(numbers[i-1]) {
				t.Errorf("neuron %d answers more than the one before: %v", i, numbers)
			}
		}
	}
}

func abs(v float64) float64 { return max(v, -v) }

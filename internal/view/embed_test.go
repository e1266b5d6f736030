package view_test

import (
	"testing"

	"attn/internal/trace"
)

func TestTokensView(t *testing.T) {
	h := sentence("The", " blue", " creat", "ure")
	h.Tokens[1].ID = 1058
	g := one(t, "tokens", h, told(0, 0, 3))
	if got := texts(g.Table.Rows); got != "The|blue|creat|>‿ure" || !g.Table.Across {
		t.Errorf("the tokens are %s, across: %v", got, g.Table.Across)
	}
	numbers(t, g, "id", 0, 1058, 2, 3)
	if len(g.Notes) != 0 {
		t.Errorf("notes without reason: %q", g.Notes)
	}
	h.Meta.Dropped = 12
	if g = one(t, "tokens", h, told(0, 0, 3)); len(g.Notes) != 1 {
		t.Fatalf("notes: %q", g.Notes)
	}
	says(t, "note", g.Notes[0], "12 tokens", "--context")
}

// TestEmbedView: [3, 4] and [0, 12] sum to [3, 16].
func TestEmbedView(t *testing.T) {
	h := sentence("The", " blue")
	put(h, trace.Embed, 3, 4, 0, -2)
	put(h, trace.PosEmbed, 0, 12, 0, 2)
	g := one(t, "embed", h, told(0, 0, 1))
	if got := texts(g.Table.Rows); got != "The|>blue" || g.Step != "hook_embed" {
		t.Errorf("the rows of %s are %s", g.Step, got)
	}
	numbers(t, g, "|token|", 5, 2)
	numbers(t, g, "|position|", 12, 2)
	numbers(t, g, "|e|", 16.278820596, 0)
	vectors(t, g, "e", []float32{3, 16}, []float32{0, 0})
	says(t, "formula", g.Formula, "W_pos", "2 numbers each")
	token, _ := h.Find(trace.Embed)
	if token.Data[1] != 4 {
		t.Error("showing the sum changed the trace")
	}
}

// TestEmbedViewWithoutPositions: a family may have none.
func TestEmbedViewWithoutPositions(t *testing.T) {
	h := sentence("The", " blue")
	put(h, trace.Embed, 3, 4, 0, -2)
	g := one(t, "embed", h, told(0, 0, 1))
	if len(g.Table.Columns) != 3 || g.Formula != "e = W_E[token], 2 numbers each" {
		t.Errorf("%d columns, %s", len(g.Table.Columns), g.Formula)
	}
	numbers(t, g, "|e|", 5, 2)
}

// TestBriefRows: the walk shows the told token and the three it takes most
// from, in the order of the sentence, and says so.
func TestBriefRows(t *testing.T) {
	h := sentence("a", " b", " c", " d", " e", " f", " g")
	put(h, trace.Embed)
	put(h, "blocks.1.attn.hook_pattern")
	fill(h, "blocks.1.attn.hook_pattern", []int{2, 5}, .05, .1, .3, .3, .05, .2, 0)
	g := one(t, "embed", h, brief(told(1, 2, 5)))
	if got := texts(g.Table.Rows); got != "c|d|>f" {
		t.Errorf("with the told token among the three: %s", got)
	}
	says(t, "formula", g.Formula, "3 of 7 tokens", "--steps embed")
	if got := texts(one(t, "embed", h, brief(told(1, 2, 4))).Table.Rows); got != "a|b|c|>e" {
		t.Errorf("with no weights the first three: %s", got)
	}
	if got := texts(one(t, "embed", h, brief(told(0, 2, 5))).Table.Rows); got != ">f" {
		t.Errorf("without a pattern: %s", got)
	}
	if got := texts(one(t, "embed", h, told(1, 2, 5)).Table.Rows); got != "a|b|c|d|e|>f|g" {
		t.Errorf("not in the walk: %s", got)
	}
	few := sentence("a", " b", " c", " d")
	put(few, trace.Embed)
	if got := texts(one(t, "embed", few, brief(told(0, 0, 0))).Table.Rows); got != ">a|b|c|d" {
		t.Errorf("of four tokens: %s", got)
	}
}

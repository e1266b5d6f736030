package view_test

import (
	"strings"
	"testing"

	"attn/internal/trace"
)

// vectored is a trace of two tokens in which layer 0's head 3 asks [1, 2, 0, 0]
// at token 1, and keys and values are its own number, 10 × token + head.
func vectored() *trace.Trace {
	h := sentence("The", " cat")
	put(h, "blocks.0.attn.hook_q")
	fill(h, "blocks.0.attn.hook_q", []int{1, 3}, 1, 2, 0, 0)
	put(h, "blocks.0.attn.hook_k", 0, 0, 0, 0, 3, 4, 0, 0, 10, 0, 0, 0, 0, 0, 0, 12)
	put(h, "blocks.0.attn.hook_v", 0, 0, 0, 0, 1, 0, 0, 0, 10, 0, 0, 0, 11, 0, 0, 0)
	put(h, "blocks.0.attn.hook_pattern")
	fill(h, "blocks.0.attn.hook_pattern", []int{3, 1}, .75, .25)
	return h
}

// TestQKVOfSharedHeads: with 4 heads and 2 keys and values, head 3 reads the
// second of them.
func TestQKVOfSharedHeads(t *testing.T) {
	g := one(t, "qkv", vectored(), told(0, 3, 1))
	if got := texts(g.Table.Rows); got != "The|>cat" {
		t.Errorf("the rows are %s", got)
	}
	vectors(t, g, "q", []float32{0, 0, 0, 0}, []float32{1, 2, 0, 0})
	vectors(t, g, "k", []float32{3, 4, 0, 0}, []float32{0, 0, 0, 12})
	vectors(t, g, "v", []float32{1, 0, 0, 0}, []float32{11, 0, 0, 0})
	says(t, "note", strings.Join(g.Notes, ""), "query head 3", "head 1 of 2")
	says(t, "formula", g.Formula, "4 numbers each")
	g = one(t, "qkv", vectored(), told(0, 1, 1))
	vectors(t, g, "k", []float32{0, 0, 0, 0}, []float32{10, 0, 0, 0})
}

func TestQKVOfUnsharedHeads(t *testing.T) {
	h := sentence("The")
	h.Meta.Model.KVHeads = 4
	for _, name := range []string{trace.Q, trace.K, trace.V} {
		put(h, trace.InBlock(0, name))
	}
	fill(h, "blocks.0.attn.hook_v", []int{0, 3}, 7)
	g := one(t, "qkv", h, told(0, 3, 0))
	vectors(t, g, "v", []float32{7, 0, 0, 0})
	if len(g.Notes) != 0 {
		t.Errorf("notes without reason: %q", g.Notes)
	}
}

// TestBriefQKV works q·k out: [1, 2] · [3, 4] is 11, and ÷ √4 is 5.5.
func TestBriefQKV(t *testing.T) {
	g := one(t, "qkv", vectored(), brief(told(0, 3, 1)))
	words(t, g, "of", "cat", "The", "The")
	numbers(t, g, "length", 2.236067977, 5, 1)
	vectors(t, g, "vector", []float32{1, 2, 0, 0}, []float32{3, 4, 0, 0}, []float32{1, 0, 0, 0})
	says(t, "note", strings.Join(g.Notes, ""), "11.00", "÷ √4 = 5.50", "“The” answers “cat”")

	h := vectored()
	h.Meta.Scales = []float32{.125, 1}
	g = one(t, "qkv", h, brief(told(0, 3, 1)))
	says(t, "note", strings.Join(g.Notes, ""), "× 0.125 = 1.38")

	h = vectored()
	h.Steps = h.Steps[:3] // no pattern: the token's own key
	g = one(t, "qkv", h, brief(told(0, 3, 1)))
	words(t, g, "of", "cat", "cat", "cat")
}

// TestValuesOfSharedHeads: the small value is shared, the large one is not.
func TestValuesOfSharedHeads(t *testing.T) {
	h := vectored()
	put(h, "blocks.0.attn.hook_v_up")
	fill(h, "blocks.0.attn.hook_v_up", []int{0, 3}, 3, 4)
	fill(h, "blocks.0.attn.hook_v_up", []int{1, 3}, 0, -2)
	g := one(t, "values", h, told(0, 3, 1))
	vectors(t, g, "value down, 4 numbers", []float32{1, 0, 0, 0}, []float32{11, 0, 0, 0})
	vectors(t, g, "value up, 2 numbers", []float32{3, 4}, []float32{0, -2})
	numbers(t, g, "|value|", 5, 2)
	says(t, "title", g.Title, "layer 0, head 3")
	sel := brief(told(0, 3, 1))
	sel.Heads = []int{0, 1, 2, 3}
	if g = one(t, "values", h, sel); strings.Contains(g.Title, "head") {
		t.Errorf("in the walk the title is %q", g.Title)
	}
	vectors(t, g, "value down, 4 numbers", []float32{1, 0, 0, 0}, []float32{11, 0, 0, 0})
	numbers(t, g, "|value|", 5, 2)
}

package analyze_test

import (
	"math"
	"testing"

	"attn/internal/analyze"
	"attn/internal/model"
	"attn/internal/trace"
)

// TestLooksByHand: head 0 divides evenly, head 1 looks at one token only.
func TestLooksByHand(t *testing.T) {
	h := blank(4)
	pattern := make([]float32, 2*4*4)
	copy(pattern[3*4:], []float32{.25, .25, .25, .25})
	copy(pattern[16+3*4:], []float32{0, 0, 1, 0})
	put(h, "blocks.1.attn.hook_pattern", []int{2, 4, 4}, pattern...)
	want := []analyze.Look{
		{Layer: 1, Head: 0, Top: 0, TopWeight: .25, Back: .75, Bits: 2},
		{Layer: 1, Head: 1, Top: 2, TopWeight: 1, Back: 1, Bits: 0},
	}
	got := analyze.Looks(h, 1, 3)
	if len(got) != 2 {
		t.Fatalf("looks: %+v", got)
	}
	for i, l := range got {
		if !math.IsNaN(l.Length) || !math.IsNaN(l.Along) {
			t.Errorf("without results head %d has changes: %+v", i, l)
		}
		l.Length, l.Along = 0, 0
		if l != want[i] || math.Signbit(l.Bits) {
			t.Errorf("head %d: %+v, want %+v", i, l, want[i])
		}
	}
	if analyze.Looks(h, 0, 3) != nil {
		t.Error("a layer without a pattern has looks")
	}
}

// TestEntropyOfUniformWeights is log₂ n; none is less than 0.
func TestEntropyOfUniformWeights(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 64, 300} {
		h := blank(n)
		pattern := make([]float32, 2*n*n)
		for i := range pattern {
			pattern[i] = 1 / float32(n)
		}
		put(h, "blocks.0.attn.hook_pattern", []int{2, n, n}, pattern...)
		if l := analyze.Looks(h, 0, n-1)[1]; !near(l.Bits, math.Log2(float64(n)), 1e-5) || l.Bits < 0 {
			t.Errorf("%d tokens: %v bits", n, l.Bits)
		}
	}
	h := blank(1)
	put(h, "blocks.0.attn.hook_pattern", []int{2, 1, 1}, 1.0000001, 1)
	if l := analyze.Looks(h, 0, 0)[0]; l.Bits != 0 || math.Signbit(l.Bits) || l.Back != 0 {
		t.Errorf("a weight a little over 1: %+v", l)
	}
}

// TestLooksOfChanges: |Δe| of each head, and its share of the layer's change.
func TestLooksOfChanges(t *testing.T) {
	h := blank(1)
	put(h, "blocks.0.attn.hook_pattern", []int{2, 1, 1}, 1, 1)
	put(h, "blocks.0.attn.hook_result", []int{1, 2, 2}, 3, 4, 0, -5)
	l := analyze.Looks(h, 0, 0)
	if l[0].Length != 5 || l[1].Length != 5 || !math.IsNaN(l[0].Along) {
		t.Errorf("without the output: %+v", l)
	}
	put(h, "blocks.0.hook_attn_out", []int{1, 2}, 3, 0)
	l = analyze.Looks(h, 0, 0)
	if l[0].Along != 1 || l[1].Along != 0 {
		t.Errorf("along the output: %+v", l)
	}
}

// TestLooksAddUp: in a real pass the heads and the bias are the whole change.
func TestLooksAddUp(t *testing.T) {
	h := run(t, model.Shape{Heads: 6, KVHeads: 3, DHead: 4, DModel: 10, DVocab: 7, Seed: 3}, []int32{1, 4, 4, 0, 6})
	for layer := range 2 {
		out, _ := h.InBlock(layer, trace.AttnOut)
		bias, _ := h.InBlock(layer, trace.OutputBias)
		for query := range h.Tokens {
			sum := analyze.Along(bias.Data, out.Row(query))
			for head, l := range analyze.Looks(h, layer, query) {
				sum += l.Along
				if l.Head != head || l.Layer != layer {
					t.Errorf("head %d of layer %d is %+v", head, layer, l)
				}
			}
			if !near(sum, 1, 1e-5) {
				t.Errorf("layer %d, query %d: the shares sum to %v", layer, query, sum)
			}
		}
	}
}

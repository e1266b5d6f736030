package trace_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"attn/internal/tensor"
	"attn/internal/trace"
)

// narrowed is a trace of 5 tokens, 1 layer and 2 heads that keeps token 4's rows
// and tells of its pattern without holding it.
func narrowed() *trace.Trace {
	tokens := make([]trace.Token, 5)
	for i := range tokens {
		tokens[i] = trace.Token{Pos: i, ID: int32(i)}
	}
	rec := trace.NewRecorder(tokens, func(string) bool { return true })
	rec.Describe(trace.Meta{
		Model: trace.Model{Layers: 1, Heads: 2, KVHeads: 1, DModel: 2, DHead: 3, DVocab: 7},
		Mask:  tensor.Mask{Causal: true}, Selected: trace.Selected{Focus: 4},
		Tile: &trace.Tile{Queries: [2]int{1, 3}, Keys: [2]int{0, 2}},
	})
	rec.Narrow(4, func(step string) bool { return step == trace.Embed })
	in := func(name string) string { return trace.InBlock(0, name) }
	put := func(name string, values []float32, shape ...tensor.Dim) {
		rec.Wants(name)
		v := tensor.New(shape...)
		copy(v.Data, values)
		rec.RecordRows(name, rec.Rows(name), v)
	}
	heads, queries, d := tensor.D(tensor.Head, 2), tensor.D(tensor.QueryPos, 5), tensor.D(tensor.DModel, 2)
	put(trace.Embed, nil, tensor.D(tensor.Pos, 5), d)
	put(in(trace.ResidPre), []float32{1, 2}, tensor.D(tensor.Pos, 1), d)
	put(in(trace.LSE), nil, heads, queries)
	put(in(trace.Entropy), nil, heads, queries)
	put(in(trace.TopKeys), []float32{3, 0, 3, -1}, heads, tensor.D(tensor.QueryPos, 1), tensor.D(tensor.Rank, 2))
	put(in(trace.TopWeights), []float32{.5, .25, 1, 0}, heads, tensor.D(tensor.QueryPos, 1), tensor.D(tensor.Rank, 2))
	put(in(trace.TopRest), []float32{0, 0, 0, 0, .25, 0, 0, 0, 0, 0}, heads, queries)
	put(in(trace.Received), []float32{1, 1, 1, 1, 1, 5, 0, 0, 0, 0}, heads, tensor.D(tensor.KeyPos, 5))
	pooled := make([]float32, 50)
	for row := range 10 {
		pooled[5*row] = 1
	}
	put(in(trace.Pooled), pooled, heads, tensor.D(tensor.QueryBlock, 5), tensor.D(tensor.KeyBlock, 5))
	put(in(trace.TilePattern), []float32{1, 1, 1, 1, 1, 1, 1, 1}, heads, tensor.D(tensor.TileQuery, 2), tensor.D(tensor.TileKey, 2))
	put(in(trace.TileScores), nil, heads, tensor.D(tensor.TileQuery, 2), tensor.D(tensor.TileKey, 2))
	put(in(trace.V), []float32{1, 2, 3, 4, 5, 6, 7, 8, 9}, tensor.D(tensor.Pos, 3), tensor.D(tensor.Head, 1), tensor.D(tensor.DHead, 3))
	put(trace.Logits, []float32{0, 0, 9}, tensor.D(tensor.Pos, 1), tensor.D(tensor.DVocab, 7))
	return rec.Trace()
}

// TestNarrowRows: the focus's own row, at keys those that it takes most from, the
// last of the logits, and all of what is asked for whole.
func TestNarrowRows(t *testing.T) {
	h := narrowed()
	for name, want := range map[string][]int{
		trace.Embed: nil, "blocks.0.hook_resid_pre": {4}, "blocks.0.attn.hook_topk_keys": {4}, "blocks.0.attn.hook_entropy": nil,
		"blocks.0.attn.hook_v": {0, 3, 4}, "blocks.0.attn.hook_pooled": nil, "unembed.hook_out": {4},
	} {
		if s, ok := h.Held(name); !ok || !slices.Equal(s.Rows, want) {
			t.Errorf("%s has the rows %v, want %v", name, s.Rows, want)
		}
	}
	if _, ok := h.Find("blocks.0.hook_resid_pre"); ok {
		t.Error("a step of some rows is found as a whole one")
	}
	if got, ok := h.At("blocks.0.attn.hook_v", 3, 0); !ok || !slices.Equal(got, []float32{4, 5, 6}) {
		t.Errorf("the value of token 3 is %v", got)
	}
	for _, pos := range []int{1, 5, -1} {
		if got, ok := h.At("blocks.0.attn.hook_v", pos, 0); ok {
			t.Errorf("the value of token %d is %v", pos, got)
		}
	}
	if got, ok := h.At("blocks.0.attn.hook_topk_weights", 4, 1); !ok || !slices.Equal(got, []float32{1, 0}) {
		t.Errorf("head 1 lists %v", got)
	}
	if _, ok := h.At("blocks.0.attn.b_O", 0); ok {
		t.Error("a bias has a row")
	}
	if i := slices.IndexFunc(h.Steps, func(s trace.Step) bool { return s.Name == "blocks.0.attn.hook_v" }); i != 2 {
		t.Errorf("the value is step %d, the steps stand in the table's order", i)
	}
}

// TestNarrowRoundTrip: files keep which rows a step holds, and the tile.
func TestNarrowRoundTrip(t *testing.T) {
	h := narrowed()
	got := mustLoad(t, save(t, h))
	for i := range got.Steps {
		got.Steps[i].Op, got.Steps[i].Inputs = h.Steps[i].Op, h.Steps[i].Inputs
	}
	if diff := cmp.Diff(whole(h), got, bits, cmpopts.IgnoreUnexported(trace.Step{})); diff != "" {
		t.Errorf("(-saved +loaded):\n%s", diff)
	}
}

// TestLoadRefusesRows: what a file says about rows and lists is held to the text.
func TestLoadRefusesRows(t *testing.T) {
	const steps, more = "attn.steps", "attn.more"
	for _, tt := range []struct {
		name  string
		spoil func(*parts)
		want  string
	}{
		{"a row outside", swap(steps, `"rows":[4]`, `"rows":[5]`), "positions of the text in rising order"},
		{"rows that fall", swap(steps, `"rows":[0,3,4]`, `"rows":[0,4,3]`), "positions of the text in rising order"},
		{"a row twice", swap(steps, `"rows":[0,3,4]`, `"rows":[0,3,3]`), "positions of the text in rising order"},
		{"too few rows", swap(steps, `"rows":[0,3,4]`, `"rows":[0,3]`), "its axis pos has 3 entries"},
		{"no rows", swap(steps, `,"rows":[0,3,4]`, ``), "its axis pos has 3 entries"},
		{"a tile outside", swap(more, `"keys":[0,2]`, `"keys":[0,6]`), "a tile from 0 to 6 of 5 tokens"},
		{"an empty tile", swap(more, `"keys":[0,2]`, `"keys":[2,2]`), "a tile from 2 to 2"},
		{"another tile", swap(more, `"keys":[0,2]`, `"keys":[0,3]`), "its axis tile_key has 2 entries"},
		{"no tile", swap(more, `,"tile":{"queries":[1,3],"keys":[0,2]}`, ``), "its axis tile_query has 2 entries"},
		{"a map of other blocks", reshape("blocks.0.attn.hook_pooled", 2, 1, 25), "its axis query_block has 1 entries"},
	} {
		p := partsOf(t, save(t, narrowed()))
		tt.spoil(p)
		if _, err := load(p.bytes(t)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	for _, key := range []float32{5, -2, .5} {
		h := narrowed()
		keys, _ := h.Held("blocks.0.attn.hook_topk_keys")
		keys.Value.Data[1] = key
		if _, err := load(save(t, h)); err == nil || !strings.Contains(err.Error(), "no position of the text") {
			t.Errorf("key %v: %v", key, err)
		}
	}
}

// TestStatisticsAreChecked breaks one number at a time.
func TestStatisticsAreChecked(t *testing.T) {
	if err := narrowed().Check(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		at   int
		want string
	}{
		{trace.TopWeights, 0, "head 0, query 4: the weights and the rest sum to 1.5"},
		{trace.TopRest, 9, "head 1, query 4: the weights and the rest sum to 1.5"},
		{trace.Entropy, 3, "value 3 is 2, of 5 keys"},
		{trace.Received, 7, "head 1 receives 5.5"},
		{trace.Pooled, 26, "head 1, block 0"},
		{trace.TilePattern, 5, "head 1, query 1 gives key 1 the weight 1.5"},
	} {
		h := narrowed()
		s, _ := h.Held(trace.InBlock(0, tt.name))
		s.Value.Data[tt.at] += .5
		if tt.name == trace.Entropy {
			s.Value.Data[tt.at] = 2
		}
		if found := faults(h.Check()); len(found) != 1 || !strings.Contains(found[0], tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, found, tt.want)
		}
	}
}

package view_test

import (
	"strings"
	"testing"

	"attn/internal/tensor"
	"attn/internal/trace"
	"attn/internal/view"
)

// longText is 300 tokens, told of without a pattern: blocks of 3. Head 1 of layer
// 0 takes, at token 299, half from token 7, a quarter from the first token and the
// rest from others.
func longText() *trace.Trace {
	words := make([]string, 300)
	for i := range words {
		words[i] = " w"
	}
	words[7], words[299] = " there", " here"
	h := sentence(words...)
	h.Meta.Tile = &trace.Tile{Queries: [2]int{297, 300}, Keys: [2]int{298, 300}}
	add := func(name string, rows []int, value tensor.Tensor) {
		h.Steps = append(h.Steps, trace.Step{Name: trace.InBlock(0, name), Rows: rows, Value: value})
	}
	heads, queries := tensor.D(tensor.Head, 4), tensor.D(tensor.QueryPos, 300)
	list := []tensor.Dim{heads, tensor.D(tensor.QueryPos, 1), tensor.D(tensor.Rank, 2)}
	keys, weights := tensor.New(list...), tensor.New(list...)
	copy(keys.Row(1, 0), []float32{7, 0})
	copy(weights.Row(1, 0), []float32{.5, .25})
	row := func(values ...float32) tensor.Tensor {
		v := tensor.New(heads, queries)
		copy(v.Row(1)[300-len(values):], values)
		return v
	}
	add(trace.Entropy, nil, row(1.3862944)) // ln 4
	first := row(.25)
	first.Row(1)[0] = 1
	add(trace.FirstMass, nil, first)
	add(trace.NearMass, nil, row(.125))
	add(trace.TopKeys, []int{299}, keys)
	add(trace.TopWeights, []int{299}, weights)
	add(trace.TopRest, nil, row(.25))
	received := tensor.New(heads, tensor.D(tensor.KeyPos, 300))
	received.Row(1)[7], received.Row(1)[0] = 75, 225
	add(trace.Received, nil, received)
	pooled := tensor.New(heads, tensor.D(tensor.QueryBlock, 100), tensor.D(tensor.KeyBlock, 100))
	pooled.Row(1, 99)[2] = .5
	add(trace.Pooled, nil, pooled)
	tile := tensor.New(heads, tensor.D(tensor.TileQuery, 3), tensor.D(tensor.TileKey, 2))
	copy(tile.Row(1), []float32{ninf, ninf, 1, ninf, 2, 3})
	add(trace.TileScores, nil, tile)
	pattern := tensor.New(tile.Shape...)
	copy(pattern.Row(1), []float32{0, 0, .5, 0, .125, .25})
	add(trace.TilePattern, nil, pattern)
	return h
}

// TestLongPattern: what the token looks at, the map, who receives, and the tile.
func TestLongPattern(t *testing.T) {
	grids := build(t, "pattern", longText(), told(0, 1, 299))
	if len(grids) != 4 {
		t.Fatalf("%d grids", len(grids))
	}
	at := grids[0]
	if got := texts(at.Table.Rows); got != "there|w|all other tokens" {
		t.Errorf("it looks at %s", got)
	}
	numbers(t, at, "position", 7, 0, nan)
	numbers(t, at, "tokens back", 292, 299, nan)
	numbers(t, at, "weight", .5, .25, .25)
	says(t, "notes", strings.Join(at.Notes, "\n"), "25.0 % on the first token", "12.5 % on the 64 tokens up to here", "2.00 bits", "as 4 tokens")

	m := grids[1].Matrix
	if len(m.Rows) != 100 || m.RowAxis != "keys" || m.Rows[2].Text != "w" || m.Rows[2].Pos != 6 || !m.Cols[99].Focus || m.Cols[99].Text != "here" {
		t.Errorf("the map has %d rows of %s; column 99 is %+v", len(m.Rows), m.RowAxis, m.Cols[99])
	}
	if v := m.Cells.At(2, 99); v != .5 || m.Full != .5 {
		t.Errorf("its cell is %v, full %v", v, m.Full)
	}
	if v := m.Cells.At(99, 2); v == v {
		t.Errorf("a block that nobody sees is %v", v)
	}
	got := grids[2]
	numbers(t, got, "position", 0, 7, 1, 2, 3, 4, 5, 6)
	numbers(t, got, "of all attention", .75, .25, 0, 0, 0, 0, 0, 0)
	if even := got.Table.Columns[2].Numbers[0]; even < 35 || even > 36 { // 225 of H(300) = 6.2827
		t.Errorf("the first token receives %v even shares", even)
	}
	tile := grids[3]
	if got := texts(tile.Matrix.Cols); got != "w|w|>here" || tile.Matrix.Cells.At(1, 2) != .25 {
		t.Errorf("the tile is of %s: %v", got, tile.Matrix.Cells)
	}
	if v := tile.Matrix.Cells.At(1, 0); v == v {
		t.Errorf("a hidden cell of the tile is %v", v)
	}
	says(t, "note", tile.Notes[0], "queries 297 to 299, keys 298 to 299", "--tile")
}

// TestLongPatternInTheWalk: the tile stands there only when it was asked for.
func TestLongPatternInTheWalk(t *testing.T) {
	if n := len(build(t, "pattern", longText(), brief(told(0, 1, 299)))); n != 3 {
		t.Errorf("%d grids", n)
	}
	sel := brief(told(0, 1, 299))
	sel.Tile = true
	if n := len(build(t, "pattern", longText(), sel)); n != 4 {
		t.Errorf("with a tile %d grids", n)
	}
	g := one(t, "tokens", longText(), brief(told(0, 1, 150)))
	if len(g.Table.Rows) != 16 || g.Table.Rows[0].Pos != 142 {
		t.Errorf("%d tokens, from %d", len(g.Table.Rows), g.Table.Rows[0].Pos)
	}
}

// TestLongScores shows the tile, the chapter's way and the paper's.
func TestLongScores(t *testing.T) {
	for _, name := range []string{"scores", "mask"} {
		g := one(t, name, longText(), told(0, 1, 299))
		if g.View != name || g.Matrix.Cells.At(0, 2) != 2 || g.Matrix.Cells.At(0, 0) != ninf || g.Matrix.RowAxis != "keys" {
			t.Errorf("%s: %+v", name, g)
		}
		g = one(t, name, longText(), paper(told(0, 1, 299)))
		if g.Matrix.Cells.At(2, 0) != 2 || g.Matrix.RowAxis != "queries" {
			t.Errorf("%s on paper: %+v", name, g)
		}
	}
}

// TestSinksAndWindows are averages over the queries.
func TestSinksAndWindows(t *testing.T) {
	h := longText()
	put(h, "blocks.0.attn.b_O")
	h.Steps = append(h.Steps,
		trace.Step{Name: "blocks.0.attn.hook_result", Rows: []int{299}, Value: tensor.New(tensor.D(tensor.Pos, 1), tensor.D(tensor.Head, 4), tensor.D(tensor.DModel, 2))},
		trace.Step{Name: "blocks.0.hook_attn_out", Rows: []int{299}, Value: tensor.New(tensor.D(tensor.Pos, 1), tensor.D(tensor.DModel, 2))})
	grids := build(t, "heads", h, told(0, 1, 299))
	var titles []string
	for _, g := range grids {
		titles = append(titles, g.Title)
	}
	if strings.Join(titles, "|") != "All heads|Sinks|Windows|Heads of layer 0 at “here”" {
		t.Fatalf("the grids are %v", titles)
	}
	if v := grids[1].Matrix.Cells.At(0, 1); v != float32(1.25/300) {
		t.Errorf("on the first token: %v", v)
	}
	if v := grids[2].Matrix.Cells.At(0, 1); v != float32(.125/300) {
		t.Errorf("nearby: %v", v)
	}
}

// TestHooksOfALongText: every statistic has a view of its plain numbers.
func TestHooksOfALongText(t *testing.T) {
	h := longText()
	for _, s := range h.Steps {
		if grids := build(t, s.Name, h, told(0, 1, 299)); len(grids) != 1 {
			t.Errorf("%s has %d grids", s.Name, len(grids))
		}
	}
	g := one(t, "blocks.0.attn.hook_topk_keys", h, told(0, 1, 299))
	if texts(g.Table.Rows) != ">here" {
		t.Errorf("the rows are %s", texts(g.Table.Rows))
	}
	numbers(t, g, "1", 7)
	numbers(t, g, "2", 0)
}

// TestLongNeeds: no view of a long text reads what a long text does not hold.
func TestLongNeeds(t *testing.T) {
	for _, v := range view.Suite() {
		for _, name := range v.Hooks([]int{0}, 2, true) {
			_, base := trace.Split(name)
			for _, whole := range trace.WholeMaps() {
				if base == whole {
					t.Errorf("%s reads %s", v.Name, name)
				}
			}
		}
	}
}

package view

import (
	"fmt"
	"math"
	"slices"

	"attn/internal/analyze"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// The pictures of a text that is too long for patterns: what one token looks at,
// the pattern from afar, the keys that receive most, and a part of it as it is.

// patternLong is what the pattern view reads of a long text.
func patternLong() []string {
	return []string{
		trace.TopKeys, trace.TopWeights, trace.TopRest, trace.Entropy, trace.FirstMass, trace.NearMass, trace.Sink,
		trace.Received, trace.Pooled, trace.LSE, trace.TileScores, trace.TilePattern,
	}
}

func buildLongPattern(t *trace.Trace, sel Select) ([]Grid, error) {
	var grids []Grid
	for _, layer := range sel.Layers {
		for _, head := range sel.Heads {
			for _, build := range []func(*trace.Trace, Select, int, int) (Grid, bool){attendedGrid, mapGrid, receivedGrid} {
				if g, ok := build(t, sel, layer, head); ok {
					grids = append(grids, g)
				}
			}
			if _, ok := t.InBlock(layer, trace.TilePattern); !ok || sel.Brief && !sel.Tile {
				continue
			}
			g, err := tileGrid(t, sel, layer, head, trace.TilePattern, "Pattern", "e^(score − lse)")
			if err != nil {
				return nil, err
			}
			g.View, g.Matrix.Scale = "pattern", Weight
			grids = append(grids, g)
		}
	}
	if len(grids) == 0 {
		return nil, notRecorded(trace.InBlock(sel.Told.Layer, trace.TopKeys))
	}
	return grids, nil
}

// inHead ends a title with the head that it is of, where a walk has not said it.
func inHead(sel Select, title string, layer, head int) string {
	if sel.named() {
		title += " in " + headName(layer, head)
	}
	return title
}

// attendedGrid lists the tokens that the told token takes most from.
func attendedGrid(t *trace.Trace, sel Select, layer, head int) (Grid, bool) {
	focus := sel.Told.Focus
	attended, ok := analyze.AttendedBy(t, layer, head, focus)
	if !ok {
		return Grid{}, false
	}
	place := Column{Title: "position", Kind: Integer}
	back := Column{Title: "tokens back", Kind: Integer}
	weight := Column{Title: "weight", Kind: Percent, Max: 1, Decimals: 1}
	table := &Table{}
	for i, k := range attended.Keys {
		table.Rows = append(table.Rows, tokenLabel(t, k, Key, -1))
		place.Numbers = append(place.Numbers, float64(k))
		back.Numbers = append(back.Numbers, float64(focus-k))
		weight.Numbers = append(weight.Numbers, attended.Weights[i])
	}
	if attended.Rest > 0 {
		table.Rows = append(table.Rows, Label{Text: "all other tokens", Pos: -1, Role: Muted})
		place.Numbers, back.Numbers = append(place.Numbers, nan), append(back.Numbers, nan)
		weight.Numbers = append(weight.Numbers, attended.Rest)
	}
	table.Columns = []Column{place, back, weight}
	return Grid{
		View: "pattern", Title: inHead(sel, "What "+quoted(t, focus)+" looks at", layer, head),
		Formula: fmt.Sprintf("the largest weights of the query at position %d", focus),
		Step:    trace.InBlock(layer, trace.TopWeights), Table: table, Notes: masses(t, layer, head, focus, attended.Bits),
	}, true
}

// masses says where the weight of one query lies as a whole.
func masses(t *trace.Trace, layer, head, focus int, bits float64) []string {
	first, ok1 := t.InBlock(layer, trace.FirstMass)
	near, ok2 := t.InBlock(layer, trace.NearMass)
	var notes []string
	if ok1 && ok2 {
		notes = append(notes, fmt.Sprintf("%.1f %% on the first token, %.1f %% on the %d tokens up to here",
			100*first.At(head, focus), 100*near.At(head, focus), min(trace.NearKeys, focus+1)))
		if !t.Mask(layer).Causal {
			notes[0] = fmt.Sprintf("%.1f %% on the first token, %.1f %% on the tokens less than %d away", 100*first.At(head, focus), 100*near.At(head, focus), trace.NearKeys)
		}
	}
	if sink, ok := t.InBlock(layer, trace.Sink); ok {
		notes = append(notes, fmt.Sprintf("%.1f %% go to the head's sink, which is no token", 100*sink.At(head, focus)))
	}
	if !math.IsNaN(bits) {
		notes = append(notes, fmt.Sprintf("entropy %.2f bits: as widely as %.3g tokens alike", bits, math.Exp2(bits)))
	}
	return notes
}

// mapGrid is the pattern from afar: blocks of tokens by blocks of tokens.
func mapGrid(t *trace.Trace, sel Select, layer, head int) (Grid, bool) {
	pooled, ok := t.InBlock(layer, trace.Pooled)
	if !ok {
		return Grid{}, false
	}
	size := trace.BlockSize(len(t.Tokens))
	cells := pooled.Sub(head).Clone()
	n := cells.Shape[0].Size
	for i := range cells.Data {
		if !blockSeen(t.Mask(layer), i/n, i%n, size, len(t.Tokens)) {
			cells.Data[i] = float32(nan)
		}
	}
	m := &Matrix{RowAxis: "queries", ColAxis: "keys", Rows: blockLabels(t, Query, sel.Told.Focus, size), Cols: blockLabels(t, Key, -1, size), Cells: cells, Scale: Weight}
	if !sel.Paper {
		m.RowAxis, m.ColAxis, m.Rows, m.Cols, m.Cells = "keys", "queries", blockLabels(t, Key, -1, size), blockLabels(t, Query, sel.Told.Focus, size), transpose(cells)
	}
	m.Full = most(cells.Data)
	return Grid{
		View: "pattern", Title: inHead(sel, "Pattern from afar", layer, head),
		Formula: fmt.Sprintf("what a query of one block of %d tokens gives, on average, to a block of keys", size),
		Step:    trace.InBlock(layer, trace.Pooled), Matrix: m,
	}, true
}

// most is a weight that few cells exceed, so that one block that takes all does
// not make the others pale.
func most(cells []float32) float64 {
	var seen []float64
	for _, v := range cells {
		if v > 0 {
			seen = append(seen, float64(v))
		}
	}
	if len(seen) == 0 {
		return 1
	}
	slices.Sort(seen)
	return seen[len(seen)*98/100]
}

// blockSeen reports whether any query of one block sees any key of another.
func blockSeen(m tensor.Mask, query, key, size, n int) bool {
	from, _ := m.Visible(query*size, n)
	_, to := m.Visible(min((query+1)*size, n)-1, n)
	return from < (key+1)*size && key*size < to
}

// blockLabels names blocks by their first token, or the one with the focus by it.
func blockLabels(t *trace.Trace, role Role, focus, size int) []Label {
	var labels []Label
	for start := 0; start < len(t.Tokens); start += size {
		l := tokenLabel(t, start, role, -1)
		if focus >= start && focus < start+size {
			l.Text, l.Focus = TokenText(t, focus), true
		}
		labels = append(labels, l)
	}
	return labels
}

// receivedGrid lists the keys that all queries together take most from.
func receivedGrid(t *trace.Trace, sel Select, layer, head int) (Grid, bool) {
	received, ok := t.InBlock(layer, trace.Received)
	if !ok {
		return Grid{}, false
	}
	all := received.Row(head)
	sum := 0.0
	for _, v := range all {
		sum += float64(v)
	}
	shown := 8
	if sel.Brief {
		shown = 3
	}
	place := Column{Title: "position", Kind: Integer}
	share := Column{Title: "of all attention", Kind: Percent, Max: 1, Decimals: 1}
	even := Column{Title: "times an even share", Kind: Number, Decimals: 1}
	table := &Table{}
	for _, k := range tensor.Largest(all, shown) {
		table.Rows = append(table.Rows, tokenLabel(t, int(k), Key, -1))
		part := float64(all[k]) / sum
		place.Numbers, share.Numbers = append(place.Numbers, float64(k)), append(share.Numbers, part)
		even.Numbers = append(even.Numbers, part/evenShare(t.Mask(layer), int(k), len(all)))
	}
	table.Columns = []Column{place, share, even}
	return Grid{
		View: "pattern", Title: inHead(sel, "Keys that receive most", layer, head),
		Formula: "Σ of the weights that all queries give; an even share is that of queries that look at all they see alike",
		Step:    trace.InBlock(layer, trace.Received), Table: table,
	}, true
}

// evenShare is what a key would receive, of all attention, if every query looked
// alike at all keys that it sees.
func evenShare(m tensor.Mask, key, n int) float64 {
	sum := 0.0
	for q := range n {
		if from, to := m.Visible(q, n); key >= from && key < to {
			sum += 1 / float64(to-from)
		}
	}
	return sum / float64(n)
}

// tileGrid is a part of the scores or the pattern as it is.
func tileGrid(t *trace.Trace, sel Select, layer, head int, hook, title, formula string) (Grid, error) {
	value, ok := t.InBlock(layer, hook)
	tile := t.Meta.Tile
	if !ok || tile == nil {
		return Grid{}, notRecorded(trace.InBlock(layer, hook))
	}
	cells := value.Sub(head).Clone()
	columns := cells.Shape[1].Size
	for i := range cells.Data {
		if hook == trace.TilePattern && !t.Mask(layer).Allows(tile.Queries[0]+i/columns, tile.Keys[0]+i%columns) {
			cells.Data[i] = float32(nan)
		}
	}
	queries, keys := tileLabels(t, Query, sel.Told.Focus, tile.Queries), tileLabels(t, Key, -1, tile.Keys)
	m := &Matrix{RowAxis: "queries", ColAxis: "keys", Rows: queries, Cols: keys, Cells: cells, Scale: Score}
	if !sel.Paper {
		m = &Matrix{RowAxis: "keys", ColAxis: "queries", Rows: keys, Cols: queries, Cells: transpose(cells), Scale: Score}
	}
	return Grid{
		Title: inHead(sel, title, layer, head), Formula: formula, Step: trace.InBlock(layer, hook), Matrix: m,
		Notes: []string{fmt.Sprintf("a part of %d × %d: queries %d to %d, keys %d to %d (--tile Q0:Q1,K0:K1 shows another)",
			len(t.Tokens), len(t.Tokens), tile.Queries[0], tile.Queries[1]-1, tile.Keys[0], tile.Keys[1]-1)},
	}, nil
}

func tileLabels(t *trace.Trace, role Role, focus int, side [2]int) []Label {
	var labels []Label
	for pos := side[0]; pos < side[1]; pos++ {
		labels = append(labels, tokenLabel(t, pos, role, focus))
	}
	return labels
}

// massGrids show, of a long text, how much of their attention all queries park on
// the first token and keep nearby, head by head.
func massGrids(t *trace.Trace, sel Select) []Grid {
	var grids []Grid
	for _, of := range []struct{ hook, title, formula string }{
		{trace.FirstMass, "Sinks", "the weight on the first token, on average over all queries"},
		{trace.NearMass, "Windows", fmt.Sprintf("the weight on tokens less than %d away, on average over all queries", trace.NearKeys)},
	} {
		m := headMatrix(t, sel)
		for layer := range t.Meta.Model.Layers {
			mass, ok := t.InBlock(layer, of.hook)
			if !ok {
				continue
			}
			m.Rows = append(m.Rows, Label{Text: fmt.Sprintf("layer %d", layer), Pos: -1, Focus: layer == sel.Told.Layer})
			for head := range mass.Shape[0].Size {
				sum := 0.0
				for _, v := range mass.Row(head) {
					sum += float64(v)
				}
				m.Cells.Data = append(m.Cells.Data, float32(sum/float64(len(t.Tokens))))
			}
		}
		if len(m.Rows) > 0 {
			m.Cells.Shape = []tensor.Dim{tensor.D("layer", len(m.Rows)), tensor.D(tensor.Head, len(m.Cols))}
			grids = append(grids, Grid{View: "heads", Title: of.title, Formula: of.formula, Step: "blocks.*." + of.hook, Matrix: m})
		}
	}
	return grids
}

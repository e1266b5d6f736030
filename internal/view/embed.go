package view

import (
	"fmt"
	"slices"

	"attn/internal/analyze"
	"attn/internal/tensor"
	"attn/internal/trace"
)

func embedView() View {
	return View{
		Name:  "embed",
		Doc:   "each token's vector, its position's vector, and their sum",
		Needs: []string{trace.Embed, trace.PosEmbed},
		Build: buildEmbed,
	}
}

func buildEmbed(t *trace.Trace, sel Select) ([]Grid, error) {
	held, ok := t.Held(trace.Embed)
	if !ok {
		return nil, notRecorded(trace.Embed)
	}
	_, havePlace := t.Held(trace.PosEmbed)
	rows := heldRows(t, trace.Embed, briefRows(t, sel))
	table := &Table{}
	lengths := [3]Column{
		{Title: "|token|", Kind: Number, Decimals: 2},
		{Title: "|position|", Kind: Number, Decimals: 2},
		{Title: "|e|", Kind: Number, Decimals: 2, Role: Embedding},
	}
	strip := Column{Title: "e", Kind: Strip, Role: Embedding}
	for _, pos := range rows {
		token, _ := t.At(trace.Embed, pos)
		e := append([]float32(nil), token...)
		lengths[0].Numbers = append(lengths[0].Numbers, analyze.Length(e))
		if place, ok := t.At(trace.PosEmbed, pos); ok {
			lengths[1].Numbers = append(lengths[1].Numbers, analyze.Length(place))
			add(e, place)
		} else if havePlace {
			lengths[1].Numbers = append(lengths[1].Numbers, nan)
		}
		lengths[2].Numbers = append(lengths[2].Numbers, analyze.Length(e))
		strip.Vectors = append(strip.Vectors, e)
		table.Rows = append(table.Rows, tokenLabel(t, pos, Embedding, sel.Told.Focus))
	}
	table.Columns = []Column{lengths[0]}
	formula := "e = W_E[token]"
	if havePlace {
		table.Columns = append(table.Columns, lengths[1])
		formula = "e = W_E[token] + W_pos[position]"
	}
	table.Columns = append(table.Columns, lengths[2], strip)
	g := Grid{
		View: "embed", Title: "Embeddings", Step: trace.Embed, Table: table,
		Formula: fmt.Sprintf("%s, %d numbers each%s", formula, held.Value.Size(tensor.DModel), leftOut(t, rows, "embed", held.Rows != nil)),
	}
	return []Grid{g}, nil
}

// briefRows are the tokens that a view shows: all, or in the walk the told
// token and those it takes most from, in the sentence's order.
func briefRows(t *trace.Trace, sel Select) []int {
	const most = 3
	var rows []int
	if !sel.Brief || len(t.Tokens) <= most+1 {
		for pos := range t.Tokens {
			rows = append(rows, pos)
		}
		return rows
	}
	keep := map[int]bool{sel.Told.Focus: true}
	for _, pos := range strongest(t, sel.Told, most) {
		keep[pos] = true
	}
	for pos := range t.Tokens {
		if keep[pos] {
			rows = append(rows, pos)
		}
	}
	return rows
}

// strongest lists the keys that the told query weighs most, the largest first.
func strongest(t *trace.Trace, told trace.Selected, n int) []int {
	attended, ok := analyze.AttendedBy(t, told.Layer, told.Head, told.Focus)
	if !ok {
		return nil
	}
	weights := make([]float32, len(attended.Weights))
	for i, w := range attended.Weights {
		weights[i] = float32(w)
	}
	var keys []int
	for _, i := range tensor.Largest(weights, n) {
		keys = append(keys, attended.Keys[i])
	}
	return keys
}

// heldRows are those of the tokens whose row of a step the trace holds.
func heldRows(t *trace.Trace, step string, rows []int) []int {
	s, ok := t.Held(step)
	if !ok || s.Rows == nil {
		return rows
	}
	return slices.DeleteFunc(slices.Clone(rows), func(pos int) bool { return !slices.Contains(s.Rows, pos) })
}

// leftOut counts the tokens that a brief view shows, as the end of its formula.
func leftOut(t *trace.Trace, rows []int, step string, held bool) string {
	if len(rows) == len(t.Tokens) {
		return ""
	}
	if held { // there are no more
		return fmt.Sprintf("; %d of %d tokens", len(rows), len(t.Tokens))
	}
	return fmt.Sprintf("; %d of %d tokens (--steps %s)", len(rows), len(t.Tokens), step)
}

func add(into, v []float32) {
	for i, x := range v {
		into[i] += x
	}
}

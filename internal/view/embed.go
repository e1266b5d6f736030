package view

import (
	"fmt"

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
	token, ok := t.Find(trace.Embed)
	if !ok {
		return nil, notRecorded(trace.Embed)
	}
	place, havePlace := t.Find(trace.PosEmbed)
	rows := briefRows(t, sel)
	table := &Table{}
	lengths := [3]Column{
		{Title: "|token|", Kind: Number, Decimals: 2},
		{Title: "|position|", Kind: Number, Decimals: 2},
		{Title: "|e|", Kind: Number, Decimals: 2, Role: Embedding},
	}
	strip := Column{Title: "e", Kind: Strip, Role: Embedding}
	for _, pos := range rows {
		e := append([]float32(nil), token.Row(pos)...)
		lengths[0].Numbers = append(lengths[0].Numbers, analyze.Length(e))
		if havePlace {
			lengths[1].Numbers = append(lengths[1].Numbers, analyze.Length(place.Row(pos)))
			add(e, place.Row(pos))
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
		Formula: fmt.Sprintf("%s, %d numbers each%s", formula, token.Size(tensor.DModel), leftOut(t, rows, "embed")),
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
	pattern, ok := t.InBlock(told.Layer, trace.Pattern)
	if !ok {
		return nil
	}
	var keys []int
	for _, k := range analyze.Top(pattern.Row(told.Head, told.Focus), n) {
		keys = append(keys, int(k))
	}
	return keys
}

// leftOut counts the tokens that a brief view shows, as the end of its formula.
func leftOut(t *trace.Trace, rows []int, step string) string {
	if len(rows) == len(t.Tokens) {
		return ""
	}
	return fmt.Sprintf("; %d of %d tokens (--steps %s)", len(rows), len(t.Tokens), step)
}

func add(into, v []float32) {
	for i, x := range v {
		into[i] += x
	}
}

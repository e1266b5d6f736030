package view

import (
	"fmt"

	"attn/internal/trace"
)

func tokensView() View {
	return View{
		Name: "tokens",
		Doc:  "the text cut into tokens, with their ids",
		Build: func(t *trace.Trace, sel Select) ([]Grid, error) {
			shown := tokensShown(t, sel)
			ids, labels := make([]float64, len(shown)), make([]Label, len(shown))
			for i, pos := range shown {
				ids[i], labels[i] = float64(t.Tokens[pos].ID), tokenLabel(t, pos, Embedding, sel.Told.Focus)
			}
			g := Grid{
				View: "tokens", Title: "Tokens", Formula: "text → pieces of the vocabulary",
				Table: &Table{
					Rows:    labels,
					Columns: []Column{{Title: "id", Kind: Integer, Numbers: ids, Role: Muted}},
					Across:  true,
				},
			}
			if n := len(shown); n < len(t.Tokens) {
				g.Notes = append(g.Notes, fmt.Sprintf("%d of %d tokens, from position %d on (--steps tokens)", n, len(t.Tokens), shown[0]))
			}
			if t.Meta.Dropped > 0 {
				g.Notes = append(g.Notes, fmt.Sprintf("%d tokens before these were left out (--context)", t.Meta.Dropped))
			}
			return []Grid{g}, nil
		},
	}
}

// tokensShown are all tokens, or in the walk through a long text those around
// the told one.
func tokensShown(t *trace.Trace, sel Select) []int {
	const around = 8
	all := everyToken(t)
	if !sel.Brief || !isLong(t, sel.Told.Layer) || len(all) <= 4*around {
		return all
	}
	from := max(0, min(sel.Told.Focus-around, len(all)-2*around))
	return all[from : from+2*around]
}

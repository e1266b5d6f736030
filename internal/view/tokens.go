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
			ids := make([]float64, len(t.Tokens))
			for i, token := range t.Tokens {
				ids[i] = float64(token.ID)
			}
			g := Grid{
				View: "tokens", Title: "Tokens", Formula: "text → pieces of the vocabulary",
				Table: &Table{
					Rows:    tokenLabels(t, Embedding, sel.Told.Focus),
					Columns: []Column{{Title: "id", Kind: Integer, Numbers: ids, Role: Muted}},
					Across:  true,
				},
			}
			if t.Meta.Dropped > 0 {
				g.Notes = append(g.Notes, fmt.Sprintf("%d tokens before these were left out (--context)", t.Meta.Dropped))
			}
			return []Grid{g}, nil
		},
	}
}

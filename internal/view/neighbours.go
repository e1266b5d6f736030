package view

import "attn/internal/trace"

// Neighbours shows words by their cosine with something.
func Neighbours(words []trace.Neighbour, title, formula string) Grid {
	table := &Table{}
	cosine := Column{Title: "cosine", Kind: Bar, Decimals: 3, Max: 1}
	for _, n := range words {
		table.Rows = append(table.Rows, Label{Text: candidateText(n.Text), Pos: -1, Role: Embedding})
		cosine.Numbers = append(cosine.Numbers, n.Cosine)
	}
	table.Columns = []Column{cosine}
	return Grid{View: "neighbours", Title: title, Formula: formula, Step: trace.Embed, Table: table}
}

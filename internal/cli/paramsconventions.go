package cli

import (
	"errors"
	"math"

	"attn/internal/params"
	"attn/internal/view"
)

// conventionJSON is a model's total under one convention.
type conventionJSON struct {
	Name  params.Convention `json:"name"`
	Total *int64            `json:"total"` // null where the convention says nothing of the model
	Why   string            `json:"why,omitempty"`
}

// conventions counts under each of them.
func conventions(s params.Shape) []conventionJSON {
	var list []conventionJSON
	for _, c := range params.Conventions() {
		count, err := s.Count(c)
		entry := conventionJSON{Name: c, Total: &count.Total}
		if err != nil {
			entry.Total, entry.Why = nil, err.Error()
		}
		list = append(list, entry)
	}
	return list
}

// conventionGrid shows the totals side by side.
func conventionGrid(s params.Shape) (view.Grid, error) {
	var rows []view.Label
	var abouts []string
	var totals []float64
	var notes []string
	for _, c := range params.Conventions() {
		count, err := s.Count(c)
		total := float64(count.Total)
		switch {
		case errors.Is(err, params.ErrUncounted):
			total = math.NaN()
			notes = append(notes, string(c)+" is "+err.Error())
		case err != nil:
			return view.Grid{}, failf("cannot count: %w: %s", err, s.Name)
		case c == params.File && s.Missing() > 0:
			notes = append(notes, "the weight file lacks "+params.Digits(s.Missing())+" of the parameters that the config asks for")
		case c == params.Parameters && count.Active > 0:
			notes = append(notes, "of the parameters "+params.Digits(count.Active)+" work on one token, both embeddings included; the other experts are idle")
		}
		rows, abouts, totals = append(rows, view.Label{Text: string(c), Pos: -1}), append(abouts, c.About()), append(totals, total)
	}
	return view.Grid{
		View: "params", Title: "The same model in every convention", Notes: notes,
		Table: &view.Table{Rows: rows, Columns: []view.Column{
			{Title: "total", Kind: view.Integer, Numbers: totals},
			{Title: "counts", Kind: view.Word, Words: abouts},
		}},
	}, nil
}

package text

import (
	"fmt"

	"attn/internal/render/escape"
	"attn/internal/view"
)

// check reports a grid whose parts do not fit each other.
func check(g view.Grid) error {
	if m := g.Matrix; m != nil {
		if len(m.Cells.Data) != len(m.Rows)*len(m.Cols) {
			return fmt.Errorf("%d cells for %d rows and %d columns", len(m.Cells.Data), len(m.Rows), len(m.Cols))
		}
		if m.Words != nil && len(m.Words) != len(m.Rows) {
			return fmt.Errorf("words for %d of %d rows", len(m.Words), len(m.Rows))
		}
		for i, words := range m.Words {
			if len(words) != len(m.Cols) {
				return fmt.Errorf("row %d: words for %d of %d columns", i, len(words), len(m.Cols))
			}
		}
	}
	if t := g.Table; t != nil {
		for _, c := range t.Columns {
			if n := entries(c); n != rowCount(t) {
				return fmt.Errorf("column %s has %d entries for %d rows", escape.Quote(c.Title), n, rowCount(t))
			}
		}
	}
	return nil
}

func entries(c view.Column) int { return max(len(c.Words), len(c.Numbers), len(c.Vectors)) }

// rowCount is how many rows a table has, whether they are labelled or not.
func rowCount(t *view.Table) int {
	if len(t.Rows) > 0 || len(t.Columns) == 0 {
		return len(t.Rows)
	}
	return entries(t.Columns[0])
}

// escaped returns copies of the grids in which no text can harm a terminal, so
// that nothing behind this point has to think of it.
func escaped(grids []view.Grid) []view.Grid {
	safe := make([]view.Grid, len(grids))
	for i, g := range grids {
		g.Title, g.Formula, g.Step = escape.Text(g.Title), escape.Text(g.Formula), escape.Text(g.Step)
		g.Notes = safeWords(g.Notes)
		if g.Matrix != nil {
			m := *g.Matrix
			m.RowAxis, m.ColAxis = escape.Text(m.RowAxis), escape.Text(m.ColAxis)
			m.Rows, m.Cols = safeLabels(m.Rows), safeLabels(m.Cols)
			words := make([][]string, len(m.Words))
			for r := range m.Words {
				words[r] = safeWords(m.Words[r])
			}
			m.Words = words
			g.Matrix = &m
		}
		if g.Table != nil {
			t := *g.Table
			t.Rows = safeLabels(t.Rows)
			t.Columns = append([]view.Column(nil), t.Columns...)
			for c := range t.Columns {
				t.Columns[c].Title = escape.Text(t.Columns[c].Title)
				t.Columns[c].Words = safeWords(t.Columns[c].Words)
			}
			g.Table = &t
		}
		safe[i] = g
	}
	return safe
}

func safeLabels(labels []view.Label) []view.Label {
	safe := make([]view.Label, len(labels))
	for i, l := range labels {
		l.Text = escape.Text(l.Text)
		safe[i] = l
	}
	return safe
}

func safeWords(words []string) []string {
	safe := make([]string, len(words))
	for i, w := range words {
		safe[i] = escape.Text(w)
	}
	return safe
}

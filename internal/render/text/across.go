package text

import (
	"attn/internal/view"
)

// across draws a table whose rows run from left to right, as the words of a
// sentence do: labels on top, one line per column below. In the columns of the
// matrices over the same tokens where they have any, else in bands.
func (d *drawer) across(t *view.Table, f frame) []string {
	lines := make([][]string, len(t.Columns))
	for i, c := range t.Columns {
		lines[i] = across(c)
	}
	if !f.shared {
		f = acrossFrame(t, lines, d.o)
	}
	per := max((d.o.Width-f.left())/max(f.cell, 1), 1)
	bands := max(d.o.MaxRows/(len(t.Columns)+2), 1)
	list := keep(rowCount(t), per*bands, focused(t.Rows))
	for from := 0; from < len(list); from += per {
		if from > 0 {
			d.pen.end()
		}
		d.band(t, lines, f, list[from:min(from+per, len(list))])
	}
	return foldNote("entries", rowCount(t), t.Rows, list)
}

// acrossFrame finds columns for a table that shares none.
func acrossFrame(t *view.Table, lines [][]string, o Options) frame {
	f := frame{pad: 1}
	widestCell := widest(t.Rows)
	for i, c := range t.Columns {
		f.label = max(f.label, min(columns(c.Title), labelRoom(o)))
		for _, s := range lines[i] {
			widestCell = max(widestCell, columns(s))
		}
	}
	f.cell = max(min(widestCell+2, o.MaxCell, o.Width-f.left()), 1)
	return f
}

// across writes a column's entries as short texts; strips become their first
// few components.
func across(c view.Column) []string {
	if c.Kind != view.Strip {
		return texts(c)
	}
	top, _ := reach(c)
	list := make([]string, len(c.Vectors))
	for i, vector := range c.Vectors {
		for _, x := range vector[:min(len(vector), shortestStrip)] {
			list[i] += level(float64(x), top)
		}
	}
	return list
}

// band draws as many rows as fit side by side.
func (d *drawer) band(t *view.Table, lines [][]string, f frame, list []int) {
	if len(t.Rows) > 0 {
		d.pen.to(f.left())
		for _, row := range list {
			if row == gap {
				d.pen.right(d.palette.muted, "⋯", f.cell-f.pad)
				d.pen.skip(f.pad)
				continue
			}
			d.columnLabel(t.Rows[row], f)
		}
		d.pen.end()
	}
	for i, c := range t.Columns {
		d.pen.to(indent)
		d.pen.left(d.palette.muted, c.Title, f.label)
		d.pen.to(f.left())
		for _, row := range list {
			s := ""
			if row != gap && row < len(lines[i]) {
				s = lines[i][row]
			}
			d.pen.skip(1)
			d.pen.right(d.palette.role(c.Role), s, f.cell-1-f.pad)
			d.pen.skip(f.pad)
		}
		d.pen.end()
	}
}

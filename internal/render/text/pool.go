package text

import (
	"fmt"
	"math"
	"strconv"

	"attn/internal/view"
)

// pooled draws one shade for several cells, the largest among them: the shape
// of a pattern over more tokens than there are columns.
func (p *painter) pooled() {
	rows, cols := p.f.pool[0], p.f.pool[1]
	p.ruler(cols)
	line := make([]float64, (len(p.m.Cols)+cols-1)/cols)
	for top := 0; top < len(p.m.Rows); top += rows {
		bottom := min(top+rows, len(p.m.Rows))
		p.rowLabel(bandLabel(p.m.Rows[top:bottom]))
		p.largest(line, top, bottom, cols)
		for _, v := range line {
			p.shade(v)
		}
		p.pen.end()
	}
}

// largest fills line with the largest cell of each rectangle of the rows from
// top to bottom. A rectangle with nothing but masked cells is masked.
func (p *painter) largest(line []float64, top, bottom, cols int) {
	for i := range line {
		line[i] = math.NaN()
	}
	n := len(p.m.Cols)
	for row := top; row < bottom; row++ {
		cells := p.m.Cells.Data[row*n : (row+1)*n]
		for i := range line {
			for _, x := range cells[i*cols : min((i+1)*cols, n)] {
				if v := float64(x); v > line[i] || line[i] != line[i] {
					line[i] = v
				}
			}
		}
	}
}

func (p *painter) shade(v float64) {
	if math.IsNaN(v) || math.IsInf(v, -1) && p.m.MaskedBlank {
		p.pen.skip(1)
		return
	}
	if math.IsInf(v, 0) {
		p.pen.put(p.palette.masked, "×")
		return
	}
	t := p.extent.heat(p.m.Scale, v)
	glyph := shade(t)
	if p.m.Scale != view.Weight {
		glyph = shade((t + 1) / 2)
	}
	if glyph == " " {
		p.pen.skip(1)
		return
	}
	p.pen.put(p.palette.heat(p.m.Scale, solidLook, t), glyph)
}

// bandLabel names a band of rows by its first one.
func bandLabel(rows []view.Label) view.Label {
	l := rows[0]
	l.Focus = focused(rows) >= 0
	if l.Focus {
		l.Text = rows[focused(rows)].Text
	}
	return l
}

// ruler writes the places of the columns, every ten glyphs, and marks the one
// in focus.
func (p *painter) ruler(cols int) {
	st := p.palette.role(common(p.m.Cols))
	focus := focused(p.m.Cols)
	if focus >= 0 {
		p.pen.to(p.f.left() + focus/cols)
		p.pen.put(p.palette.bold(st), columnMark)
		if name := p.m.Cols[focus].Text; p.pen.column+1+columns(name) <= p.o.Width {
			p.pen.put(p.palette.bold(st), " "+name)
		}
		p.pen.end()
	}
	for i := 0; i < len(p.m.Cols); i += 10 * cols {
		p.pen.to(p.f.left() + i/cols)
		if text := strconv.Itoa(place(p.m.Cols, i)); p.pen.column+columns(text) <= p.o.Width {
			p.pen.put(st, text)
		}
	}
	p.pen.end()
}

// place is a label's position, or where it stands in the list.
func place(labels []view.Label, i int) int {
	if labels[i].Pos >= 0 {
		return labels[i].Pos
	}
	return i
}

func size(m *view.Matrix) string {
	return fmt.Sprintf("%d × %d cells", len(m.Rows), len(m.Cols))
}

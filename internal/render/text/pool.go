package text

import (
	"fmt"
	"math"

	"attn/internal/view"
)

// pooled draws one shade for several cells, the largest among them: the shape
// of a pattern over more tokens than there are columns.
func (p *painter) pooled() {
	rows, cols := p.f.pool[0], p.f.pool[1]
	line := make([]float64, p.f.glyphs)
	first := all(len(line))
	for i := range first {
		first[i] *= cols
	}
	p.ruler(first)
	for top := 0; top < len(p.m.Rows); top += rows {
		bottom := min(top+rows, len(p.m.Rows))
		p.rowLabel(top, bandLabel(p.m.Rows[top:bottom]))
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

// bandLabel names a band of rows by its first one, or by the one in focus.
func bandLabel(rows []view.Label) view.Label {
	if focus := focused(rows); focus >= 0 {
		return rows[focus]
	}
	return rows[0]
}

func size(m *view.Matrix) string {
	return fmt.Sprintf("%d × %d cells", len(m.Rows), len(m.Cols))
}

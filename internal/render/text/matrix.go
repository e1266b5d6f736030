package text

import (
	"math"
	"strconv"

	"attn/internal/view"
)

const (
	rowMark    = "▸" // before the row in focus
	columnMark = "▾" // before, or above, the column in focus
)

// painter draws the rows of one matrix.
type painter struct {
	*drawer
	m      *view.Matrix
	f      frame
	extent extent
	format format
}

// matrix draws a matrix and returns notes on what could not be shown.
func (d *drawer) matrix(m *view.Matrix, f frame) []string {
	if len(m.Rows) == 0 || len(m.Cols) == 0 {
		return []string{"(nothing to show: " + size(m) + ")"}
	}
	p := painter{drawer: d, m: m, f: f, extent: measure(m)}
	switch f.mode {
	case numbers:
		p.numbers()
	case dots:
		p.dots()
	case pooled:
		p.pooled()
	}
	return p.notes()
}

func (p *painter) at(row, col int) float64 {
	return float64(p.m.Cells.Data[row*len(p.m.Cols)+col])
}

// rowLabel writes the label that a row begins with, and its place where the
// columns have no names.
func (p *painter) rowLabel(row int, l view.Label) {
	if l.Focus {
		p.pen.put(p.palette.bold(p.palette.role(l.Role)), rowMark)
	}
	p.pen.to(indent)
	room := p.f.label
	if p.f.places > 0 {
		p.pen.right(p.palette.muted, strconv.Itoa(place(p.m.Rows, row)), p.f.places)
		p.pen.skip(1)
		room -= p.f.places + 1
	}
	p.pen.left(p.palette.label(l), l.Text, room)
	p.pen.skip(1)
}

// gapRow marks the place of rows left out.
func (p *painter) gapRow() {
	p.pen.to(indent)
	p.pen.put(p.palette.muted, "⋮")
	p.pen.end()
}

func (p *painter) numbers() {
	room := p.f.cell - 1
	if p.f.words > 0 {
		room -= p.f.words + 1
	}
	p.format, _ = fitting(p.m.Scale, p.extent, room)
	p.columnLabels()
	for _, row := range p.f.rows {
		if row == gap {
			p.gapRow()
			continue
		}
		p.rowLabel(row, p.m.Rows[row])
		for _, col := range p.f.cols {
			if col == gap {
				p.pen.right(p.palette.muted, "⋯", p.f.cell-p.f.pad)
				p.pen.skip(p.f.pad)
				continue
			}
			p.number(row, col)
		}
		p.pen.end()
	}
}

func (p *painter) columnLabels() {
	p.pen.to(p.f.left())
	for _, col := range p.f.cols {
		if col == gap {
			p.pen.skip(p.f.cell)
			continue
		}
		p.columnLabel(p.m.Cols[col], p.f)
	}
	p.pen.end()
}

// columnLabel writes a label over its cell: at the right, as the numbers are,
// or at the left where words follow them. A long one takes the blanks behind
// the number too.
func (d *drawer) columnLabel(l view.Label, f frame) {
	mark := ""
	if l.Focus {
		mark = columnMark
	}
	end := d.pen.column + f.cell
	text := cut(l.Text, max(f.cell-1-columns(mark), 0))
	width := columns(mark) + columns(text)
	if f.words == 0 {
		d.pen.skip(min(max(f.cell-f.pad-width, 1), f.cell-width))
	} else {
		d.pen.skip(1)
	}
	d.pen.put(d.palette.bold(d.palette.role(l.Role)), mark)
	d.pen.put(d.palette.label(l), text)
	d.pen.to(end)
}

// number draws one cell: blanks, dot, number, word.
func (p *painter) number(row, col int) {
	v := p.at(row, col)
	if math.IsNaN(v) || math.IsInf(v, -1) && p.m.MaskedBlank {
		p.pen.skip(p.f.cell)
		return
	}
	text := p.format.text(v)
	if p.format.dot && !math.IsInf(v, 0) {
		text = dot(v) + pad(text, 5)
	}
	st := p.cellStyle(v)
	if p.m.Cols[col].Focus {
		st = p.palette.bold(st)
	}
	if p.f.words == 0 {
		p.pen.put(st, pad(text, p.f.cell-p.f.pad))
		p.pen.put(st, blanks(p.f.pad))
		return
	}
	width := p.format.width(p.extent)
	p.pen.put(st, " "+pad(text, width)+" ")
	word := cut(p.m.Words[row][col], p.f.words)
	p.pen.put(st, word)
	p.pen.put(st, blanks(p.f.cell-width-2-columns(word)))
}

func (p *painter) cellStyle(v float64) style {
	if math.IsInf(v, 0) {
		return p.palette.masked
	}
	return p.palette.heat(p.m.Scale, cellLook, p.extent.heat(p.m.Scale, v))
}

// pad puts blanks before s.
func pad(s string, width int) string { return blanks(width-columns(s)) + s }

const someBlanks = "                                                                "

func blanks(n int) string {
	if n <= 0 {
		return ""
	}
	for n > len(someBlanks) {
		return someBlanks + blanks(n-len(someBlanks))
	}
	return someBlanks[:n]
}

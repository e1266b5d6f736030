package text

import (
	"math"

	"attn/internal/view"
)

// labelLines is how long a label may be that is written from top to bottom.
const labelLines = 8

// dots draws one glyph per cell, under labels written from top to bottom or,
// where glyphs stand side by side, under a ruler.
func (p *painter) dots() {
	if p.f.cell > 1 {
		p.uprightLabels()
	} else {
		p.ruler(p.f.cols)
	}
	for _, row := range p.f.rows {
		if row == gap {
			p.gapRow()
			continue
		}
		p.rowLabel(row, p.m.Rows[row])
		for _, col := range p.f.cols {
			if col == gap {
				p.pen.put(p.palette.muted, "⋯")
			} else {
				p.dot(p.at(row, col))
			}
			p.pen.skip(p.f.cell - 1)
		}
		p.pen.end()
	}
}

func (p *painter) dot(v float64) {
	switch {
	case math.IsNaN(v), math.IsInf(v, -1) && p.m.MaskedBlank:
		p.pen.skip(1)
	case math.IsInf(v, 0):
		p.pen.put(p.palette.masked, "×")
	default:
		t := p.extent.heat(p.m.Scale, v)
		glyph := dot(t)
		if p.m.Scale != view.Weight {
			glyph = signedDot(t)
		}
		p.pen.put(p.palette.heat(p.m.Scale, glyphLook, t), glyph)
	}
}

func (p *painter) uprightLabels() {
	letters := make([][]string, len(p.f.cols))
	height := 0
	for i, col := range p.f.cols {
		if col == gap {
			continue
		}
		letters[i] = upright(p.m.Cols[col].Text, p.f.cell)
		if p.m.Cols[col].Focus {
			letters[i] = append([]string{columnMark}, letters[i]...)
		}
		height = max(height, len(letters[i]))
	}
	for line := range height {
		p.pen.to(p.f.left())
		for i, col := range p.f.cols {
			k := line - (height - len(letters[i]))
			if k < 0 || col == gap {
				p.pen.skip(p.f.cell)
				continue
			}
			p.pen.left(p.upright(p.m.Cols[col]), letters[i][k], p.f.cell)
		}
		p.pen.end()
	}
}

func (p *painter) upright(l view.Label) style {
	st := p.palette.role(l.Role)
	if l.Focus {
		return p.palette.bold(st)
	}
	return st
}

// upright splits a label into its letters, one below the other. A letter that
// is wider than its column becomes a box.
func upright(text string, width int) []string {
	letters := clusters(text)
	if len(letters) > labelLines {
		letters = append(letters[:labelLines-1:labelLines-1], "⋮")
	}
	for i, l := range letters {
		if columns(l) > width {
			letters[i] = "▯"
		}
	}
	return letters
}

package text

import (
	"strconv"

	"attn/internal/view"
)

// ruler stands above glyphs that are one column wide, where labels have no
// room: the place of every tenth glyph, and above it the name of the one in
// focus. first holds which label each glyph is, or begins with.
func (p *painter) ruler(first []int) {
	st := p.palette.role(common(p.m.Cols))
	p.rulerFocus(p.palette.bold(st), first)
	p.pen.to(p.f.left())
	next := 0
	for i, col := range first {
		if col == gap || i < next {
			continue
		}
		text := strconv.Itoa(place(p.m.Cols, col))
		if p.f.left()+i+columns(text) > p.o.Width {
			break
		}
		p.pen.to(p.f.left() + i)
		p.pen.put(st, text)
		next = i + max(10, columns(text)+1)
	}
	p.pen.end()
}

// rulerFocus marks the glyph in focus and names it, at the side where there is
// more room.
func (p *painter) rulerFocus(st style, first []int) {
	focus := focused(p.m.Cols)
	if focus < 0 {
		return
	}
	at := 0
	for i, col := range first {
		if col != gap && col <= focus {
			at = p.f.left() + i
		}
	}
	name := p.m.Cols[focus].Text
	if at > p.o.Width/2 {
		name = cut(name, at-1)
		p.pen.to(at - 1 - columns(name))
		p.pen.put(st, name)
		p.pen.to(at)
		p.pen.put(st, columnMark)
	} else {
		p.pen.to(at)
		p.pen.put(st, columnMark)
		p.pen.skip(1)
		p.pen.put(st, name)
	}
	p.pen.end()
}

// place is a label's position, or where it stands in the list.
func place(labels []view.Label, i int) int {
	if i >= 0 && i < len(labels) && labels[i].Pos >= 0 {
		return labels[i].Pos
	}
	return i
}

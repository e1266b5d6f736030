package text

import (
	"strconv"
	"strings"

	"attn/internal/view"
)

// mode is how much room a matrix's cells have.
type mode int

const (
	numbers mode = iota // the number, and its dot or colour
	dots                // one glyph per cell
	pooled              // one glyph for several cells
)

// frame is where the parts of a matrix stand. All matrices over the same
// tokens share one, so that a token keeps its column from block to block.
type frame struct {
	mode       mode
	label      int    // columns of the row labels
	cell       int    // columns of a cell
	pad        int    // of those, blanks behind the number
	rows, cols []int  // what is shown, in order; gap where some are left out
	pool       [2]int // rows and columns that become one glyph
	glyphs     int    // across, where several columns become one
	words      int    // columns of a cell's word, 0 for none
	places     int    // columns of the number before a row label, 0 for none
	shared     bool   // a table laid across may stand in these columns
}

// left is the column where the cells begin.
func (f frame) left() int { return indent + f.label + 1 }

// right is the column where the cells end.
func (f frame) right() int {
	n := len(f.cols)
	if f.mode == pooled {
		n = f.glyphs
	}
	return f.left() + n*f.cell
}

// group is what matrices over the same tokens ask for together.
type group struct {
	label   int // the widest row label
	header  int // the widest column label
	content int // the widest number as it is written best
	least   int // the widest number as it is written shortest
	n       int // columns
	places  int // digits of the last row's place
	matrix  bool
}

// frames lays all grids out.
func frames(grids []view.Grid, o Options) []frame {
	groups := map[string]*group{}
	for _, g := range grids {
		gather(groups, g, o)
	}
	list := make([]frame, len(grids))
	for i, g := range grids {
		switch {
		case g.Matrix != nil && hasWords(g.Matrix):
			list[i] = wordFrame(g.Matrix, o)
		case g.Matrix != nil:
			list[i] = fold(groups[key(g.Matrix.Cols)].frame(o), g.Matrix, o)
		case g.Table != nil && g.Table.Across:
			if group := groups[key(g.Table.Rows)]; group != nil && group.matrix {
				list[i] = group.frame(o)
				list[i].shared = list[i].mode == numbers
			}
		}
	}
	return list
}

func key(labels []view.Label) string {
	var b strings.Builder
	for _, l := range labels {
		b.WriteString(l.Text)
		b.WriteByte(0)
	}
	return b.String()
}

func hasWords(m *view.Matrix) bool { return len(m.Words) > 0 }

// gather adds what one grid asks for to the group it belongs to.
func gather(groups map[string]*group, g view.Grid, o Options) {
	var cols []view.Label
	switch {
	case g.Matrix != nil && !hasWords(g.Matrix):
		cols = g.Matrix.Cols
	case g.Table != nil && g.Table.Across:
		cols = g.Table.Rows
	default:
		return
	}
	k := key(cols)
	if groups[k] == nil {
		groups[k] = &group{n: len(cols), header: widest(cols)}
	}
	if g.Matrix != nil {
		groups[k].addMatrix(g.Matrix, o)
	} else {
		groups[k].addAcross(g.Table, o)
	}
}

func (g *group) addMatrix(m *view.Matrix, o Options) {
	e := measure(m)
	list := formats(m.Scale, e)
	least := list[0].width(e)
	for _, f := range list {
		least = min(least, f.width(e))
	}
	g.matrix = true
	g.places = max(g.places, len(strconv.Itoa(place(m.Rows, len(m.Rows)-1))))
	g.label = max(g.label, labelWidth(m.Rows, o))
	g.content = max(g.content, list[0].width(e))
	g.least = max(g.least, least)
}

func (g *group) addAcross(t *view.Table, o Options) {
	for _, c := range t.Columns {
		g.label = max(g.label, min(columns(c.Title), labelRoom(o)))
		for _, s := range across(c) {
			g.content = max(g.content, min(columns(s), o.MaxCell-2))
			g.least = max(g.least, min(columns(s), o.MaxCell-2))
		}
	}
}

// labelWidth is how wide row labels are; very long ones are cut.
func labelWidth(labels []view.Label, o Options) int { return min(widest(labels), labelRoom(o)) }

func labelRoom(o Options) int { return min(24, o.Width/4) }

func widest(labels []view.Label) int {
	w := 0
	for _, l := range labels {
		n := columns(l.Text)
		if l.Focus {
			n++ // its mark
		}
		w = max(w, n)
	}
	return w
}

// frame finds the most telling way to show n columns of cells in the width.
func (g *group) frame(o Options) frame {
	f := frame{label: g.label}
	room := max(o.Width-f.left(), 0)
	want := max(min(g.header+2, o.MaxCell), g.content+2)
	f.cell = want
	if g.n > 0 {
		f.cell = min(want, room/g.n)
	}
	if f.cell > g.least {
		if f.cell >= g.content+2 {
			f.pad = 1
		}
		return f
	}
	f.mode = dots
	f.cell = 2
	if 2*g.n > room {
		f.cell = 1
		f.places = g.places
		f.label += g.places + 1
	}
	return f
}

// fold decides which rows and columns are shown, or how many become one.
func fold(f frame, m *view.Matrix, o Options) frame {
	room := max(o.Width-f.left(), 0) / max(f.cell, 1)
	f.cols = keep(len(m.Cols), room, focused(m.Cols))
	f.rows = keep(len(m.Rows), o.MaxRows, focused(m.Rows))
	if f.mode == numbers {
		return f
	}
	if room > 0 && (2*shown(f.cols) < len(m.Cols) || 2*shown(f.rows) < len(m.Rows)) {
		f.mode = pooled
		f.pool = [2]int{share(len(m.Rows), o.MaxRows), share(len(m.Cols), room)}
		f.glyphs = share(len(m.Cols), f.pool[1])
	}
	return f
}

// share is how many of n must become one for room to be enough.
func share(n, room int) int { return max((n+room-1)/room, 1) }

// wordFrame lays out a matrix that has a word beside each number. The words
// are shortened, and left out, before the numbers are.
func wordFrame(m *view.Matrix, o Options) frame {
	const longest, shortest = 12, 3
	g := &group{n: len(m.Cols), header: widest(m.Cols)}
	g.addMatrix(m, o)
	words := 0
	for _, row := range m.Words {
		for _, w := range row {
			words = max(words, min(columns(w), longest))
		}
	}
	room := max(o.Width-indent-g.label-1, 0) / max(g.n, 1)
	for _, content := range []int{g.content, g.least} {
		if fit := min(words, room-content-2); fit >= min(words, shortest) && fit > 0 {
			f := frame{label: g.label, words: fit}
			f.cell = min(room, max(content+1+fit, min(g.header, longest))+2)
			return fold(f, m, o)
		}
	}
	return fold(g.frame(o), m, o)
}

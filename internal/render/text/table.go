package text

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"attn/internal/view"
)

const (
	readableWord = 8 // columns that a word keeps as long as there are others to leave out
	between      = 2 // blanks between two fields
)

// table draws a table and returns notes on what could not be shown.
func (d *drawer) table(t *view.Table, f frame) []string {
	switch {
	case rowCount(t) == 0 || len(t.Columns) == 0 && len(t.Rows) == 0:
		return []string{"(nothing to show: 0 rows)"}
	case t.Across:
		return d.across(t, f)
	}
	l := layTable(t, d.o)
	d.titles(l)
	for _, row := range l.rows {
		if t.Total && row == rowCount(t)-1 {
			d.rule(l)
		}
		if row == gap {
			d.pen.to(indent)
			d.pen.put(d.palette.muted, "⋮")
		} else {
			d.row(t, l, row)
		}
		d.pen.end()
	}
	return l.notes(t)
}

// tableLayout is what of a table is shown, and how wide.
type tableLayout struct {
	label   int // columns of the row labels, 0 for none
	fields  []*field
	rows    []int
	dropped []string // titles of columns that did not fit
}

// layTable gives up bits of strips, bars and words before it gives up columns,
// and columns, from the right, before words become unreadable.
func layTable(t *view.Table, o Options) *tableLayout {
	var l *tableLayout
	for n := len(t.Columns); n >= 0; n-- {
		shortest := readableWord
		if n <= 1 {
			shortest = 1
		}
		l = newLayout(t, n, o)
		for l.width() > o.Width && l.narrow(shortest) {
		}
		if l.width() <= o.Width {
			break
		}
	}
	return l
}

func newLayout(t *view.Table, n int, o Options) *tableLayout {
	l := &tableLayout{label: min(widest(t.Rows), max(o.Width/3, readableWord)), rows: tableRows(t, o.MaxRows)}
	for _, c := range t.Columns[:n] {
		l.fields = append(l.fields, newField(c))
	}
	for _, c := range t.Columns[n:] {
		l.dropped = append(l.dropped, c.Title)
	}
	return l
}

// tableRows is which rows are shown: all, or as many as there is room for with
// the one in focus, and the total at the end.
func tableRows(t *view.Table, room int) []int {
	n := rowCount(t)
	if n <= room {
		return all(n)
	}
	first := func(n, room int) []int {
		focus := focused(t.Rows)
		if focus < 0 {
			focus = 0
		}
		return keep(n, room, focus)
	}
	if t.Total {
		return append(first(n-1, room-1), n-1)
	}
	return first(n, room)
}

func (l *tableLayout) width() int {
	w := indent + l.label
	for i, f := range l.fields {
		if i > 0 || l.label > 0 {
			w += between
		}
		w += f.width()
	}
	return w
}

// narrow takes a column from the field that can spare it best: from the widest
// strip, else the widest bar, else the longest word.
func (l *tableLayout) narrow(shortest int) bool {
	var best *field
	most, rank := 0, 0
	for _, f := range l.fields {
		spare, r := f.spare(shortest)
		if spare > 0 && (best == nil || r < rank || r == rank && spare > most) {
			best, most, rank = f, spare, r
		}
	}
	switch {
	case best != nil && (rank < wordRank || most >= l.label-shortest):
		best.narrow()
	case l.label > shortest:
		l.label--
	default:
		return false
	}
	return true
}

func (d *drawer) titles(l *tableLayout) {
	titled := false
	for _, f := range l.fields {
		titled = titled || f.Title != ""
	}
	if !titled {
		return
	}
	d.begin(l)
	for i, f := range l.fields {
		d.between(l, i)
		st := d.palette.role(f.Role)
		if st == "" {
			st = d.palette.muted
		}
		if f.rightAligned() {
			d.pen.right(st, f.Title, f.width())
		} else {
			d.pen.left(st, f.Title, f.width())
		}
	}
	d.pen.end()
}

func (d *drawer) begin(l *tableLayout) { d.pen.to(indent + l.label) }

func (d *drawer) between(l *tableLayout, i int) {
	if i > 0 || l.label > 0 {
		d.pen.skip(between)
	}
}

// rule is the line above a total.
func (d *drawer) rule(l *tableLayout) {
	d.pen.to(indent)
	d.pen.put(d.palette.muted, strings.Repeat("─", max(min(l.width(), d.o.Width)-indent, 0)))
	d.pen.end()
}

func (d *drawer) row(t *view.Table, l *tableLayout, row int) {
	muted := false
	if len(t.Rows) > 0 {
		label := t.Rows[row]
		muted = label.Role == view.Muted
		if label.Focus {
			d.pen.put(d.palette.bold(d.palette.role(label.Role)), rowMark)
		}
		d.pen.to(indent)
		d.pen.put(d.palette.label(label), cut(label.Text, l.label))
	}
	d.begin(l)
	for i, f := range l.fields {
		d.between(l, i)
		d.field(f, row, muted, t.Total && row == rowCount(t)-1)
	}
}

// field draws one entry: the word or number, then its bar or strip. A total
// has no bar: it would dwarf its parts.
func (d *drawer) field(f *field, row int, muted, total bool) {
	end := d.pen.column + f.width()
	st := d.palette.role(f.Role)
	if f.Kind != view.Word {
		st = "" // numbers are read in the terminal's own colour; titles and bars carry the role's
	}
	if muted {
		st = d.palette.muted
	}
	switch {
	case f.Kind == view.Strip:
		if row < len(f.Vectors) {
			d.strip(f.Vectors[row], f.top, f.graph)
		}
	case f.Kind == view.Word:
		d.pen.put(st, cut(f.entry(row), f.width()))
	case f.rightAligned():
		d.pen.right(st, f.entry(row), f.width())
	default:
		d.pen.right(st, f.entry(row), f.text)
		if !total {
			d.pen.skip(1)
			d.bar(f, row)
		}
	}
	d.pen.to(end)
}

func (d *drawer) bar(f *field, row int) {
	share, ok := f.share(row)
	if !ok {
		return
	}
	ink := d.palette.theme.Role(f.Role)
	switch {
	case f.Numbers[row] < 0:
		ink = d.palette.theme.Negative
	case f.Role == view.Plain:
		ink = d.palette.theme.Positive
	}
	d.pen.put(d.palette.ink(ink), bar(share, f.graph))
}

// notes counts what was left out and says how strips are to be read.
func (l *tableLayout) notes(t *view.Table) []string {
	var notes []string
	for _, f := range l.fields {
		if f.Kind == view.Strip && f.all > 0 {
			notes = append(notes, stripNote(f))
		}
	}
	notes = append(notes, foldNote("rows", rowCount(t), t.Rows, l.rows)...)
	if len(l.dropped) > 0 {
		note := fmt.Sprintf("%d of %d columns left out at this width", len(l.dropped), len(t.Columns))
		named := slices.DeleteFunc(slices.Clone(l.dropped), func(title string) bool { return title == "" })
		if len(named) > 0 {
			note += ": " + strings.Join(named, ", ")
		}
		notes = append(notes, note)
	}
	return notes
}

func stripNote(f *field) string {
	top := fixed(f.top, decimals(f.top))
	note := "▁ -" + top + " to █ " + top
	if f.Title != "" {
		note = f.Title + ": " + note
	}
	if f.graph < f.all {
		note += ", the first " + strconv.Itoa(f.graph) + " of " + strconv.Itoa(f.all) + " components"
	}
	return note
}

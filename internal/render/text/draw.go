// Package text draws grids as coloured tables for a terminal. It knows nothing
// about where the numbers come from.
package text

import (
	"fmt"
	"io"
	"strconv"

	"github.com/charmbracelet/colorprofile"

	"attn/internal/render/escape"
	"attn/internal/render/theme"
	"attn/internal/view"
)

// Options is how to draw. The zero value is 100 columns, no colours.
type Options struct {
	Width   int                  // columns; 0 is 100
	Profile colorprofile.Profile // what the terminal can show; anything below ANSI is plain text
	Theme   theme.Theme          // the zero value is the default theme
	Number  bool                 // number the blocks from 1
	Verbose bool                 // show the step each block comes from
	Header  string               // a line above everything: the sentence
	Aside   string               // beside it, at the right: the model
	Note    string               // below both: what was picked, and why
	MaxRows int                  // rows of a grid before it is folded; 0 is 40
	MaxCell int                  // columns of a matrix's cell at most; 0 is 12
}

const (
	defaultWidth = 100
	minWidth     = 4 // below that there is no room for a mark and a letter
	defaultRows  = 40
	defaultCell  = 12
	indent       = 2 // of everything below a title
)

// Draw writes the grids one below the other. No line is wider than
// Options.Width, every line ends in the terminal's own colours, and whatever
// did not fit is counted.
func Draw(w io.Writer, grids []view.Grid, o Options) error {
	for i, g := range grids {
		if err := check(g); err != nil {
			return fmt.Errorf("grid %d %s: %w", i+1, escape.Quote(g.Title), err)
		}
	}
	o = withDefaults(o)
	d := &drawer{
		o:       o,
		pen:     pen{width: o.Width},
		palette: newPalette(o.Theme, o.Profile),
	}
	grids = escaped(grids)
	d.header()
	for i, frame := range frames(grids, o) {
		if i > 0 || d.pen.out != nil {
			d.pen.end()
		}
		d.block(i+1, grids[i], frame)
	}
	_, err := w.Write(d.pen.out)
	return err
}

func withDefaults(o Options) Options {
	if o.Width == 0 {
		o.Width = defaultWidth
	}
	o.Width = max(o.Width, minWidth)
	if o.MaxRows <= 0 {
		o.MaxRows = defaultRows
	}
	if o.MaxCell <= 0 {
		o.MaxCell = defaultCell
	}
	if o.Theme.Name == "" {
		o.Theme = theme.All()[0]
	}
	return o
}

// drawer is one picture being drawn.
type drawer struct {
	o       Options
	pen     pen
	palette *palette
}

func (d *drawer) header() {
	left, right := escape.Text(d.o.Header), escape.Text(d.o.Aside)
	if left == "" && right == "" && d.o.Note == "" {
		return
	}
	defer d.lines(d.palette.muted, escape.Text(d.o.Note), 0)
	p := &d.pen
	room := d.o.Width - columns(right) - 2
	if columns(left) <= room {
		p.put(d.palette.bold(""), left)
		p.to(d.o.Width - columns(right))
		p.put(d.palette.muted, right)
		p.end()
		return
	}
	d.lines(d.palette.bold(""), left, 0)
	d.lines(d.palette.muted, right, 0)
}

// block draws one grid: title, numbers, notes.
func (d *drawer) block(n int, g view.Grid, f frame) {
	d.heading(n, g, f)
	var notes []string
	if g.Matrix != nil {
		notes = append(notes, d.matrix(g.Matrix, f)...)
	}
	if g.Table != nil {
		notes = append(notes, d.table(g.Table, f)...)
	}
	for _, note := range append(notes, g.Notes...) {
		d.lines(d.palette.muted, note, indent)
	}
}

// heading writes the title with its formula beside it, or below it where that
// is too long, and which axis is which at the right.
func (d *drawer) heading(n int, g view.Grid, f frame) {
	p := &d.pen
	number := ""
	if d.o.Number {
		number = strconv.Itoa(n) + " "
	}
	beside := g.Formula
	if columns(number)+columns(g.Title)+2+columns(beside) > d.o.Width {
		beside = ""
	}
	lines := wrap(g.Title, max(d.o.Width-columns(number), 1))
	for i, line := range lines {
		if i == 0 {
			p.put(d.palette.muted, number)
		}
		p.to(columns(number))
		p.put(d.palette.title, line)
		if i < len(lines)-1 {
			p.end()
		}
	}
	if len(lines) == 0 {
		p.put(d.palette.muted, number)
	}
	if beside != "" {
		if p.column > 0 {
			p.skip(2)
		}
		p.put(d.palette.muted, beside)
	}
	if g.Formula != "" && beside == "" {
		p.end()
		d.lines(d.palette.muted, g.Formula, indent)
	}
	d.legend(g, f)
	if p.column > 0 {
		p.end()
	}
}

// legend says what runs down and across and, if asked, which step this is:
// above the right edge of the matrix, on the line that was begun if it has room.
func (d *drawer) legend(g view.Grid, f frame) {
	type word struct {
		st   style
		text string
	}
	var words []word
	if d.o.Verbose && g.Step != "" {
		words = append(words, word{d.palette.muted, g.Step})
	}
	if m := g.Matrix; m != nil && m.RowAxis != "" {
		words = append(words, word{d.palette.role(common(m.Rows)), m.RowAxis + " ↓"})
	}
	if m := g.Matrix; m != nil && m.ColAxis != "" {
		words = append(words, word{d.palette.role(common(m.Cols)), m.ColAxis + " →"})
	}
	if len(words) == 0 {
		return
	}
	width := 2 * (len(words) - 1)
	for _, w := range words {
		width += columns(w.text)
	}
	p := &d.pen
	if p.column > 0 && p.column+2+width > d.o.Width {
		p.end()
	}
	edge := d.o.Width
	if g.Matrix != nil {
		edge = min(edge, max(f.right(), p.column+2+width))
	}
	p.to(max(edge-width, 0))
	for i, w := range words {
		if i > 0 {
			p.skip(2)
		}
		p.put(w.st, w.text)
	}
}

// common is the role that all labels have.
func common(labels []view.Label) view.Role {
	if len(labels) == 0 {
		return view.Plain
	}
	for _, l := range labels {
		if l.Role != labels[0].Role {
			return view.Plain
		}
	}
	return labels[0].Role
}

// lines writes running text, broken between words.
func (d *drawer) lines(st style, s string, indent int) {
	for _, line := range wrap(s, max(d.o.Width-indent, 1)) {
		d.pen.skip(indent)
		d.pen.put(st, line)
		d.pen.end()
	}
}

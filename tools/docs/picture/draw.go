package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Sizes in the picture's own units.
const (
	cellWidth  = 8.4
	cellHeight = 18.0
	fontSize   = 14.0
	baseline   = 13.5 // of a row, from its top
	margin     = 18.0
	columns    = 100
)

// draw writes the lines as an SVG picture.
func draw(w io.Writer, lines []line) {
	wide := columns
	for _, l := range lines {
		wide = max(wide, len(l))
	}
	width, height := float64(wide)*cellWidth+2*margin, float64(len(lines))*cellHeight+2*margin
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f">`+"\n", width, height, width, height)
	fmt.Fprintf(w, "<style>text{font:%gpx ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}.b{font-weight:bold}</style>\n", fontSize)
	fmt.Fprintf(w, `<rect width="100%%" height="100%%" rx="8" fill="%s"/>`+"\n", background)
	for row, l := range lines {
		drawLine(w, l, margin+float64(row)*cellHeight)
	}
	fmt.Fprintln(w, "</svg>")
}

// drawLine draws the filled cells of a row, then its shapes, one path per
// colour, then its words.
func drawLine(w io.Writer, l line, y float64) {
	runs(l, func(c cell) string { return c.style.fill }, func(fill string, from, to int) {
		if fill != "" {
			fmt.Fprintf(w, `<rect x="%.1f" y="%.1f" width="%.1f" height="%g" fill="%s" shape-rendering="crispEdges"/>`+"\n",
				column(from), y, column(to)-column(from), cellHeight, fill)
		}
	})
	var order []string
	paths := map[string]*strings.Builder{}
	path := func(color string) *strings.Builder {
		if paths[color] == nil {
			paths[color] = &strings.Builder{}
			order = append(order, color)
		}
		return paths[color]
	}
	for i, c := range l {
		shape(path, c, column(i), y)
	}
	for _, color := range order {
		if paths[color].Len() > 0 {
			fmt.Fprintf(w, `<path fill="%s" d="%s"/>`+"\n", color, paths[color])
		}
	}
	type part struct {
		style style
		text  bool
	}
	runs(l, func(c cell) part { return part{c.style, isText(c.r)} }, func(p part, from, to int) {
		if p.text {
			word(w, l[from:to], column(from), y)
		}
	})
}

// runs calls do for each longest stretch of cells that are alike.
func runs[T comparable](l line, like func(cell) T, do func(t T, from, to int)) {
	for from := 0; from < len(l); {
		to := from + 1
		for to < len(l) && like(l[to]) == like(l[from]) {
			to++
		}
		do(like(l[from]), from, to)
		from = to
	}
}

func column(i int) float64 { return margin + float64(i)*cellWidth }

func isText(r rune) bool { return r != ' ' && !isShape(r) }

// word writes characters of one style. The length is fixed, so that columns
// stand where they should in every font.
func word(w io.Writer, l line, x, y float64) {
	st := l[0].style
	attributes := ""
	if st.bold {
		attributes = ` class="b"`
	}
	if st.underline {
		attributes += ` text-decoration="underline"`
	}
	fmt.Fprintf(w, `<text x="%.1f" y="%.1f" fill="%s" textLength="%.1f" lengthAdjust="spacingAndGlyphs"%s>`, x, y+baseline, st.ink(), float64(len(l))*cellWidth, attributes)
	_ = xml.EscapeText(w, []byte(l.text())) // its error is the writer's, which Flush returns
	fmt.Fprintln(w, "</text>")
}

// The characters that are drawn: lower blocks by eighths, left blocks by
// eighths from whole to thin, dots by their radius, and the rest.
var (
	lower = []rune("▁▂▃▄▅▆▇█")
	left  = []rune("█▉▊▋▌▍▎▏")
	dots  = map[rune]float64{'·': 1.1, '•': 2.3, '●': 3.9}
)

func isShape(r rune) bool {
	_, isDot := dots[r]
	return isDot || slices.Contains(lower, r) || slices.Contains(left, r) || strings.ContainsRune("▸▾─", r)
}

// shape adds a character's outline to the path of its colour.
func shape(path func(string) *strings.Builder, c cell, x, y float64) {
	if !isShape(c.r) {
		return
	}
	b := path(c.style.ink())
	// A block stands between the lines above and below it.
	top, height := y+2, cellHeight-4
	middle := y + cellHeight/2
	switch c.r {
	case '▸':
		fmt.Fprintf(b, "M%.1f %.1fl6 4l-6 4z", x+1, middle-4)
		return
	case '▾':
		fmt.Fprintf(b, "M%.1f %.1fl3.3 5.5l3.3 -5.5z", x+.9, middle-2.5)
		return
	case '─':
		rectangle(b, x, middle-.5, cellWidth, 1)
		return
	}
	if r, ok := dots[c.r]; ok {
		fmt.Fprintf(b, "M%.1f %.1fa%g %g 0 1 0 %g 0a%g %g 0 1 0 %g 0z", x+cellWidth/2-r, middle, r, r, 2*r, r, r, -2*r)
		return
	}
	if i := slices.Index(lower, c.r); i >= 0 {
		tall := height * float64(i+1) / 8
		rectangle(b, x, top+height-tall, cellWidth, tall)
		return
	}
	i := slices.Index(left, c.r)
	rectangle(b, x, top, cellWidth*float64(len(left)-i)/8, height)
}

func rectangle(b *strings.Builder, x, y, width, height float64) {
	fmt.Fprintf(b, "M%.1f %.2fh%.1fv%.2fh%.1fz", x, y, width, height, -width)
}

package cli

import (
	"fmt"
	"math"
	"strings"

	"attn/internal/bench"
	"attn/internal/view"
)

// The size of the roofline chart.
const (
	chartHeight   = 16
	chartMinWidth = 24
	chartMaxWidth = 90
)

// letters name rows in the chart.
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// letter is a row's name in the chart; rows beyond the last letter have none.
func letter(row int) string {
	if row < len(letters) {
		return letters[row : row+1]
	}
	return " "
}

// chart is a picture of characters over two logarithmic axes.
type chart struct {
	cells                  [][]rune // from the top
	left, right, low, high float64  // what the edges stand for
}

// rooflineGrid draws how far each row is below what the machine allows: at so
// many operations per byte, the lower of the peak and of what memory feeds
// (Williams, Waterman and Patterson 2009).
func rooflineGrid(d bench.Document, width int) view.Grid {
	const label = 10 // columns of the axis at the left, and what is between
	c := newChart(d, min(max(width-label, chartMinWidth), chartMaxWidth))
	for _, p := range d.Machine.Peaks {
		c.roof(p)
	}
	for i := len(d.Rows) - 1; i >= 0; i-- { // the first of those on one spot is seen
		if r := d.Rows[i]; i < len(letters) {
			c.put(r.Intensity(), r.GFLOPS, []rune(letter(i))[0])
		}
	}
	t := &view.Table{}
	var lines []string
	for i, cells := range c.cells {
		label := ""
		if i%3 == 0 {
			label = short(c.level(i))
		}
		t.Rows = append(t.Rows, view.Label{Text: label, Pos: -1, Role: view.Muted})
		lines = append(lines, "┤"+string(cells))
	}
	t.Rows = append(t.Rows, view.Label{Pos: -1}, view.Label{Pos: -1, Role: view.Muted})
	lines = append(lines, "└"+strings.Repeat("─", len(c.cells[0])), c.ticks())
	t.Columns = []view.Column{{Title: "GFLOP/s", Kind: view.Word, Words: lines}}
	g := view.Grid{View: "bench", Title: "Roofline", Formula: "min(peak, operations per byte × bytes a second)", Table: t}
	g.Notes = append(g.Notes, "Across: operations per byte. ─ and ∕ are the roof, one for each number of threads; letters are the rows above.")
	if n := len(d.Rows); n > len(letters) {
		g.Notes = append(g.Notes, fmt.Sprintf("%d of %d rows are drawn.", len(letters), n))
	}
	return g
}

// newChart chooses edges that hold all rows and the corner of each roof.
func newChart(d bench.Document, width int) *chart {
	c := &chart{left: math.Inf(1), low: math.Inf(1)}
	reach := func(x, y float64) {
		c.left, c.right = min(c.left, x), max(c.right, x)
		c.low, c.high = min(c.low, y), max(c.high, y)
	}
	for _, p := range d.Machine.Peaks {
		reach(p.GFLOPS/p.GBytes, p.GFLOPS)
	}
	for _, r := range d.Rows {
		reach(r.Intensity(), r.GFLOPS)
	}
	c.left, c.right, c.low, c.high = c.left/2, c.right*2, c.low/2, c.high*1.5
	c.cells = make([][]rune, chartHeight)
	for i := range c.cells {
		c.cells[i] = []rune(strings.Repeat(" ", width))
	}
	return c
}

// logShare is the share of the way from low to high, both as logarithms.
func logShare(v, low, high float64) float64 { return math.Log(v/low) / math.Log(high/low) }

// put draws a character where x operations per byte meet y GFLOP/s.
func (c *chart) put(x, y float64, glyph rune) {
	width := len(c.cells[0])
	col := int(math.Round(logShare(x, c.left, c.right) * float64(width-1)))
	row := chartHeight - 1 - int(math.Round(logShare(y, c.low, c.high)*(chartHeight-1)))
	if col >= 0 && col < width && row >= 0 && row < chartHeight {
		c.cells[row][col] = glyph
	}
}

// roof draws what a number of threads can reach.
func (c *chart) roof(p bench.Peak) {
	width := len(c.cells[0])
	for col := range width {
		x := c.intensity(col)
		if fed := x * p.GBytes; fed < p.GFLOPS {
			c.put(x, fed, '∕')
		} else {
			c.put(x, p.GFLOPS, '─')
		}
	}
}

// intensity is what a column stands for, and level what a line does.
func (c *chart) intensity(col int) float64 {
	return c.left * math.Pow(c.right/c.left, float64(col)/float64(len(c.cells[0])-1))
}

func (c *chart) level(row int) float64 {
	return c.low * math.Pow(c.high/c.low, float64(chartHeight-1-row)/(chartHeight-1))
}

// ticks writes what columns stand for below the axis.
func (c *chart) ticks() string {
	const apart = 14
	line := ""
	for col := 0; col < len(c.cells[0])-apart/2; col += apart {
		line += fmt.Sprintf("%-*s", apart, "└"+short(c.intensity(col)))
	}
	return line
}

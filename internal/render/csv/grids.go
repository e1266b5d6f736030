package csv

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"attn/internal/view"
)

// Grids writes tables and matrices with all their digits, each under a line of
// column names, with a blank line between two of them.
func Grids(w io.Writer, grids []view.Grid, o Options) error {
	var blocks [][]line
	for _, g := range grids {
		if g.Matrix != nil {
			lines, err := matrix(g.Matrix, o.Shown)
			if err != nil {
				return fmt.Errorf("grid %q: %w", g.Title, err)
			}
			blocks = append(blocks, lines)
		}
		if g.Table != nil {
			lines, err := table(g.Table, o.Shown)
			if err != nil {
				return fmt.Errorf("grid %q: %w", g.Title, err)
			}
			blocks = append(blocks, lines)
		}
	}
	out := bufio.NewWriterSize(w, chunk)
	for i, lines := range blocks {
		if i > 0 {
			lines = append([]line{nil}, lines...)
		}
		for _, l := range lines {
			if _, err := out.WriteString(strings.Join(l, ",") + "\n"); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

// line is one line's cells, in their written form.
type line []string

// matrix has one line per row; beside each number its word, if it has one.
func matrix(m *view.Matrix, shown bool) ([]line, error) {
	if len(m.Cells.Data) != len(m.Rows)*len(m.Cols) {
		return nil, fmt.Errorf("%d cells for %d rows and %d columns", len(m.Cells.Data), len(m.Rows), len(m.Cols))
	}
	if m.Words != nil && len(m.Words) != len(m.Rows) {
		return nil, fmt.Errorf("words for %d of %d rows", len(m.Words), len(m.Rows))
	}
	corner := m.RowAxis
	if m.ColAxis != "" {
		corner += " by " + m.ColAxis
	}
	head := line{text(corner, shown)}
	for _, col := range m.Cols {
		head = append(head, text(col.Text, shown))
		if m.Words != nil {
			head = append(head, text(col.Text+" (word)", shown))
		}
	}
	lines := []line{head}
	for r, label := range m.Rows {
		l := line{text(label.Text, shown)}
		for c, v := range m.Cells.Data[r*len(m.Cols) : (r+1)*len(m.Cols)] {
			l = append(l, number(float64(v), 32))
			switch {
			case m.Words == nil:
			case c >= len(m.Words[r]):
				return nil, fmt.Errorf("row %d: words for %d of %d columns", r, len(m.Words[r]), len(m.Cols))
			default:
				l = append(l, text(m.Words[r][c], shown))
			}
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// table has one line per row. Its rows' labels stand in a column without a
// name.
func table(t *view.Table, shown bool) ([]line, error) {
	n := len(t.Rows)
	if n == 0 && len(t.Columns) > 0 {
		n = entries(t.Columns[0])
	}
	lines := make([]line, 1+n)
	if len(t.Rows) > 0 {
		lines[0] = line{""}
		for i, label := range t.Rows {
			lines[1+i] = line{text(label.Text, shown)}
		}
	}
	for _, c := range t.Columns {
		if entries(c) != n {
			return nil, fmt.Errorf("column %q has %d entries for %d rows", c.Title, entries(c), n)
		}
		addColumn(lines, c, shown)
	}
	return lines, nil
}

func entries(c view.Column) int { return max(len(c.Words), len(c.Numbers), len(c.Vectors)) }

// addColumn adds a column's title and entries to the lines; a vector takes one
// column per component, named by its number.
func addColumn(lines []line, c view.Column, shown bool) {
	add := func(i int, cell string) { lines[i] = append(lines[i], cell) }
	width := 0
	for _, v := range c.Vectors {
		width = max(width, len(v))
	}
	for k := range width {
		add(0, text(c.Title+" "+strconv.Itoa(k), shown))
	}
	for i, v := range c.Vectors {
		for k := range width {
			cell := ""
			if k < len(v) {
				cell = number(float64(v[k]), 32)
			}
			add(1+i, cell)
		}
	}
	if c.Vectors == nil {
		add(0, text(c.Title, shown))
	}
	for i, v := range c.Numbers {
		add(1+i, number(v, 64))
	}
	for i, word := range c.Words {
		add(1+i, text(word, shown))
	}
}

func number(v float64, bits int) string { return string(appendNumber(nil, v, bits)) }

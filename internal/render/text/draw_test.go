package text_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/clipperhouse/displaywidth"
	"pgregory.net/rapid"

	"attn/internal/render/text"
	"attn/internal/render/theme"
	"attn/internal/tensor"
	"attn/internal/view"
)

// sequence is the only kind of escape sequence that Draw writes: a colour.
var sequence = regexp.MustCompile(`\x1b\[[0-9;]+m`)

func strip(s string) string { return sequence.ReplaceAllString(s, "") }

func trimmed(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// Whatever the grids hold: no line is too wide, nothing but colours is sent to
// the terminal, every colour is closed on its own line, and colours change
// nothing about the text.
func TestDrawHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		grids := rapid.SliceOfN(anyGrid(), 0, 3).Draw(t, "grids")
		o := anyOptions(t)
		var coloured, uncoloured bytes.Buffer
		if err := text.Draw(&coloured, grids, o); err != nil {
			t.Fatal(err)
		}
		o.Profile = plain
		if err := text.Draw(&uncoloured, grids, o); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(uncoloured.String(), "\x1b") {
			t.Fatalf("an escape sequence without colours: %q", uncoloured.String())
		}
		if got, want := trimmed(strip(coloured.String())), uncoloured.String(); got != want {
			t.Fatalf("colours change the text:\n%s\nwithout:\n%s", got, want)
		}
		for line := range strings.SplitSeq(coloured.String(), "\n") {
			checkLine(t, line, o.Width)
		}
	})
}

func checkLine(t *rapid.T, line string, width int) {
	if w := displaywidth.String(strip(line)); w > width {
		t.Fatalf("%d columns of %d: %q", w, width, line)
	}
	if strings.Contains(strip(line), "\x1b") {
		t.Fatalf("an escape sequence that is no colour: %q", line)
	}
	found := sequence.FindAllString(line, -1)
	if n := len(found); n > 0 && found[n-1] != "\x1b[0m" {
		t.Fatalf("a colour is left open: %q", line)
	}
}

func anyOptions(t *rapid.T) text.Options {
	return text.Options{
		Width:   rapid.IntRange(4, 250).Draw(t, "width"),
		Profile: rapid.SampledFrom([]colorprofile.Profile{ansi, c256, full}).Draw(t, "profile"),
		Theme:   rapid.SampledFrom(theme.All()).Draw(t, "theme"),
		Number:  rapid.Bool().Draw(t, "number"),
		Verbose: rapid.Bool().Draw(t, "verbose"),
		Header:  anyText().Draw(t, "header"),
		Aside:   anyText().Draw(t, "aside"),
		MaxRows: rapid.IntRange(0, 50).Draw(t, "rows"),
	}
}

func anyText() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-z ]{0,12}`),
		rapid.String(),
		rapid.StringOfN(rapid.SampledFrom([]rune("a注👩🇫\u0301\u200d\n\x1b\u0600م")), 0, 40, -1),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 20), func(b []byte) string { return string(b) }),
	)
}

func anyLabels(n int) *rapid.Generator[[]view.Label] {
	return rapid.Custom(func(t *rapid.T) []view.Label {
		list := make([]view.Label, n)
		focus := rapid.IntRange(-1, n).Draw(t, "focus")
		first := rapid.IntRange(-1, 0).Draw(t, "first")
		role := rapid.SampledFrom([]view.Role{view.Plain, view.Query, view.Key, view.Muted}).Draw(t, "role")
		word := anyText().Draw(t, "word")
		for i := range list {
			list[i] = view.Label{Text: word, Pos: first, Role: role, Focus: i == focus}
			if i%5 == 0 {
				list[i].Text = anyText().Draw(t, "text")
			}
			if first == 0 {
				list[i].Pos = i
			}
		}
		return list
	})
}

func anyNumber() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.Float64Range(0, 1), rapid.Float64Range(-100, 100), rapid.Float64(),
		rapid.SampledFrom([]float64{math.NaN(), inf, -inf, 0, math.Copysign(0, -1)}),
	)
}

func anyGrid() *rapid.Generator[view.Grid] {
	return rapid.Custom(func(t *rapid.T) view.Grid {
		g := view.Grid{
			Title: anyText().Draw(t, "title"), Formula: anyText().Draw(t, "formula"), Step: anyText().Draw(t, "step"),
			Notes: rapid.SliceOfN(anyText(), 0, 2).Draw(t, "notes"),
		}
		if rapid.Bool().Draw(t, "matrix") {
			g.Matrix = anyMatrix(t)
		} else {
			g.Table = anyTable(t)
		}
		return g
	})
}

func anyMatrix(t *rapid.T) *view.Matrix {
	rows, cols := rapid.IntRange(0, 70).Draw(t, "rows"), rapid.IntRange(0, 70).Draw(t, "cols")
	m := &view.Matrix{
		RowAxis: anyText().Draw(t, "rowAxis"), ColAxis: anyText().Draw(t, "colAxis"),
		Rows: anyLabels(rows).Draw(t, "rowLabels"), Cols: anyLabels(cols).Draw(t, "colLabels"),
		Cells:       tensor.New(tensor.D("row", rows), tensor.D("col", cols)),
		Scale:       rapid.SampledFrom([]view.Scale{view.Weight, view.Score, view.Cosine}).Draw(t, "scale"),
		MaskedBlank: rapid.Bool().Draw(t, "blank"),
	}
	some := rapid.SliceOfN(anyNumber(), 1, 9).Draw(t, "cells")
	for i := range m.Cells.Data {
		m.Cells.Data[i] = float32(some[i%len(some)])
	}
	if rapid.Bool().Draw(t, "words") {
		word := anyText().Draw(t, "cellWord")
		m.Words = make([][]string, rows)
		for i := range m.Words {
			m.Words[i] = make([]string, cols)
			for j := range m.Words[i] {
				m.Words[i][j] = word
			}
		}
	}
	return m
}

func anyTable(t *rapid.T) *view.Table {
	rows := rapid.IntRange(0, 60).Draw(t, "rows")
	table := &view.Table{Total: rapid.Bool().Draw(t, "total"), Across: rapid.Bool().Draw(t, "across")}
	if rapid.Bool().Draw(t, "labelled") {
		table.Rows = anyLabels(rows).Draw(t, "labels")
	}
	for range rapid.IntRange(0, 6).Draw(t, "columns") {
		table.Columns = append(table.Columns, anyColumn(t, rows))
	}
	return table
}

func anyColumn(t *rapid.T, rows int) view.Column {
	c := view.Column{
		Title:    anyText().Draw(t, "title"),
		Kind:     rapid.SampledFrom([]view.Kind{view.Word, view.Integer, view.Number, view.Bar, view.Percent, view.Strip}).Draw(t, "kind"),
		Decimals: rapid.IntRange(0, 5).Draw(t, "decimals"),
		Max:      rapid.Float64Range(-1, 2).Draw(t, "max"),
	}
	some := rapid.SliceOfN(anyNumber(), 1, 9).Draw(t, "numbers")
	words := rapid.SliceOfN(anyText(), 1, 3).Draw(t, "words")
	for i := range rows {
		switch c.Kind {
		case view.Word:
			c.Words = append(c.Words, words[i%len(words)])
		case view.Strip:
			vector := make([]float32, (i*7)%90)
			for k := range vector {
				vector[k] = float32(some[(i+k)%len(some)])
			}
			c.Vectors = append(c.Vectors, vector)
		default:
			c.Numbers = append(c.Numbers, some[i%len(some)])
		}
	}
	return c
}

// A token keeps its column from block to block.
func TestTokensKeepTheirColumns(t *testing.T) {
	for _, width := range []int{60, 72, 80, 100, 160} {
		out := string(draw(t, chapterGrids(), text.Options{Width: width}))
		var headers []string
		for line := range strings.SplitSeq(out, "\n") {
			if strings.Contains(line, " blue") && strings.Contains(line, " the ") && strings.HasPrefix(line, "   ") {
				headers = append(headers, line)
			}
		}
		if len(headers) != 4 {
			t.Fatalf("width %d: %d lines of column labels, want those of tokens, scores, mask and pattern:\n%s", width, len(headers), out)
		}
		for _, h := range headers[1:] {
			if h != headers[0] {
				t.Errorf("width %d: the columns move:\n%s\n%s", width, headers[0], h)
			}
		}
	}
}

// What does not fit is counted, in words.
func TestWhatIsCutIsCounted(t *testing.T) {
	for name, tt := range map[string]struct {
		grid  view.Grid
		width int
		want  string
	}{
		"rows":       {patternGrid(numbered(60), 55), 100, "39 of 60 keys shown: positions 0, 22–59"},
		"columns":    {patternGrid(numbered(60), 55), 60, "of 60 queries shown: positions 0, "},
		"blocks":     {patternGrid(numbered(256), 245), 100, "256 × 256 cells in blocks of 7 × 4"},
		"components": {qkGrid(), 60, "the first 24 of 32 components"},
		"fields":     {wideTable(), 60, "7 of 12 columns left out at this width: column 5"},
		"no titles":  {untitled(wideTable()), 60, "4 of 12 columns left out at this width"},
		"table rows": {longTable(), 100, "38 of 90 rows shown: positions 0, "},
		"entries":    {tokensGrid(numbered(256), 245), 100, "of 256 entries shown: positions 0, "},
		"cell words": {headsGrid(), 40, "the words beside the numbers are left out"},
	} {
		t.Run(name, func(t *testing.T) {
			out := draw(t, []view.Grid{tt.grid}, text.Options{Width: tt.width})
			flat := strings.Join(strings.Fields(string(out)), " ")
			if !strings.Contains(flat, tt.want) || name == "no titles" && strings.Contains(flat, tt.want+":") {
				t.Errorf("no %q in\n%s", tt.want, out)
			}
		})
	}
}

// The focus is never folded away.
func TestFocusIsShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 120).Draw(t, "tokens")
		focus := rapid.IntRange(0, n-1).Draw(t, "focus")
		o := text.Options{Width: rapid.IntRange(40, 160).Draw(t, "width"), MaxRows: rapid.IntRange(2, 50).Draw(t, "rows")}
		var out bytes.Buffer
		if err := text.Draw(&out, []view.Grid{patternGrid(numbered(n), focus)}, o); err != nil {
			t.Fatal(err)
		}
		for _, mark := range []string{"▾", "\n▸"} {
			if !strings.Contains(out.String(), mark) {
				t.Fatalf("no %q:\n%s", mark, out.String())
			}
		}
	})
}

func TestDrawRefusesWhatDoesNotFit(t *testing.T) {
	cells := tensor.New(tensor.D("row", 2), tensor.D("col", 2))
	two := labels([]string{"a", "b"}, view.Key, -1)
	for name, tt := range map[string]struct {
		grid view.Grid
		want string
	}{
		"cells":   {view.Grid{Title: "x", Matrix: &view.Matrix{Rows: two, Cols: two[:1], Cells: cells}}, `grid 1 "x": 4 cells for 2 rows and 1 columns`},
		"words":   {view.Grid{Title: "x", Matrix: &view.Matrix{Rows: two, Cols: two, Cells: cells, Words: [][]string{nil}}}, `grid 1 "x": words for 1 of 2 rows`},
		"columns": {view.Grid{Title: "x", Table: &view.Table{Rows: two, Columns: []view.Column{{Title: "c", Numbers: []float64{1}}}}}, `grid 1 "x": column "c" has 1 entries for 2 rows`},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := text.Draw(&out, []view.Grid{tt.grid}, text.Options{})
			if err == nil || err.Error() != tt.want {
				t.Errorf("error %v, want %s", err, tt.want)
			}
			if out.Len() > 0 {
				t.Errorf("wrote %q before the error", out.String())
			}
		})
	}
}

type closedPipe struct{}

var errClosed = errors.New("closed")

func (closedPipe) Write([]byte) (int, error) { return 0, errClosed }

func TestDrawReportsTheWriter(t *testing.T) {
	if err := text.Draw(closedPipe{}, chapterGrids(), text.Options{}); !errors.Is(err, errClosed) {
		t.Errorf("error %v, want %v", err, errClosed)
	}
}

// Draw leaves the grids as they are.
func TestDrawChangesNothing(t *testing.T) {
	grids := controlGrids()
	before := fmt.Sprintf("%+v", *grids[1].Matrix)
	draw(t, grids, text.Options{})
	if after := fmt.Sprintf("%+v", *grids[1].Matrix); after != before {
		t.Errorf("the grid became\n%s\nwas\n%s", after, before)
	}
}

func BenchmarkDraw(b *testing.B) {
	for _, bb := range []struct {
		name    string
		grids   []view.Grid
		profile colorprofile.Profile
	}{
		{"chapter/plain", chapterGrids(), plain},
		{"chapter/truecolor", chapterGrids(), full},
		{"256x256/plain", []view.Grid{patternGrid(numbered(256), 245)}, plain},
		{"256x256/truecolor", []view.Grid{patternGrid(numbered(256), 245)}, full},
		{"256x256/256colors", []view.Grid{patternGrid(numbered(256), 245)}, c256},
	} {
		b.Run(bb.name, func(b *testing.B) {
			o := text.Options{Width: 100, Profile: bb.profile}
			var out bytes.Buffer
			b.ReportAllocs()
			for b.Loop() {
				out.Reset()
				if err := text.Draw(&out, bb.grids, o); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(out.Len()))
		})
	}
}

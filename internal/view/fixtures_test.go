package view_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"attn/internal/kernels/all"
	"attn/internal/model"
	"attn/internal/tensor"
	"attn/internal/trace"
	"attn/internal/view"
)

var (
	nan  = math.NaN()
	ninf = float32(math.Inf(-1))
)

// sentence is a trace of these tokens with no steps yet: 2 layers, 4 heads that
// share 2 keys and values, vectors of 2 numbers, 2 neurons, 4 words.
func sentence(words ...string) *trace.Trace {
	t := &trace.Trace{Meta: trace.Meta{
		Model: trace.Model{Layers: 2, Heads: 4, KVHeads: 2, DModel: 2, DHead: 4, DVocab: 4},
		Mask:  tensor.Mask{Causal: true},
		Words: map[int32]string{0: " the", 1: "s", 2: "  "},
	}}
	for i, word := range words {
		t.Tokens = append(t.Tokens, trace.Token{Pos: i, ID: int32(i % 4), Text: word})
	}
	return t
}

// put adds a step of the shape that the table and the model give it. Values
// that are not given are 0.
func put(t *trace.Trace, name string, values ...float32) {
	hook, ok := trace.FindHook(name)
	m, n := t.Meta.Model, len(t.Tokens)
	sizes := map[tensor.Axis]int{
		tensor.Pos: n, tensor.QueryPos: n, tensor.KeyPos: n, tensor.Head: m.Heads, tensor.DHead: m.DHead,
		tensor.DModel: m.DModel, tensor.DMLP: 2, tensor.DVocab: m.DVocab, tensor.One: 1,
	}
	if hook.Name == trace.K || hook.Name == trace.V {
		sizes[tensor.Head] = m.KVHeads
	}
	var shape []tensor.Dim
	for _, axis := range hook.Axes {
		shape = append(shape, tensor.D(axis, sizes[axis]))
	}
	value := tensor.New(shape...)
	if copy(value.Data, values) != len(values) || !ok {
		value.Data = nil // a fixture that is wrong is seen
	}
	t.Steps = append(t.Steps, trace.Step{Name: name, Value: value})
}

// fill sets the sub-array of a step at these indices.
func fill(t *trace.Trace, name string, index []int, values ...float32) {
	value, _ := t.Find(name)
	copy(value.Row(index...), values)
}

// told selects one layer and head, which are also those shown.
func told(layer, head, focus int) view.Select {
	return view.Select{
		Layers: []int{layer}, Heads: []int{head}, Told: trace.Selected{Layer: layer, Head: head, Focus: focus},
		Top: 3, Temperature: 1,
	}
}

func brief(sel view.Select) view.Select {
	sel.Brief = true
	return sel
}

func paper(sel view.Select) view.Select {
	sel.Paper = true
	return sel
}

func build(t *testing.T, name string, tr *trace.Trace, sel view.Select) []view.Grid {
	t.Helper()
	v, err := view.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	grids, err := v.Build(tr, sel)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range grids {
		checkGrid(t, g)
	}
	return grids
}

// one builds a view that has one grid.
func one(t *testing.T, name string, tr *trace.Trace, sel view.Select) view.Grid {
	t.Helper()
	grids := build(t, name, tr, sel)
	if len(grids) != 1 {
		t.Fatalf("%s has %d grids", name, len(grids))
	}
	return grids[0]
}

// checkGrid holds a grid to what renderers rely on.
func checkGrid(t testing.TB, g view.Grid) {
	t.Helper()
	if err := malformed(g); err != nil {
		t.Fatalf("%s %q: %v", g.View, g.Title, err)
	}
}

func malformed(g view.Grid) error {
	if g.View == "" || g.Title == "" {
		return fmt.Errorf("no view or no title")
	}
	if m := g.Matrix; m != nil {
		if m.RowAxis == "" || m.ColAxis == "" || m.Scale == "" {
			return fmt.Errorf("the matrix names no axes or no scale")
		}
		if !slices.Equal(m.Cells.Sizes(), []int{len(m.Rows), len(m.Cols)}) || m.Cells.Check() != nil {
			return fmt.Errorf("cells %v for %d rows, %d columns", m.Cells.Sizes(), len(m.Rows), len(m.Cols))
		}
		if m.Words != nil && (len(m.Words) != len(m.Rows) || len(m.Words[0]) != len(m.Cols)) {
			return fmt.Errorf("%d rows of words for %d", len(m.Words), len(m.Rows))
		}
	}
	if g.Table == nil {
		return nil
	}
	for _, c := range g.Table.Columns {
		filled := map[view.Kind]int{view.Word: len(c.Words), view.Strip: len(c.Vectors)}
		n, ok := filled[c.Kind]
		if !ok {
			n = len(c.Numbers)
		}
		if n != len(g.Table.Rows) || len(c.Words)+len(c.Numbers)+len(c.Vectors) != n {
			return fmt.Errorf("column %q of kind %s has %d entries for %d rows", c.Title, c.Kind, n, len(g.Table.Rows))
		}
	}
	return nil
}

// column finds a table's column by its title.
func column(t *testing.T, g view.Grid, title string) view.Column {
	t.Helper()
	for _, c := range g.Table.Columns {
		if c.Title == title {
			return c
		}
	}
	t.Fatalf("%q has no column %q", g.Title, title)
	return view.Column{}
}

// numbers checks a column of numbers; NaN stands for NaN.
func numbers(t *testing.T, g view.Grid, title string, want ...float64) {
	t.Helper()
	got := column(t, g, title).Numbers
	if !slices.EqualFunc(got, want, func(a, b float64) bool {
		return math.Abs(a-b) < 1e-6 || math.IsNaN(a) && math.IsNaN(b)
	}) {
		t.Errorf("%q, column %q: %v, want %v", g.Title, title, got, want)
	}
}

// words checks a column of words.
func words(t *testing.T, g view.Grid, title string, want ...string) {
	t.Helper()
	if got := column(t, g, title).Words; !slices.Equal(got, want) {
		t.Errorf("%q, column %q: %q, want %q", g.Title, title, got, want)
	}
}

// vectors checks a column of vectors.
func vectors(t *testing.T, g view.Grid, title string, want ...[]float32) {
	t.Helper()
	if got := column(t, g, title).Vectors; !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%q, column %q: %v, want %v", g.Title, title, got, want)
	}
}

// texts are labels as a reader sees them, the focus marked.
func texts(labels []view.Label) string {
	var all []string
	for _, l := range labels {
		text := l.Text
		if l.Focus {
			text = ">" + text
		}
		all = append(all, text)
	}
	return strings.Join(all, "|")
}

// cells checks a matrix row by row; NaN stands for NaN.
func cells(t *testing.T, g view.Grid, want ...float32) {
	t.Helper()
	if !slices.EqualFunc(g.Matrix.Cells.Data, want, func(a, b float32) bool { return a == b || a != a && b != b }) {
		t.Errorf("%q holds %v, want %v", g.Title, g.Matrix.Cells.Data, want)
	}
}

// says checks that a text holds all of these.
func says(t *testing.T, what, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("the %s is %q, it should say %q", what, text, w)
		}
	}
}

// run traces a random model over ids, and keeps the steps that keep names.
func run(t testing.TB, s model.Shape, ids []int32, keep func(name string) bool) *trace.Trace {
	t.Helper()
	return runWith(t, s, ids, keep, func(*trace.Recorder) {})
}

// runLong is run as for a long text, told at its last token.
func runLong(t testing.TB, s model.Shape, ids []int32) *trace.Trace {
	t.Helper()
	outside := func(name string) bool {
		_, base := trace.Split(name)
		return !slices.Contains(trace.WholeMaps(), base)
	}
	return runWith(t, s, ids, outside, func(r *trace.Recorder) {
		meta := r.Trace().Meta
		meta.Tile = &trace.Tile{Queries: [2]int{1, len(ids)}, Keys: [2]int{0, 2}}
		r.Describe(meta)
		r.Narrow(len(ids)-1, func(string) bool { return false })
	})
}

func runWith(t testing.TB, s model.Shape, ids []int32, keep func(name string) bool, set func(*trace.Recorder)) *trace.Trace {
	t.Helper()
	m, err := model.Random(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	be, err := all.Open("ref", all.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer be.Close() // holds nothing
	tokens := make([]trace.Token, len(ids))
	for i, id := range ids {
		tokens[i] = trace.Token{Pos: i, ID: id, Text: fmt.Sprintf(" w%d", id)}
	}
	rec := trace.NewRecorder(tokens, keep)
	c := m.Config
	rec.Describe(trace.Meta{
		Model: trace.Model{
			Name: c.Name, Family: c.Family, Layers: c.Layers, Heads: c.Heads, KVHeads: c.KVHeads,
			DModel: c.DModel, DHead: c.DHead, DVocab: c.DVocab, Parameters: m.Parameters, Device: be.Name(),
		},
		Text: "random", Mask: c.Mask, Scales: c.Scales, Selected: trace.Selected{Layer: 1, Head: 1, Focus: len(ids) - 1},
	})
	set(rec)
	if _, err := m.Forward(context.Background(), be, ids, rec); err != nil {
		t.Fatal(err)
	}
	tr := rec.Trace()
	if err := tr.Complete(); err != nil {
		t.Fatal(err)
	}
	return tr
}

// tiny is a shape with shared keys and values.
func tiny() model.Shape {
	return model.Shape{Layers: 3, Heads: 4, KVHeads: 2, DModel: 6, DHead: 2, DMLP: 5, DVocab: 7, Context: 300, Seed: 5}
}

// reference is transformers' trace of a tiny model.
func reference(t *testing.T, name string) *trace.Trace {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../testdata/tiny", name, "trace.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	tr, err := trace.Load(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

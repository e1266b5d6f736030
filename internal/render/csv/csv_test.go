package csv

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"attn/internal/tensor"
	"attn/internal/trace"
	"attn/internal/view"
)

var masked = float32(math.Inf(-1))

func small() *trace.Trace {
	t := &trace.Trace{Tokens: []trace.Token{{Pos: 0, Text: "a"}, {Pos: 1, Text: ` "b,`}}}
	at, heads := tensor.D(tensor.Pos, 2), tensor.D(tensor.Head, 1)
	record(t, trace.InBlock(3, trace.Q), []float32{1e6, -0.5, 3, 4}, at, heads, tensor.D(tensor.DHead, 2))
	record(t, trace.InBlock(3, trace.LN2Scale), []float32{5, 6}, at, tensor.D(tensor.One, 1))
	record(t, trace.InBlock(3, trace.AttnScores), []float32{0.1, masked, 1e-7, 2}, heads, tensor.D(tensor.QueryPos, 2), tensor.D(tensor.KeyPos, 2))
	record(t, trace.InBlock(3, trace.OutputBias), []float32{7, 8}, tensor.D(tensor.DModel, 2))
	record(t, trace.Logits, []float32{9, 10}, at, tensor.D(tensor.DVocab, 1))
	return t
}

func record(t *trace.Trace, name string, data []float32, shape ...tensor.Dim) {
	t.Steps = append(t.Steps, trace.Step{Name: name, Value: tensor.Tensor{Shape: shape, Data: data}})
}

// TestTrace is the whole file, byte for byte.
func TestTrace(t *testing.T) {
	want := `step,layer,head,pos,token,query,query_token,key,key_token,component,value
blocks.3.attn.hook_q,3,0,0,"a",,,,,0,1000000
blocks.3.attn.hook_q,3,0,0,"a",,,,,1,-0.5
blocks.3.attn.hook_q,3,0,1," ""b,",,,,,0,3
blocks.3.attn.hook_q,3,0,1," ""b,",,,,,1,4
blocks.3.ln2.hook_scale,3,,0,"a",,,,,,5
blocks.3.ln2.hook_scale,3,,1," ""b,",,,,,,6
blocks.3.attn.hook_attn_scores,3,0,,,0,"a",0,"a",,0.1
blocks.3.attn.hook_attn_scores,3,0,,,0,"a",1," ""b,",,-inf
blocks.3.attn.hook_attn_scores,3,0,,,1," ""b,",0,"a",,1e-07
blocks.3.attn.hook_attn_scores,3,0,,,1," ""b,",1," ""b,",,2
blocks.3.attn.b_O,3,,,,,,,,0,7
blocks.3.attn.b_O,3,,,,,,,,1,8
unembed.hook_out,,,0,"a",,,,,0,9
unembed.hook_out,,,1," ""b,",,,,,0,10
`
	if diff := cmp.Diff(want, write(t, small(), Options{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestSteps writes the steps that were asked for.
func TestSteps(t *testing.T) {
	got := write(t, small(), Options{Steps: func(name string) bool { return strings.HasSuffix(name, "b_O") }})
	if lines := strings.Count(got, "\n"); lines != 3 {
		t.Errorf("%d lines, want 3:\n%s", lines, got)
	}
}

// TestNotFinite refuses what is not masked and yet no number, before the
// first byte.
func TestNotFinite(t *testing.T) {
	for step, bad := range map[int]float32{0: masked, 2: float32(math.NaN()), 4: float32(math.Inf(1))} {
		tr := small()
		tr.Steps[step].Value.Data[1] = bad
		var out bytes.Buffer
		if err := Trace(&out, tr, Options{}); err == nil || !strings.Contains(err.Error(), "value 1 is") {
			t.Errorf("step %d: error %v", step, err)
		}
		if out.Len() > 0 {
			t.Errorf("step %d: %q was written before the error", step, out.String())
		}
	}
}

// TestReadsBack: whatever the tokens are, a reader of RFC 4180 finds the same
// number of columns in every row, every number bit for bit, and the texts.
func TestReadsBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		token := string(rapid.SliceOf(rapid.Byte()).Draw(rt, "token"))
		value := rapid.Float32Range(-math.MaxFloat32, math.MaxFloat32).Draw(rt, "value")
		tr := small()
		tr.Tokens[1].Text = token
		tr.Steps[0].Value.Data[3] = value
		records, err := csv.NewReader(strings.NewReader(write(t, tr, Options{}))).ReadAll()
		if err != nil {
			rt.Fatal(err)
		}
		row := records[4]
		got, err := strconv.ParseFloat(row[10], 32)
		if err != nil || math.Float32bits(float32(got)) != math.Float32bits(value) {
			rt.Fatalf("%v came back as %s, %v", value, row[10], err)
		}
		// the reader itself makes \r\n inside quotes a \n
		want := strings.ReplaceAll(strings.ToValidUTF8(token, "\ufffd"), "\r\n", "\n")
		if text := strings.TrimPrefix(row[4], "'"); text != want && row[4] != want {
			rt.Fatalf("token %q came back as %q", want, row[4])
		}
		if len(row[4]) > 1 && strings.ContainsRune("=+-@\t\r", rune(row[4][0])) {
			rt.Fatalf("%q would be run as a formula", row[4])
		}
	})
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		in, want string
		shown    bool
	}{
		{"plain", "plain", false},
		{"a,b", `"a,b"`, false},
		{" a", `" a"`, false},
		{`"`, `""""`, false},
		{"=1+1", "'=1+1", false},
		{"-", "-", false},
		{"=", "=", false},
		{"@SUM(A1)", "'@SUM(A1)", false},
		{"a\x1b[2J", "a\x1b[2J", false},
		{"a\x1b[2J", "a␛[2J", true},
		{"\xff", "\ufffd", false},
		{"", "", false},
	} {
		if got := text(c.in, c.shown); got != c.want {
			t.Errorf("%q is written %q, want %q", c.in, got, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1e6: "1000000", 0.5: "0.5", 175181291520: "175181291520", 1e-9: "1e-09", 1e300: "1e+300",
		math.Inf(-1): "-inf", math.Inf(1): "inf",
	} {
		if got := number(v, 64); got != want {
			t.Errorf("%v is written %s, want %s", v, got, want)
		}
	}
	if got := number(math.NaN(), 64); got != "" {
		t.Errorf("nothing to show is written %q", got)
	}
}

// TestGrids is a matrix with words and a table with every kind of column.
func TestGrids(t *testing.T) {
	grids := []view.Grid{
		{Matrix: &view.Matrix{
			RowAxis: "keys", ColAxis: "queries",
			Rows:  []view.Label{{Text: "a"}, {Text: "b"}},
			Cols:  []view.Label{{Text: "c"}, {Text: "d,e"}},
			Cells: tensor.Tensor{Shape: []tensor.Dim{tensor.D("row", 2), tensor.D("col", 2)}, Data: []float32{0.1, masked, float32(math.NaN()), 4}},
			Words: [][]string{{"w", "x"}, {"y", "z"}},
		}},
		{Table: &view.Table{
			Rows: []view.Label{{Text: "first"}, {Text: "second"}},
			Columns: []view.Column{
				{Title: "size", Words: []string{"2 × 3", "=1+1"}},
				{Title: "count", Kind: view.Integer, Numbers: []float64{1e12, math.NaN()}},
				{Title: "v", Kind: view.Strip, Vectors: [][]float32{{0.5, 1}, {2}}},
			},
		}},
	}
	want := `keys by queries,c,c (word),"d,e","d,e (word)"
a,0.1,w,-inf,x
b,,y,4,z

,size,count,v 0,v 1
first,2 × 3,1000000000000,0.5,1
second,'=1+1,,2,
`
	var out bytes.Buffer
	if err := Grids(&out, grids, Options{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestGridsThatDoNotFit are refused, not cut.
func TestGridsThatDoNotFit(t *testing.T) {
	cells := tensor.New(tensor.D("row", 1), tensor.D("col", 2))
	two := []view.Label{{Text: "a"}, {Text: "b"}}
	for name, g := range map[string]view.Grid{
		"cells": {Matrix: &view.Matrix{Rows: two, Cols: two, Cells: cells}},
		"rows":  {Matrix: &view.Matrix{Rows: two[:1], Cols: two, Cells: cells, Words: [][]string{}}},
		"words": {Matrix: &view.Matrix{Rows: two[:1], Cols: two, Cells: cells, Words: [][]string{{"x"}}}},
		"count": {Table: &view.Table{Rows: two, Columns: []view.Column{{Title: "count", Numbers: []float64{1}}}}},
	} {
		if err := Grids(io.Discard, []view.Grid{g}, Options{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestWriterFails returns the writer's error.
func TestWriterFails(t *testing.T) {
	full := errors.New("disk full")
	tr := small()
	record(tr, trace.Embed, make([]float32, 1<<13), tensor.D(tensor.Pos, 2), tensor.D(tensor.DModel, 1<<12))
	for _, room := range []int{0, chunk} {
		if err := Trace(&limited{room, full}, tr, Options{}); !errors.Is(err, full) {
			t.Errorf("after %d bytes: error %v", room, err)
		}
	}
}

type limited struct {
	room int
	err  error
}

func (l *limited) Write(p []byte) (int, error) {
	if len(p) > l.room {
		return 0, l.err
	}
	l.room -= len(p)
	return len(p), nil
}

func BenchmarkTrace(b *testing.B) {
	tr := &trace.Trace{Tokens: []trace.Token{{Text: "word"}}}
	data := make([]float32, 1<<18)
	for i := range data {
		data[i] = float32(math.Sin(float64(i)))
	}
	record(tr, trace.Embed, data, tensor.D(tensor.Pos, 1), tensor.D(tensor.DModel, len(data)))
	b.SetBytes(1 << 20)
	b.ReportAllocs()
	for b.Loop() {
		if err := Trace(io.Discard, tr, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func write(t *testing.T, tr *trace.Trace, o Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := Trace(&out, tr, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestPlacesOfLongTexts: rows, tiles and blocks are told by the tokens that they
// stand for.
func TestPlacesOfLongTexts(t *testing.T) {
	words := make([]trace.Token, 130)
	for i := range words {
		words[i] = trace.Token{Pos: i, Text: "w" + strconv.Itoa(i)}
	}
	one := tensor.D(tensor.Head, 1)
	tr := &trace.Trace{
		Tokens: words, Meta: trace.Meta{Tile: &trace.Tile{Queries: [2]int{7, 8}, Keys: [2]int{3, 4}}},
		Steps: []trace.Step{
			{Name: "hook_embed", Rows: []int{129}, Value: tensor.Tensor{Shape: []tensor.Dim{tensor.D(tensor.Pos, 1), tensor.D(tensor.DModel, 1)}, Data: []float32{1}}},
			{Name: "blocks.0.attn.hook_tile_pattern", Value: tensor.Tensor{Shape: []tensor.Dim{one, tensor.D(tensor.TileQuery, 1), tensor.D(tensor.TileKey, 1)}, Data: []float32{2}}},
			{Name: "blocks.0.attn.hook_pooled", Value: tensor.Tensor{Shape: []tensor.Dim{one, tensor.D(tensor.QueryBlock, 2), tensor.D(tensor.KeyBlock, 1)}, Data: []float32{3, 4}}},
		},
	}
	var out bytes.Buffer
	if err := Trace(&out, tr, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`hook_embed,,,129,"w129",,,,,0,1`, `blocks.0.attn.hook_tile_pattern,0,0,,,7,"w7",3,"w3",,2`, `blocks.0.attn.hook_pooled,0,0,,,2,"w2",0,"w0",,4`,
	} {
		if !strings.Contains(out.String(), want+"\n") {
			t.Errorf("no line %s in\n%s", want, out.String())
		}
	}
}

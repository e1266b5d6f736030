package cli

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"attn/internal/analyze"
	"attn/internal/kernels"
	"attn/internal/model"
	"attn/internal/tensor"
	"attn/internal/trace"
	"attn/internal/view"
)

// What diff, assert and verify share: a trace with every step, and how numbers
// that lie close together are told.

// everyStep runs the model and keeps every step.
func everyStep(ctx context.Context, m *model.Model, be kernels.Backend, text string, tokens []trace.Token) (*trace.Trace, error) {
	if err := m.CheckIDs(idsOf(tokens)); err != nil {
		return nil, contextAdvice(m, err)
	}
	rec := trace.NewRecorder(tokens, func(string) bool { return true })
	rec.Describe(trace.Meta{
		Model: describe(m, be), Text: text,
		Scales: m.Config.Scales, Mask: m.Config.Mask, Masks: m.Config.Masks, Parallel: m.Config.Parallel, PostNorm: m.Config.PostNorm,
	})
	if _, err := m.Forward(ctx, be, idsOf(tokens), rec); err != nil {
		return nil, err
	}
	t := rec.Trace()
	err := t.Complete() // every number is read, most of them more than once
	return t, err
}

// short writes a number in three digits.
func short(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// nameRows names a table's rows: beside them, or for a program in a column with
// a title.
func nameRows(t *view.Table, title string, names []string, exact bool) {
	if exact {
		t.Columns = slices.Insert(t.Columns, 0, view.Column{Title: title, Kind: view.Word, Words: names})
		return
	}
	for _, name := range names {
		t.Rows = append(t.Rows, view.Label{Text: name, Pos: -1})
	}
}

// mark is how a table says that a check did not hold: for a person a cross
// beside what failed, for a program a word either way.
func mark(ok, exact bool) string {
	switch {
	case exact && ok:
		return "ok"
	case exact:
		return "failed"
	case ok:
		return ""
	}
	return "✗"
}

// markTitle is the title of a column of marks.
func markTitle(exact bool) string {
	if exact {
		return "verdict"
	}
	return ""
}

// numbersColumn is a column of numbers of any size: in three digits, or exact.
func numbersColumn(title string, values []float64, exact bool) view.Column {
	if exact {
		return view.Column{Title: title, Kind: view.Number, Decimals: 6, Numbers: values}
	}
	c := view.Column{Title: title, Kind: view.Word}
	for _, v := range values {
		c.Words = append(c.Words, short(v))
	}
	return c
}

// placeOf is the index of number at in a step, with the positions of the text
// where the step holds some rows only.
func placeOf(s trace.Step, at int) []int {
	shape := s.Value.Shape
	index := make([]int, len(shape))
	for i := len(index) - 1; i >= 0; i-- {
		index[i] = at % shape[i].Size
		at /= shape[i].Size
		if s.Rows != nil && (shape[i].Axis == tensor.Pos || shape[i].Axis == tensor.QueryPos) {
			index[i] = s.Rows[index[i]]
		}
	}
	return index
}

// placeWords names a place as a reader finds it: head 1, query 3 “creature”.
func placeWords(t *trace.Trace, s trace.Step, at int) string {
	var parts []string
	for i, n := range placeOf(s, at) {
		switch axis := s.Value.Shape[i].Axis; axis {
		case tensor.One:
		case tensor.Pos:
			parts = append(parts, fmt.Sprintf("position %d “%s”", n, tokenName(t, n)))
		case tensor.QueryPos, tensor.KeyPos:
			parts = append(parts, fmt.Sprintf("%s %d “%s”", strings.TrimSuffix(string(axis), "_pos"), n, tokenName(t, n)))
		default:
			parts = append(parts, axisWord(axis, n))
		}
	}
	return strings.Join(parts, ", ")
}

// placeBrief is the same for a narrow column: head 1, creature → blue.
func placeBrief(t *trace.Trace, s trace.Step, at int) string {
	var parts []string
	for i, n := range placeOf(s, at) {
		switch axis := s.Value.Shape[i].Axis; axis {
		case tensor.One:
		case tensor.Pos, tensor.QueryPos:
			parts = append(parts, tokenName(t, n))
		case tensor.KeyPos:
			parts[len(parts)-1] += " → " + tokenName(t, n)
		default:
			parts = append(parts, axisWord(axis, n))
		}
	}
	return strings.Join(parts, ", ")
}

// tokenName is a token's text, or its place where the trace has no such token.
func tokenName(t *trace.Trace, pos int) string {
	if pos >= len(t.Tokens) {
		return strconv.Itoa(pos)
	}
	return view.TokenText(t, pos)
}

// axisWord names a place on an axis that counts no tokens.
func axisWord(axis tensor.Axis, n int) string {
	switch axis {
	case tensor.Head, tensor.Expert:
		return fmt.Sprintf("%s %d", axis, n)
	case tensor.DVocab:
		return fmt.Sprintf("word %d", n)
	}
	return fmt.Sprintf("number %d", n)
}

// layersByHeads is the shape of a picture of all heads.
func layersByHeads(layers, heads int) []tensor.Dim {
	return []tensor.Dim{tensor.D("layer", layers), tensor.D(tensor.Head, heads)}
}

// finite is a number as JSON can hold it: null when it is infinite or none.
func finite(v float64) *float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return &v
}

// list makes JSON write [] for no strings.
func list(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

// distanceJSON is one step's distance.
type distanceJSON struct {
	Name       string   `json:"name"`
	OK         bool     `json:"ok"`
	Difference *float64 `json:"max_difference"`
	Allowed    *float64 `json:"allowed"`
	Relative   *float64 `json:"relative"`
	Index      []int    `json:"index"`
	Want       *float64 `json:"want"`
	Got        *float64 `json:"got"`
}

func distancesJSON(a analyze.Agreement, want *trace.Trace) []distanceJSON {
	steps := make([]distanceJSON, len(a.Steps))
	for i, d := range a.Steps {
		steps[i] = distanceJSON{
			Name: d.Step, OK: !d.Beyond, Difference: finite(d.Max), Allowed: finite(d.Allowed), Relative: finite(d.Relative), Index: []int{},
		}
		if held, ok := want.Held(d.Step); ok && !d.Missing {
			steps[i].Index = placeOf(held, d.At)
			steps[i].Want, steps[i].Got = finite(float64(d.Want)), finite(float64(d.Got))
		}
	}
	return steps
}

// firstName is the first step beyond the tolerance, null when there is none.
func firstName(a analyze.Agreement) *string {
	if a.First < 0 {
		return nil
	}
	return &a.Steps[a.First].Step
}

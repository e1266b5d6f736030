// Package json writes a trace as the JSON document attn.trace/1, for other
// programs to read.
package json

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"

	"attn/internal/analyze"
	"attn/internal/trace"
)

// Options is what goes into a document. The zero value is every step and 8
// predictions at temperature 1.
type Options struct {
	Steps       func(name string) bool // which steps are written; nil is all
	Top         int                    // predictions; 0 is 8
	Temperature float64                // of the predictions; 0 is 1
}

const (
	defaultTop = 8
	chunk      = 1 << 16 // bytes gathered before they are written
)

// Trace writes the document. Masked scores, -∞ in memory, are null; any other
// number that is not finite is an error, found before anything is written. The
// numbers are written as they are read: memory does not grow with the trace.
func Trace(w io.Writer, t *trace.Trace, o Options) error {
	steps := chosen(t, o)
	for _, s := range steps {
		if err := checkFinite(s); err != nil {
			return err
		}
	}
	predictions, err := predict(t, o)
	if err != nil {
		return err
	}
	d := &document{out: bufio.NewWriterSize(w, chunk)}
	d.head(t)
	d.list("steps", len(steps), func(i int) { d.step(steps[i]) })
	d.list("predictions", len(predictions), func(i int) { d.value(predictions[i]) })
	d.text("}\n")
	if d.err != nil {
		return d.err
	}
	return d.out.Flush()
}

func chosen(t *trace.Trace, o Options) []trace.Step {
	if o.Steps == nil {
		return t.Steps
	}
	var steps []trace.Step
	for _, s := range t.Steps {
		if o.Steps(s.Name) {
			steps = append(steps, s)
		}
	}
	return steps
}

// checkFinite holds a step to what JSON can say.
func checkFinite(s trace.Step) error {
	_, name := trace.Split(s.Name)
	for i, v := range s.Whole().Data {
		if finite(v) || trace.MayHide(name) && math.IsInf(float64(v), -1) {
			continue
		}
		return fmt.Errorf("%s: value %d is %v, which JSON cannot hold", s.Name, i, v)
	}
	return nil
}

// finite: v − v is 0, or NaN for an infinity or NaN.
func finite(v float32) bool { return v-v == 0 }

// prediction is a candidate for the next token.
type prediction struct {
	ID          int32   `json:"id"`
	Text        string  `json:"text"`
	Logit       float32 `json:"logit"`
	Probability float64 `json:"probability"`
}

// predict reads the candidates after the last token, if the trace has logits.
func predict(t *trace.Trace, o Options) ([]prediction, error) {
	logits, ok := t.Held(trace.Logits)
	if !ok || len(t.Tokens) == 0 {
		return nil, nil
	}
	if err := checkFinite(logits); err != nil {
		return nil, err
	}
	if o.Top == 0 {
		o.Top = defaultTop
	}
	if o.Temperature == 0 {
		o.Temperature = 1
	}
	best, err := analyze.Predictions(t, len(t.Tokens)-1, o.Top, o.Temperature)
	if err != nil {
		return nil, err
	}
	list := make([]prediction, len(best))
	for i, p := range best {
		list[i] = prediction{ID: p.ID, Text: p.Text, Logit: float32(p.Logit), Probability: p.Probability}
	}
	return list, nil
}

// document is a document being written: one field to a line, one entry of a
// list to a line. It keeps the first error.
type document struct {
	out *bufio.Writer
	err error
}

func (d *document) text(s string) {
	if d.err == nil {
		_, d.err = d.out.WriteString(s)
	}
}

func (d *document) value(v any) {
	encoded, err := encode(v)
	if d.err == nil {
		d.err = err
	}
	if d.err == nil {
		_, d.err = d.out.Write(encoded)
	}
}

func (d *document) field(name string, v any) {
	d.text(",\n \"" + name + "\":")
	d.value(v)
}

func (d *document) list(name string, n int, entry func(i int)) {
	d.text(",\n \"" + name + "\":[")
	for i := range n {
		if i > 0 {
			d.text(",")
		}
		d.text("\n  ")
		entry(i)
	}
	d.text("]")
}

func (d *document) head(t *trace.Trace) {
	d.text(`{"schema":"` + trace.Schema + `"`)
	d.field("model", t.Meta.Model)
	d.field("text", t.Meta.Text)
	if t.Meta.Dropped > 0 {
		d.field("dropped", t.Meta.Dropped)
	}
	d.list("tokens", len(t.Tokens), func(i int) { d.value(t.Tokens[i]) })
	d.field("selected", t.Meta.Selected)
	if t.Meta.Rule != "" {
		d.field("rule", t.Meta.Rule)
	}
	d.field("mask", t.Meta.Mask.String())
	if t.Meta.Tile != nil {
		d.field("tile", t.Meta.Tile)
	}
}

func (d *document) step(s trace.Step) {
	hook, _ := trace.FindHook(s.Name)
	d.text(`{"name":`)
	d.value(s.Name)
	d.text(`,"axes":`)
	d.value(s.Value.Axes())
	d.text(`,"shape":`)
	d.value(s.Value.Sizes())
	if s.Rows != nil { // the positions that it holds
		d.text(`,"rows":`)
		d.value(s.Rows)
	}
	d.text(`,"formula":`)
	d.value(hook.Formula)
	d.text(`,"values":[`)
	d.numbers(s.Whole().Data)
	d.text("]}")
}

// numbers writes the shortest decimals that read back as the same float32.
func (d *document) numbers(data []float32) {
	for i, v := range data {
		number := d.out.AvailableBuffer()
		if i > 0 {
			number = append(number, ',')
		}
		if finite(v) {
			number = strconv.AppendFloat(number, float64(v), 'g', -1, 32)
		} else {
			number = append(number, "null"...)
		}
		if _, err := d.out.Write(number); err != nil {
			return // out keeps the error: the next text meets it
		}
	}
}

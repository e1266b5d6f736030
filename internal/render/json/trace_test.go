package json

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"attn/internal/tensor"
	"attn/internal/trace"
)

var masked = float32(math.Inf(-1))

// small is a trace of two tokens with one step of each kind.
func small() *trace.Trace {
	t := &trace.Trace{
		Meta: trace.Meta{
			Model: trace.Model{
				Name: "story", Family: "gpt2", Layers: 1, Heads: 1, KVHeads: 1, DModel: 2, DHead: 2, DVocab: 3,
				Parameters: 42, Device: "cpu",
			},
			Text:     `say "a<b"`,
			Mask:     tensor.Mask{Causal: true},
			Selected: trace.Selected{Focus: 1},
			Words:    map[int32]string{0: " say", 1: " \x1b[31m", 2: "\xff"},
		},
		Tokens: []trace.Token{
			{Pos: 0, ID: 2, Text: "say", Start: 0, End: 3},
			{Pos: 1, ID: 1, Text: ` "a<b"`, Start: 3, End: 9},
		},
	}
	head, query, key := tensor.D(tensor.Head, 1), tensor.D(tensor.QueryPos, 2), tensor.D(tensor.KeyPos, 2)
	record(t, trace.InBlock(0, trace.AttnScores), []float32{0.1, masked, -2.5, 1e-7}, head, query, key)
	record(t, trace.InBlock(0, trace.Pattern), []float32{1, 0, 0.25, 0.75}, head, query, key)
	record(t, trace.Logits, []float32{9, 9, 9, -2000, 2, 2}, tensor.D(tensor.Pos, 2), tensor.D(tensor.DVocab, 3))
	return t
}

func record(t *trace.Trace, name string, data []float32, shape ...tensor.Dim) {
	t.Steps = append(t.Steps, trace.Step{Name: name, Value: tensor.Tensor{Shape: shape, Data: data}})
}

// TestDocument is the whole document, byte for byte.
func TestDocument(t *testing.T) {
	want := `{"schema":"attn.trace/1",
 "model":{"name":"story","family":"gpt2","layers":1,"heads":1,"kv_heads":1,"d_model":2,"d_head":2,"d_vocab":3,"parameters":42,"device":"cpu"},
 "text":"say \"a<b\"",
 "tokens":[
  {"pos":0,"id":2,"text":"say","start":0,"end":3},
  {"pos":1,"id":1,"text":" \"a<b\"","start":3,"end":9}],
 "selected":{"layer":0,"head":0,"focus":1},
 "mask":"causal",
 "steps":[
  {"name":"blocks.0.attn.hook_attn_scores","axes":["head","query_pos","key_pos"],"shape":[1,2,2],"formula":"−∞ where key > query","values":[0.1,null,-2.5,1e-07]},
  {"name":"blocks.0.attn.hook_pattern","axes":["head","query_pos","key_pos"],"shape":[1,2,2],"formula":"softmax(masked)","values":[1,0,0.25,0.75]},
  {"name":"unembed.hook_out","axes":["pos","d_vocab"],"shape":[2,3],"formula":"W_U x","values":[9,9,9,-2000,2,2]}],
 "predictions":[
  {"id":1,"text":" \u001b[31m","logit":2,"probability":0.5},
  {"id":2,"text":"\ufffd","logit":2,"probability":0.5},
  {"id":0,"text":" say","logit":-2000,"probability":0}]}
`
	if diff := cmp.Diff(want, write(t, small(), Options{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestOptions chooses steps, the number of predictions and their temperature.
func TestOptions(t *testing.T) {
	tr := small()
	copy(tr.Steps[2].Value.Row(1), []float32{0, 2, 1})
	got := parse(t, write(t, tr, Options{
		Steps: func(name string) bool { return strings.HasSuffix(name, "pattern") }, Top: 1, Temperature: 0.5,
	}))
	if len(got.Steps) != 1 || got.Steps[0].Name != "blocks.0.attn.hook_pattern" {
		t.Errorf("steps %v", got.Steps)
	}
	// exp(2/0.5) of exp(0/0.5), exp(2/0.5), exp(1/0.5)
	want := math.Exp(4) / (1 + math.Exp(4) + math.Exp(2))
	if len(got.Predictions) != 1 || math.Abs(got.Predictions[0].Probability-want) > 1e-15 {
		t.Errorf("predictions %v, want one of %v", got.Predictions, want)
	}
}

// TestNoLogits leaves the predictions empty: not absent, not null.
func TestNoLogits(t *testing.T) {
	tr := small()
	tr.Steps = tr.Steps[:1]
	if got := write(t, tr, Options{}); !strings.Contains(got, `"predictions":[]`) {
		t.Errorf("no empty list in %s", got)
	}
	tr.Steps = nil
	if got := write(t, tr, Options{}); !strings.Contains(got, `"steps":[]`) {
		t.Errorf("no empty list in %s", got)
	}
}

// TestNotFinite refuses what is not masked and yet no number, before the first
// byte, even where the logits are not among the steps.
func TestNotFinite(t *testing.T) {
	nan, infinite := float32(math.NaN()), float32(math.Inf(1))
	for _, bad := range []struct {
		step  int
		value float32
		say   string
	}{
		{0, nan, "hook_attn_scores: value 3 is NaN"},
		{0, infinite, "hook_attn_scores: value 3 is +Inf"},
		{1, masked, "hook_pattern: value 3 is -Inf"},
		{2, nan, "unembed.hook_out: value 3 is NaN"},
	} {
		tr := small()
		tr.Steps[bad.step].Value.Data[3] = bad.value
		var out bytes.Buffer
		err := Trace(&out, tr, Options{Steps: func(name string) bool { return name != trace.Logits }})
		if err == nil || !strings.Contains(err.Error(), bad.say) {
			t.Errorf("error %v, want one that says %q", err, bad.say)
		}
		if out.Len() > 0 {
			t.Errorf("%q was written before the error", out.String())
		}
	}
}

// TestNumbersComeBack reads every written float32 back bit for bit.
func TestNumbersComeBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		data := rapid.SliceOfN(rapid.Float32Range(-math.MaxFloat32, math.MaxFloat32), 1, 50).Draw(rt, "data")
		data = append(data, float32(math.Copysign(0, -1)), math.MaxFloat32, math.SmallestNonzeroFloat32, 1e21, 1e-7)
		tr := &trace.Trace{}
		record(tr, trace.Embed, data, tensor.D(tensor.Pos, 1), tensor.D(tensor.DModel, len(data)))
		for i, got := range parse(t, write(t, tr, Options{})).Steps[0].Values {
			if got == nil || math.Float32bits(*got) != math.Float32bits(data[i]) {
				rt.Fatalf("value %d was %v, came back as %v", i, data[i], got)
			}
		}
	})
}

// TestAnyText writes any bytes as token texts: the document is JSON, shows
// nothing unseen, and the text comes back as encoding/json would give it.
func TestAnyText(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) { checkText(rt, string(rapid.SliceOf(rapid.Byte()).Draw(rt, "text"))) })
	rapid.Check(t, func(rt *rapid.T) { checkText(rt, rapid.String().Draw(rt, "text")) })
	for _, text := range []string{"\u202eevil", "\u009b31m", "\u2028", "\U000e0041", "👩‍👩‍👧", "\x00\x7f", `\u0041`, "\ufffd\xc3"} {
		checkText(t, text)
	}
}

type fataler interface{ Fatalf(string, ...any) }

func checkText(t fataler, text string) {
	tr := small()
	tr.Meta.Text, tr.Tokens[0].Text, tr.Meta.Words[1], tr.Meta.Model.Name = text, text, text, text
	var out bytes.Buffer
	if err := Trace(&out, tr, Options{}); err != nil {
		t.Fatalf("%v", err)
	}
	if !json.Valid(out.Bytes()) {
		t.Fatalf("not JSON: %q", out.String())
	}
	for _, r := range out.String() {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Fatalf("%q holds %U", out.String(), r)
		}
	}
	var d doc
	if err := json.Unmarshal(out.Bytes(), &d); err != nil {
		t.Fatalf("%v", err)
	}
	want := strings.ToValidUTF8(text, "\ufffd")
	if got := d.Text; unify(got) != unify(want) {
		t.Fatalf("the text %q came back as %q", want, got)
	}
	if d.Tokens[0].Text != d.Text || d.Predictions[0].Text != d.Text || d.Model.Name != d.Text {
		t.Fatalf("one text, but token %q, prediction %q, model %q", d.Tokens[0].Text, d.Predictions[0].Text, d.Model.Name)
	}
}

// unify makes a run of replacement characters one: encoding/json writes one
// for each bad byte, ToValidUTF8 one for each run.
func unify(s string) string {
	for strings.Contains(s, "\ufffd\ufffd") {
		s = strings.ReplaceAll(s, "\ufffd\ufffd", "\ufffd")
	}
	return s
}

// TestWriterFails returns the writer's error, wherever it comes.
func TestWriterFails(t *testing.T) {
	tr := small()
	record(tr, trace.Embed, make([]float32, 1<<17), tensor.D(tensor.Pos, 1), tensor.D(tensor.DModel, 1<<17))
	full := errors.New("disk full")
	for _, room := range []int{0, chunk, 2 * chunk} {
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

// TestMemory writes a step of 4 MiB in a fraction of that.
func TestMemory(t *testing.T) {
	tr := big(1 << 20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := Trace(io.Discard, tr, Options{}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<18 {
		t.Errorf("%d bytes were allocated", got)
	}
}

func BenchmarkTrace(b *testing.B) {
	tr := big(1 << 20)
	b.SetBytes(4 << 20)
	b.ReportAllocs()
	for b.Loop() {
		if err := Trace(io.Discard, tr, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// big is one step of n numbers with all their digits.
func big(n int) *trace.Trace {
	data := make([]float32, n)
	for i := range data {
		data[i] = float32(math.Sin(float64(i)))
	}
	tr := &trace.Trace{}
	record(tr, trace.Embed, data, tensor.D(tensor.Pos, 1), tensor.D(tensor.DModel, n))
	return tr
}

func write(t *testing.T, tr *trace.Trace, o Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := Trace(&out, tr, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// doc is the document as a reader sees it.
type doc struct {
	Model struct{ Name string }
	Text  string
	Steps []struct {
		Name   string
		Values []*float32
	}
	Tokens      []struct{ Text string }
	Predictions []struct {
		Text        string
		Probability float64
	}
}

func parse(t *testing.T, document string) doc {
	t.Helper()
	var d doc
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		t.Fatalf("%v in %s", err, document)
	}
	return d
}

// TestRowsAndTile: a step that holds some rows says which, and the tile where it
// lies.
func TestRowsAndTile(t *testing.T) {
	tr := &trace.Trace{
		Tokens: []trace.Token{{Pos: 0, Text: "a"}, {Pos: 1, Text: "b"}},
		Meta:   trace.Meta{Tile: &trace.Tile{Queries: [2]int{1, 2}, Keys: [2]int{0, 2}}},
		Steps: []trace.Step{
			{Name: "hook_embed", Rows: []int{1}, Value: tensor.Tensor{Shape: []tensor.Dim{tensor.D(tensor.Pos, 1), tensor.D(tensor.DModel, 1)}, Data: []float32{3}}},
			{
				Name:  "blocks.0.attn.hook_tile_scores",
				Value: tensor.Tensor{Shape: []tensor.Dim{tensor.D(tensor.Head, 1), tensor.D(tensor.TileQuery, 1), tensor.D(tensor.TileKey, 2)}, Data: []float32{5, float32(math.Inf(-1))}},
			},
		},
	}
	var out bytes.Buffer
	if err := Trace(&out, tr, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"tile":{"queries":[1,2],"keys":[0,2]}`, `"shape":[1,1],"rows":[1],`, `"values":[5,null]`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the document has no %s:\n%s", want, out.String())
		}
	}
}

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"attn/internal/analyze"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// savedTrace runs attn trace and returns the file it kept.
func savedTrace(t testing.TB, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "t.safetensors")
	mustRun(t, append([]string{"trace", "-q", "--save", file}, args...)...)
	return file
}

// tinyShape keeps random models of tests small.
func tinyShape(args ...string) []string {
	return append([]string{"--layers", "2", "--heads", "2", "--d-model", "8", "--record", "all"}, args...)
}

// spoiled copies a saved trace with one number of one step changed.
func spoiled(t testing.TB, file, step string, at int, value float32) string {
	t.Helper()
	loaded, err := loadTrace(file)
	if err != nil {
		t.Fatal(err)
	}
	found, ok := loaded.Find(step)
	if !ok {
		t.Fatalf("no step %s", step)
	}
	found.Data[at] = value
	var b bytes.Buffer
	if err := loaded.Save(&b); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "spoiled.safetensors")
	if err := os.WriteFile(other, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return other
}

func TestDiffFlags(t *testing.T) {
	var got *diffOptions
	cmd := newDiffCmd(NewApp(&bytes.Buffer{}, &bytes.Buffer{}), func(_ context.Context, _ *App, o *diffOptions) error { got = o; return nil })
	cmd.SetArgs([]string{"--model", "x", "--model-b", "y", "--atol", "0.5", "--rtol", "0", "--top", "3", "--device", "ref", "--threads", "2", "--context", "4", "--format", "csv", "the", "cat"})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	if got.models[0].Model != "x" || got.models[1].Model != "y" || got.source.Text != "the cat" || got.files[0] != "" {
		t.Errorf("models %v, text %q, files %v", got.models, got.source.Text, got.files)
	}
	if got.atol != .5 || got.rtol != 0 || got.top != 3 || got.device.Device != "ref" || got.device.Threads != 2 || got.context != 4 || got.output.Format != formatCSV {
		t.Errorf("got %+v", got)
	}
	if got.allowed(7) != .5 {
		t.Errorf("allowed is %g", got.allowed(7))
	}
}

func TestDiffRefuses(t *testing.T) {
	all := savedTrace(t, tinyShape("the cat sat")...)
	longer := savedTrace(t, tinyShape("the cat sat on")...)
	logits := savedTrace(t, "--layers", "2", "--heads", "2", "--d-model", "8", "--steps", "predict", "the cat sat")
	embed := savedTrace(t, "--layers", "2", "--heads", "2", "--d-model", "8", "--steps", "hook_embed", "the cat sat")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{nil, exitUsage, "it takes two traces, got 0"},
		{[]string{all}, exitUsage, "it takes two traces, got 1"},
		{[]string{all, all, all}, exitUsage, "it takes two traces, got 3"},
		{[]string{"--atol", "-1", all, all}, exitUsage, "--atol -1"},
		{[]string{"--rtol", "NaN", all, all}, exitUsage, "--rtol NaN"},
		{[]string{"--top", "-1", all, all}, exitUsage, "--top -1"},
		{[]string{"--format", "html", all, all}, exitUsage, "text, json, csv"},
		{[]string{"--model", "story", "the", "cat"}, exitUsage, "the second is missing: --model-b"},
		{[]string{"--device", "ref", all, all}, exitUsage, "--device is for two models"},
		{[]string{"--model-b", "story"}, exitUsage, "the text that both models read is missing"},
		{[]string{"--model-b", "nowhere", "the"}, exitFailed, "nowhere"},
		{[]string{"--model-b", "story", "--context", "0", "the"}, exitUsage, "--context 0"},
		{[]string{"--model-b", "random", "the cat"}, exitFailed, "layers, random has 2"},
		{[]string{"--model-b", "story", "--ids", "1,2", "the"}, exitUsage, "both a text and --ids"},
		{[]string{all, "nowhere.safetensors"}, exitFailed, "no such file: nowhere.safetensors"},
		{[]string{all, longer}, exitFailed, "has 3 tokens, " + longer + " has 4"},
		{[]string{all, savedTrace(t, "--layers", "2", "--heads", "1", "--d-model", "8", "the cat sat")}, exitFailed, "has 2 heads, "},
		{[]string{all, savedTrace(t, "--layers", "2", "--heads", "2", "--d-model", "16", "the cat sat")}, exitFailed, "d_model"},
		{[]string{logits, embed}, exitFailed, "no step in common"},
	} {
		code, out, errs := attn(t, append([]string{"diff"}, c.args...)...)
		if code != c.code || !strings.Contains(errs, c.says) || out != "" {
			t.Errorf("attn diff %v: exit %d, wrote %q and %q; want exit %d and %q", c.args, code, out, errs, c.code, c.says)
		}
		if lines := strings.Count(errs, "\n"); lines > 2 || !strings.HasPrefix(errs, "attn: ") {
			t.Errorf("attn diff %v: the error has %d lines: %s", c.args, lines, errs)
		}
	}
}

func TestDiffFindsTheFirstStep(t *testing.T) {
	file := savedTrace(t, tinyShape("the cat sat")...)
	if out := mustRun(t, "diff", file, file); !strings.Contains(out, "The traces are equal") {
		t.Errorf("a trace and itself: %s", out)
	}
	pattern := trace.InBlock(1, trace.Pattern)
	other := spoiled(t, spoiled(t, file, trace.Logits, 0, 50), pattern, 8, .25) // head 0, query 2, key 2
	code, out, errs := attn(t, "diff", file, other)
	if code != exitCheck || !strings.Contains(errs, "first at "+pattern) || !strings.Contains(errs, "head 0, query 2 “sat”, key 2 “sat”: A 0.") || !strings.Contains(errs, "B 0.25") {
		t.Errorf("exit %d: %s", code, errs)
	}
	for _, want := range []string{"✗", "2 of 49 steps diverge; the first is " + pattern, "head 0, sat → sat", "Furthest: layer 1, head 0, by "} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if code, _, errs := attn(t, "diff", "--atol", "1", file, other); code != exitCheck || !strings.Contains(errs, "first at "+trace.Logits) {
		t.Errorf("with --atol 1: exit %d: %s", code, errs)
	}
	mustRun(t, "diff", "--atol", "100", file, other)
	mustRun(t, "diff", "--atol", "0", "--rtol", "100000", file, other)
}

func TestDiffJSON(t *testing.T) {
	file := savedTrace(t, tinyShape("the cat sat")...)
	other := spoiled(t, file, trace.InBlock(0, trace.AttnScores), 0, float32(math.Inf(-1)))
	code, out, _ := attn(t, "diff", "--format", "json", file, other)
	var d struct {
		Schema, First string
		OK            bool
		A, B          struct{ Name string }
		Steps         []struct {
			Name       string
			OK         bool
			Difference *float64 `json:"max_difference"`
			Index      []int
			Got        *float64
		}
		OnlyA []string `json:"only_a"`
		Heads []struct{ Layer, Head int }
	}
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != exitCheck {
		t.Fatalf("exit %d, %v", code, err)
	}
	if d.Schema != "attn.diff/1" || d.OK || d.First != "blocks.0.attn.hook_attn_scores" || d.A.Name != file || d.B.Name != other || d.OnlyA == nil || len(d.Heads) != 4 {
		t.Errorf("got %+v", d)
	}
	for _, s := range d.Steps {
		if s.OK != (s.Name != d.First) {
			t.Errorf("%s: %v", s.Name, s.OK)
		}
		if s.Name == d.First && (s.Difference != nil || s.Got != nil || len(s.Index) != 3) {
			t.Errorf("infinitely far: %+v", s)
		}
	}
}

// TestDiffListsWhatOneSideHas: such steps are told and no failure.
func TestDiffListsWhatOneSideHas(t *testing.T) {
	all := savedTrace(t, tinyShape("the cat sat")...)
	some := savedTrace(t, "--layers", "2", "--heads", "2", "--d-model", "8", "--steps", "hook_embed,unembed.hook_out", "the cat sat")
	out := mustRun(t, "diff", all, some)
	if !strings.Contains(out, "Only A has hook_pos_embed, blocks.0.hook_resid_pre") || !strings.Contains(out, "and 41 more") || strings.Contains(out, "Only B") {
		t.Errorf("got %s", out)
	}
	if !strings.Contains(mustRun(t, "diff", some, all), "Only B has hook_pos_embed") {
		t.Error("the other way round it is not told")
	}
}

// TestDiffOtherWords: texts of equal length can be compared, and that they
// differ is told.
func TestDiffOtherWords(t *testing.T) {
	a, b := savedTrace(t, tinyShape("the cat sat")...), savedTrace(t, tinyShape("the dog sat")...)
	code, out, errs := attn(t, "diff", a, b)
	if code != exitCheck || !strings.Contains(errs, "first at hook_embed") || !strings.Contains(out, "first at position 1: “cat” in A, “dog” in B.") {
		t.Errorf("exit %d, %s %s", code, errs, out)
	}
}

func TestDiffModels(t *testing.T) {
	out := mustRun(t, "diff", "--model-b", "story", "--device", "ref", "a blue cat")
	if !strings.Contains(out, "A: story · B: story") || !strings.Contains(out, "The traces are equal") {
		t.Errorf("got %s", out)
	}
	mustRun(t, "diff", "--model", "random", "--model-b", "random", "--ids", "1,2,3", "--context", "2")
}

func TestFurthest(t *testing.T) {
	for _, c := range []struct {
		n       int
		allowed float64
		want    string
	}{{0, 1, "15034"}, {9, 1, "15034"}, {2, 1, "54"}, {2, .5, "15"}, {1, 9, "5"}, {3, 2, "534"}} {
		var steps []analyze.Distance
		for _, off := range []float64{1, 5, 0, 3, 4} {
			steps = append(steps, analyze.Distance{Divergence: trace.Divergence{Max: off, Beyond: off > c.allowed}, Allowed: c.allowed})
		}
		got := ""
		for _, d := range furthest(steps, c.n) {
			got += short(d.Max)
		}
		if got != c.want {
			t.Errorf("the %d furthest with %g allowed are %s, want %s", c.n, c.allowed, got, c.want)
		}
	}
}

func TestPlaces(t *testing.T) {
	tr := &trace.Trace{Tokens: []trace.Token{{Text: "the"}, {Text: " cat"}}}
	for _, c := range []struct {
		shape       []tensor.Dim
		at          int
		full, brief string
	}{
		{[]tensor.Dim{tensor.D(tensor.Head, 2), tensor.D(tensor.QueryPos, 2), tensor.D(tensor.KeyPos, 2)}, 6, "head 1, query 1 “cat”, key 0 “the”", "head 1, cat → the"},
		{[]tensor.Dim{tensor.D(tensor.Pos, 2), tensor.D(tensor.Head, 2), tensor.D(tensor.DHead, 3)}, 11, "position 1 “cat”, head 1, number 2", "cat, head 1, number 2"},
		{[]tensor.Dim{tensor.D(tensor.Pos, 2), tensor.D(tensor.One, 1)}, 1, "position 1 “cat”", "cat"},
		{[]tensor.Dim{tensor.D(tensor.Pos, 2), tensor.D(tensor.DVocab, 9)}, 10, "position 1 “cat”, word 1", "cat, word 1"},
		{[]tensor.Dim{tensor.D(tensor.Pos, 4)}, 3, "position 3 “3”", "3"}, // of another text than the trace's tokens
	} {
		value := tensor.New(c.shape...)
		if got := placeWords(tr, trace.Step{Value: value}, c.at); got != c.full {
			t.Errorf("%d in %v is %s, want %s", c.at, c.shape, got, c.full)
		}
		if got := placeBrief(tr, trace.Step{Value: value}, c.at); got != c.brief {
			t.Errorf("%d in %v is briefly %s, want %s", c.at, c.shape, got, c.brief)
		}
	}
}

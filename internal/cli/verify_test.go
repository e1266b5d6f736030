package cli

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"attn/internal/kernels"
	"attn/internal/kernels/ref"
	"attn/internal/model"
	"attn/internal/model/tokenizer"
	"attn/internal/tensor"
	"attn/internal/trace"
)

func TestVerifyArguments(t *testing.T) {
	for _, c := range []struct {
		args        []string
		model, text string
	}{
		{nil, "story", ""},
		{[]string{"x"}, "x", ""},
		{[]string{"x", "the", "cat"}, "x", "the cat"},
		{[]string{"--model", "x", "the", "cat"}, "x", "the cat"},
		{[]string{"--", "the", "cat"}, "story", "the cat"},
		{[]string{"x", "--", "-"}, "x", "-"},
	} {
		var got *verifyOptions
		cmd := newVerifyCmd(NewApp(&bytes.Buffer{}, &bytes.Buffer{}), func(_ context.Context, _ *App, o *verifyOptions) error { got = o; return nil })
		cmd.SetArgs(append([]string{"--device", "ref", "--format", "json"}, c.args...))
		if err := cmd.Execute(); err != nil {
			t.Errorf("%v: %v", c.args, err)
			continue
		}
		if got.model.Model != c.model || got.source.Text != c.text || got.device.Device != "ref" || got.output.Format != formatJSON {
			t.Errorf("%v: model %s, text %q", c.args, got.model.Model, got.source.Text)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"nowhere", exitFailed, "nowhere"},
		{"--device cuda story", exitFailed, "device cuda: "},
		{"--device gpu story", exitUsage, "--device gpu"},
		{"--context 0 story", exitUsage, "--context 0"},
		{"--format html story", exitUsage, "text, json, csv"},
		{"--ids 1 story hello", exitUsage, "both a text and --ids"},
		{"--ids 99999 story", exitUsage, "--ids"},
		{"story " + strings.Repeat("word ", 300), exitFailed, "at most "},
	} {
		code, out, errs := attn(t, append([]string{"verify"}, strings.Fields(c.args)...)...)
		if code != c.code || !strings.Contains(errs, c.says) || out != "" || strings.Count(errs, "\n") > 2 {
			t.Errorf("attn verify %.40s: exit %d, %q and %q; want exit %d and %q", c.args, code, out, errs, c.code, c.says)
		}
	}
}

// TestVerifyFamilies: every family's tiny model that loads holds, on every
// device that is here.
func TestVerifyFamilies(t *testing.T) {
	dirs, err := filepath.Glob("../../testdata/tiny/*/config.json")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no models: %v", err)
	}
	ran := 0
	for _, config := range dirs {
		dir := filepath.Dir(config)
		if m, err := model.Open(dir); err != nil {
			continue // it isn't one that attn runs yet; the parity test knows which are
		} else if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		ran++
		if code, out, errs := attn(t, "verify", dir); code != exitDone || errs != "" || strings.Contains(out, "failed") {
			t.Errorf("%s: exit %d, %s%s", filepath.Base(dir), code, errs, out)
		}
	}
	if ran < 10 {
		t.Errorf("only %d models", ran)
	}
}

// verified is the part of attn.verify/1 that tests read.
type verified struct {
	Schema, Text string
	OK           bool
	Tokens       []trace.Token
	Checks       []check
	Absent       []string
	Devices      []struct {
		Name  string
		First *string
		Steps []struct {
			Name       string
			Difference float64 `json:"max_difference"`
		}
	}
	Pairs []struct {
		A, B, Step string
		Difference float64 `json:"max_difference"`
	}
}

func verifyJSON(t *testing.T, args ...string) verified {
	t.Helper()
	var v verified
	if err := json.Unmarshal([]byte(mustRun(t, append([]string{"verify", "--format", "json"}, args...)...)), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVerifyJSON(t *testing.T) {
	v := verifyJSON(t)
	if v.Schema != "attn.verify/1" || !v.OK || v.Text != verifyText || len(v.Tokens) == 0 || len(v.Devices) < 2 || len(v.Checks) != 2+3*len(v.Devices) {
		t.Fatalf("got %+v", v)
	}
	if !slices.ContainsFunc(v.Absent, func(why string) bool { return strings.HasPrefix(why, "device cuda: ") }) && len(v.Devices) < 3 {
		t.Errorf("two devices, and nothing on the third: %v", v.Absent)
	}
	for _, d := range v.Devices {
		off := 0
		for _, s := range d.Steps {
			if s.Difference > 0 {
				off++
			}
		}
		// float32 and float64 can't agree in all of a pass: if they did, the
		// device would have been held against itself
		if d.First != nil || off < len(d.Steps)/2 {
			t.Errorf("%s: %d of %d steps differ from float64, first beyond %v", d.Name, off, len(d.Steps), d.First)
		}
	}
	if n := len(v.Devices) + 1; len(v.Pairs) != n*(n-1)/2 || v.Pairs[0].A != "float64" || v.Pairs[0].Difference == 0 {
		t.Errorf("pairs %+v", v.Pairs)
	}
}

func TestVerifyDefaults(t *testing.T) {
	if v := verifyJSON(t, "--device", "ref", "--context", "3"); len(v.Tokens) != 3 || v.Tokens[2].Text != " forest" || len(v.Devices) != 1 {
		t.Errorf("--context 3: %+v", v.Tokens)
	}
	if v := verifyJSON(t, "--ids", "5,9", "random"); len(v.Tokens) != 2 || v.Text != "" {
		t.Errorf("--ids: %+v", v.Tokens)
	}
	if got := spread(4, 100); !slices.Equal(got, []int32{12, 37, 62, 87}) {
		t.Errorf("ids from all over are %v", got)
	}
}

// faulty is package ref with one mistake in one op.
type faulty struct {
	*ref.Backend
	mistake string
}

func (f faulty) Name() string { return "faulty" }

func (f faulty) Softmax(x kernels.Array) kernels.Array {
	out := f.Backend.Softmax(x)
	if f.mistake == "softmax" {
		t := f.Get(out)
		t.Data[len(t.Data)-1] += 1e-3
		return f.Put(t)
	}
	return out
}

func (f faulty) Activate(x kernels.Array, a kernels.Activation) kernels.Array {
	if f.mistake == "activation" {
		a = kernels.ReLU
	}
	return f.Backend.Activate(x, a)
}

func (f faulty) Scores(q, k kernels.Array) kernels.Array {
	if f.mistake == "scores" {
		return f.Backend.Scores(k, q)
	}
	return f.Backend.Scores(q, k)
}

// TestVerifyCanFail: a device with a mistake is found, and where.
func TestVerifyCanFail(t *testing.T) {
	flags := modelFlags{Model: "story"}
	m, err := flags.open(model.Shape{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	o := verifyOptions{}
	tokens, err := o.tokens(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		mistake string
		failed  []string
		says    string
	}{
		{"", nil, ""},
		{"softmax", []string{"faulty, identities", "faulty, float64"}, "blocks.0.attn.hook_pattern"},
		{"activation", []string{"faulty, float64"}, "the first step that diverges is blocks.0.mlp.hook_post, by "},
		{"scores", []string{"faulty, float64"}, "the first step that diverges is blocks.0.attn.hook_qk, by "},
	} {
		v, err := verify(context.Background(), m, o.source.Text, tokens, []kernels.Backend{faulty{ref.New(), c.mistake}})
		if err != nil {
			t.Fatal(err)
		}
		var failed []string
		for _, check := range v.checks {
			if !check.OK {
				failed = append(failed, check.Name)
				if !strings.Contains(check.Detail, c.says) {
					t.Errorf("%s: %s: %s", c.mistake, check.Name, check.Detail)
				}
			}
		}
		if !slices.Equal(failed, c.failed) {
			t.Errorf("with a mistake in %q these fail: %v, want %v", c.mistake, failed, c.failed)
		}
		if problem := v.err(); (problem == nil) != (c.failed == nil) {
			t.Errorf("%q: %v", c.mistake, problem)
		}
		for _, p := range v.pairs {
			if p.Beyond != (c.failed != nil) {
				t.Errorf("%q: %s and %s: %+v", c.mistake, p.a, p.b, p.Distance)
			}
		}
	}
}

// TestVerifyShapes: a step whose shape is not the table's, and one that attn
// does not know, do not pass.
func TestVerifyShapes(t *testing.T) {
	blank := func(steps ...trace.Step) pass {
		return pass{"x", &trace.Trace{
			Meta:   trace.Meta{Model: trace.Model{Layers: 1, Heads: 1, KVHeads: 1, DModel: 2, DHead: 2, DVocab: 3}},
			Tokens: []trace.Token{{Text: "a"}}, Steps: steps,
		}}
	}
	right := trace.Step{Name: trace.Embed, Value: tensor.New(tensor.D(tensor.Pos, 1), tensor.D(tensor.DModel, 2))}
	wide := trace.Step{Name: trace.Embed, Value: tensor.New(tensor.D(tensor.Pos, 1), tensor.D(tensor.DModel, 3))}
	unknown := trace.Step{Name: "hook_unknown", Value: right.Value}
	if c := checkShapes(blank(right)); !c.OK {
		t.Errorf("the right shape: %s", c.Detail)
	}
	if c := checkShapes(blank(wide)); c.OK || !strings.Contains(c.Detail, "d_model") {
		t.Errorf("3 of 2 numbers: %+v", c)
	}
	if c := checkShapes(blank(unknown)); c.OK {
		t.Errorf("an unknown step: %+v", c)
	}
}

// TestRoundTripKinds: no tokenizer that attn reads fails for how it spells a
// text: with a space in front, in lower case, with unknown words.
func TestRoundTripKinds(t *testing.T) {
	f, err := os.Open("../../testdata/tokenizer/kinds.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Charsmap string
		Kinds    map[string]json.RawMessage
	}
	if err := json.NewDecoder(unzipped).Decode(&file); err != nil {
		t.Fatal(err)
	}
	if len(file.Kinds) < 8 {
		t.Fatalf("%d kinds", len(file.Kinds))
	}
	kept := 0
	for name, spec := range file.Kinds {
		spec = bytes.ReplaceAll(spec, []byte(`"precompiled_charsmap":"@"`), []byte(`"precompiled_charsmap":"`+file.Charsmap+`"`))
		tok, err := tokenizer.Parse(spec)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, text := range []string{verifyText, "The CAT, it's  déjà vu! 3.14\n\tﬁn", " leading and trailing ", "日本語 🙂", "x"} {
			detail, ok := roundTrip(tok, text)
			if !ok {
				t.Errorf("%s, %q: %s", name, text, detail)
			}
			if strings.HasSuffix(detail, "which decode to the text") {
				kept++
			}
		}
	}
	if kept < 40 {
		t.Errorf("%d texts come back as they were", kept)
	}
}

// TestRoundTripCanFail: a tokenizer whose decoder loses what its tokens hold.
func TestRoundTripCanFail(t *testing.T) {
	spec := `{"version":"1.0","added_tokens":[],"normalizer":null,"pre_tokenizer":null,"post_processor":null,
		"decoder":{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Strip","content":"a","start":0,"stop":1}]},
		"model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,
		"fuse_unk":false,"byte_fallback":false,"vocab":{"a":0,"b":1},"merges":[]}}`
	tok, err := tokenizer.Parse([]byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	if detail, ok := roundTrip(tok, "ba"); ok || !strings.Contains(detail, "decode to “b”") {
		t.Errorf("ok %v, %s", ok, detail)
	}
	if detail, ok := roundTrip(tok, "bb"); !ok {
		t.Errorf("the same without an a: %s", detail)
	}
}

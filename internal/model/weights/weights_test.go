package weights

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"attn/internal/safetensors"
	"attn/internal/tensor"
)

// parse makes a Set of tensors that a test made up.
func parse(t testing.TB, tensors ...safetensors.Tensor) *Set {
	t.Helper()
	var b bytes.Buffer
	if err := safetensors.Write(&b, nil, tensors); err != nil {
		t.Fatal(err)
	}
	s, err := Parse("made.safetensors", b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func floats(name string, shape []int, values ...float32) safetensors.Tensor {
	return safetensors.Tensor{Name: name, DType: tensor.F32, Shape: shape, Data: safetensors.Floats(values)}
}

func TestGetAndUnused(t *testing.T) {
	s := parse(t, floats("b", []int{2}, 1, -2), floats("a", nil, 3), floats("c", []int{0}))
	if diff := cmp.Diff([]string{"a", "b", "c"}, s.Names()); diff != "" {
		t.Fatal(diff)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, s.Unused()); diff != "" {
		t.Fatal(diff)
	}
	b, ok := s.Get("b")
	if !ok || b.Name != "b" || b.DType != tensor.F32 || !slices.Equal(b.Shape, []int{2}) {
		t.Fatalf("got %v %v", b, ok)
	}
	if diff := cmp.Diff([]float32{1, -2}, Floats(b)); diff != "" {
		t.Fatal(diff)
	}
	if diff := cmp.Diff([]string{"a", "c"}, s.Unused()); diff != "" {
		t.Fatal(diff)
	}
	if _, ok := s.Get("d"); ok {
		t.Fatal("got a tensor that is not there")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal("closing twice:", err)
	}
	if _, ok := s.Get("a"); ok {
		t.Fatal("a closed set hands out a tensor")
	}
}

// TestOpenOriginal opens the tiny model that, as the gpt2 repository does, has
// mask buffers of a dtype that attn does not compute with beside BF16 weights.
func TestOpenOriginal(t *testing.T) {
	s, err := Open("../../../testdata/tiny/gpt2-relu-bf16/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.CheckFinite(); err != nil {
		t.Error(err)
	}
	w, ok := s.Get("h.1.attn.c_attn.weight")
	if !ok || w.DType != tensor.BF16 || !slices.Equal(w.Shape, []int{21, 63}) || w.Supported() != nil {
		t.Errorf("got %v %v %v", w.DType, w.Shape, ok)
	}
	mask, ok := s.Get("h.1.attn.bias")
	if !ok || mask.DType != tensor.Unknown || !slices.Equal(mask.Shape, []int{1, 1, 11, 11}) || len(mask.Bytes) != 121 {
		t.Fatalf("got %v %v %v", mask.DType, mask.Shape, ok)
	}
	if Floats(mask) != nil {
		t.Error("numbers of a dtype that attn does not compute with")
	}
	want := `tensor "h.1.attn.bias" has dtype U8, which attn does not compute with`
	if err := mask.Supported(); err == nil || err.Error() != want {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
}

// TestReferencesAreCurrent compares each reference trace with the weights that
// lie there now. When it fails after a model was trained anew, run
// tools/reference/make.sh.
func TestReferencesAreCurrent(t *testing.T) {
	traces, err := filepath.Glob("../../../testdata/tiny/*/trace.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if len(traces) < 4 {
		t.Fatalf("only %d reference traces", len(traces))
	}
	for _, path := range traces {
		folder := filepath.Dir(path)
		if filepath.Base(folder) == "story" {
			folder = "../builtin/story"
		}
		weights, err := os.ReadFile(filepath.Join(folder, "model.safetensors"))
		if err != nil {
			t.Error(err)
			continue
		}
		sum := sha256.Sum256(weights)
		if want, got := hex.EncodeToString(sum[:]), metadata(t, path)["attn.weights_sha256"]; got != want {
			t.Errorf("%s was made from weights %s, there now are %s", path, got, want)
		}
	}
}

func metadata(t *testing.T, path string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := safetensors.ReadHeader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return h.Metadata
}

// TestOpenFloats compares what Open hands out, mapped, with what the reference
// implementation computed from the same weights: the embedding of token 3.
func TestOpenFloats(t *testing.T) {
	for _, model := range []string{"gpt2-odd", "gpt2-untied-f16", "gpt2-relu-bf16"} {
		t.Run(model, func(t *testing.T) {
			folder := filepath.Join("../../../testdata/tiny", model)
			s, err := Open(filepath.Join(folder, "model.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			trace, err := Open(filepath.Join(folder, "trace.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			defer trace.Close()
			wte, ok := s.Get("transformer.wte.weight")
			if !ok {
				wte, ok = s.Get("wte.weight")
			}
			embed, traced := trace.Get("hook_embed")
			if !ok || !traced {
				t.Fatal("no embedding")
			}
			const token = 3 // the first of the ids in tools/reference/tiny.py
			d := wte.Shape[1]
			if diff := cmp.Diff(Floats(embed)[:d], Floats(wte)[token*d:(token+1)*d]); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cases := []struct{ path, want string }{
		{filepath.Join(folder, "missing"), "no such file"},
		{folder, "not a regular file"},
		{write("empty", ""), "too short for a safetensors file"},
		{write("short", "abc"), "the file has 3"},
		{write("text", "not a safetensors file at all"), "header says 7021991845529153390 bytes at offset 0, the file has 29"},
	}
	for _, c := range cases {
		_, err := Open(c.path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s:\n got %v\nwant %q and the path in it", c.path, err, c.want)
		}
	}
}

func TestCheckFiniteNamesTheFirst(t *testing.T) {
	inf, nan := float32(math.Inf(-1)), float32(math.NaN())
	ones := slices.Repeat([]float32{1}, 60)
	with := func(at int, value float32) []float32 {
		values := slices.Clone(ones)
		values[at] = value
		return values
	}
	cases := []struct {
		name    string
		tensors []safetensors.Tensor
		want    string
	}{
		{"none", []safetensors.Tensor{floats("a", []int{60}, ones...)}, ""},
		{"NaN", []safetensors.Tensor{floats("a", []int{3, 4, 5}, with(37, nan)...)}, `made.safetensors: tensor "a" holds NaN at [1 3 2]`},
		{"infinity", []safetensors.Tensor{floats("a", []int{60}, with(59, inf)...)}, `made.safetensors: tensor "a" holds infinity at [59]`},
		{"scalar", []safetensors.Tensor{floats("a", nil, nan)}, `made.safetensors: tensor "a" holds NaN at []`},
		{"several", []safetensors.Tensor{floats("c", []int{60}, with(0, nan)...), floats("b", []int{60}, with(20, inf)...), floats("a", []int{60}, ones...)}, `made.safetensors: tensor "b" holds infinity at [20]`},
		{"no tensors", nil, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := parse(t, c.tensors...).CheckFinite()
			if got := errorText(err); got != c.want {
				t.Fatalf("\n got %q\nwant %q", got, c.want)
			}
		})
	}
}

// TestEightBits: the 8-bit floats of safetensors files, and one of the kinds
// that attn does not compute with.
func TestEightBits(t *testing.T) {
	eight := func(name string, dtype tensor.DType, bytes ...byte) safetensors.Tensor {
		return safetensors.Tensor{Name: name, DType: dtype, Shape: []int{len(bytes)}, Data: safetensors.Bytes(bytes)}
	}
	s := parse(t, eight("a", tensor.F8E4M3, 0x38, 0xfe), eight("b", tensor.F8E5M2, 0x3c, 0x7b), eight("c", tensor.F8E4M3, 0, 0, 0xff))
	for name, want := range map[string][]float32{"a": {1, -448}, "b": {1, 57344}} {
		got, _ := s.Get(name)
		if diff := cmp.Diff(want, Floats(got)); diff != "" || got.Supported() != nil {
			t.Errorf("%s: %s %v", name, diff, got.Supported())
		}
	}
	if got, want := errorText(s.CheckFinite()), `made.safetensors: tensor "c" holds NaN at [2]`; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

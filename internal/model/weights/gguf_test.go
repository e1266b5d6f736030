package weights

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"attn/internal/tensor"
)

// sample is a file with a value of every kind and tensors of several types.
func sample() made {
	q8 := make([]byte, 2*34)
	q8[1], q8[34+1] = 0x3c, 0x40 // 1 and 2
	q8[2+5], q8[34+2+31] = 0x81, 3
	return made{
		pairs: [][]byte{
			pair("general.architecture", kindString, text(nil, "llama")...),
			pair("u8", kindU8, 200), pair("i8", kindI8, 0xff),
			pair("u16", kindU16, 0xff, 0xff), pair("i16", kindI16, 0xfe, 0xff),
			pair("u32", kindU32, u32(nil, math.MaxUint32)...), pair("i32", kindI32, u32(nil, math.MaxUint32-2)...),
			pair("u64", kindU64, u64(nil, 1<<40)...), pair("i64", kindI64, u64(nil, math.MaxUint64-3)...),
			pair("huge", kindU64, u64(nil, math.MaxUint64)...),
			pair("f32", kindF32, f32bytes(1.5)...), pair("f64", kindF64, u64(nil, math.Float64bits(math.Pi))...),
			pair("yes", kindBool, 1), pair("no", kindBool, 0),
			words("tokens", "a", "", "\xff\x00", "zz"), words("none"),
			array("heads", kindI32, 3, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 3, 0, 0, 0),
			array("wide", kindU64, 2, u64(u64(nil, 7), 1<<63)...),
			array("scores", kindF32, 2, f32bytes(0.5, -2)...),
			array("doubles", kindF64, 1, u64(nil, math.Float64bits(0.1))...),
			array("flags", kindBool, 3, 1, 0, 1),
			array("map", kindU8, 3, 1, 2, 255), array("signed", kindI8, 2, 1, 0xff),
		},
		tensors: []madeTensor{
			{name: "norm", dims: []uint64{3}, kind: 0, data: f32bytes(1, 2, 3)},
			{name: "matrix", dims: []uint64{2, 3}, kind: 0, data: f32bytes(1, 2, 3, 4, 5, 6)},
			{name: "quantised", dims: []uint64{32, 2}, kind: 8, data: q8},
			{name: "experts", dims: []uint64{1, 2, 3, 1}, kind: 30, data: make([]byte, 12)},
			{name: "scalar", kind: 1, data: []byte{0, 0x3c}},
			{name: "empty", dims: []uint64{0, 4}, kind: 0},
			{name: "other", dims: []uint64{256}, kind: 16, data: make([]byte, 66)},
		},
	}
}

func parseMade(t testing.TB, m made) *GGUF {
	t.Helper()
	g, err := ParseGGUF("made.gguf", m.bytes())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGGUFTensors(t *testing.T) {
	for _, version := range []uint32{2, 3} {
		m := sample()
		m.version = version
		g := parseMade(t, m)
		if g.Version != int(version) {
			t.Errorf("version %d", g.Version)
		}
		want := []struct {
			name  string
			dtype tensor.DType
			shape []int
		}{
			{"norm", tensor.F32, []int{3}},
			{"matrix", tensor.F32, []int{3, 2}},
			{"quantised", tensor.Q8_0, []int{2, 32}},
			{"experts", tensor.BF16, []int{1, 3, 2, 1}},
			{"scalar", tensor.F16, []int{}},
			{"empty", tensor.F32, []int{4, 0}},
			{"other", tensor.Unknown, []int{256}},
		}
		for i, w := range want {
			got, ok := g.Tensors.Get(w.name)
			if !ok || got.DType != w.dtype || !slices.Equal(got.Shape, w.shape) {
				t.Errorf("%s: got %v %v %v", w.name, got.DType, got.Shape, ok)
			}
			if !bytes.Equal(got.Bytes, m.tensors[i].data) {
				t.Errorf("%s: %d bytes, want %d", w.name, len(got.Bytes), len(m.tensors[i].data))
			}
		}
		matrix, _ := g.Tensors.Get("matrix")
		if diff := cmp.Diff([]float32{1, 2, 3, 4, 5, 6}, Floats(matrix)); diff != "" {
			t.Error(diff)
		}
		quantised, _ := g.Tensors.Get("quantised")
		if got := Floats(quantised); len(got) != 64 || got[5] != -127 || got[63] != 6 {
			t.Errorf("got %v", got)
		}
		other, _ := g.Tensors.Get("other")
		if err := other.Supported(); err == nil || err.Error() != `tensor "other" has dtype IQ2_XXS, which attn does not compute with` {
			t.Error(err)
		}
		if size := g.Tensors.Size(); size != 12+24+68+12+2+66 {
			t.Errorf("size %d", size)
		}
		if err := g.Close(); err != nil || g.Has("u8") || len(g.Tensors.Names()) > 0 {
			t.Error("something is left after Close", err)
		}
	}
}

func TestGGUFValues(t *testing.T) {
	g := parseMade(t, sample())
	ints := map[string]int64{"u8": 200, "i8": -1, "u16": 65535, "i16": -2, "u32": math.MaxUint32, "i32": -3, "u64": 1 << 40, "i64": -4}
	for key, want := range ints {
		if got, err := g.Int(key); got != want || err != nil {
			t.Errorf("Int(%s) = %d, %v", key, got, err)
		}
		got, err := g.Uint(key)
		if want >= 0 && (got != uint64(want) || err != nil) {
			t.Errorf("Uint(%s) = %d, %v", key, got, err)
		}
		if want < 0 && errorText(err) != fmt.Sprintf("%q is %d, which is negative", key, want) {
			t.Errorf("Uint(%s) = %d, %v", key, got, err)
		}
	}
	equal(t, g.Float, "f32", 1.5)
	equal(t, g.Float, "f64", math.Pi)
	equal(t, g.Bool, "yes", true)
	equal(t, g.Bool, "no", false)
	equal(t, g.String, "general.architecture", "llama")
	equal(t, g.Strings, "tokens", []string{"a", "", "\xff\x00", "zz"})
	equal(t, g.Strings, "none", []string{})
	equal(t, g.Ints, "heads", []int64{1, -1, 3})
	equal(t, g.Ints, "map", []int64{1, 2, 255})
	equal(t, g.Floats, "scores", []float64{0.5, -2})
	equal(t, g.Floats, "doubles", []float64{0.1})
	equal(t, g.Bools, "flags", []bool{true, false, true})
	equal(t, g.Bytes, "map", []byte{1, 2, 255})
	equal(t, g.Bytes, "signed", []byte{1, 255})

	if got := g.Keys(); len(got) != 23 || got[0] != "general.architecture" || got[22] != "signed" {
		t.Errorf("keys %v", got)
	}
	for key, want := range map[string]string{"u8": "u8", "tokens": "array of 4 string", "missing": ""} {
		if got := g.Kind(key); got != want {
			t.Errorf("Kind(%s) = %q", key, got)
		}
	}
	if !g.Has("u8") || g.Has("missing") || !g.IsArray("heads") || g.IsArray("u8") || g.IsArray("missing") {
		t.Error("Has or IsArray")
	}
}

func equal[T any](t *testing.T, get func(string) (T, error), key string, want T) {
	t.Helper()
	got, err := get(key)
	if err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s", key, diff)
	}
}

// TestGGUFWrongKind asks every accessor for every key: it answers only for the
// kinds that it is for, and says what it found instead.
func TestGGUFWrongKind(t *testing.T) {
	g := parseMade(t, sample())
	whole := []string{"u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64"}
	cases := map[string]struct {
		get  func(key string) error
		fits []string
		want string
	}{
		"Int":     {func(k string) error { _, err := g.Int(k); return err }, whole, "a whole number"},
		"Uint":    {func(k string) error { _, err := g.Uint(k); return err }, []string{"u8", "u16", "u32", "u64"}, "a whole number"},
		"Float":   {func(k string) error { _, err := g.Float(k); return err }, []string{"f32", "f64"}, "a floating-point number"},
		"Bool":    {func(k string) error { _, err := g.Bool(k); return err }, []string{"yes", "no"}, "a bool"},
		"String":  {func(k string) error { _, err := g.String(k); return err }, []string{"general.architecture"}, "a string"},
		"Ints":    {func(k string) error { _, err := g.Ints(k); return err }, []string{"heads", "map", "signed"}, "an array of whole numbers"},
		"Floats":  {func(k string) error { _, err := g.Floats(k); return err }, []string{"scores", "doubles"}, "an array of floating-point numbers"},
		"Bools":   {func(k string) error { _, err := g.Bools(k); return err }, []string{"flags"}, "an array of bools"},
		"Bytes":   {func(k string) error { _, err := g.Bytes(k); return err }, []string{"map", "signed"}, "an array of bytes"},
		"Strings": {func(k string) error { _, err := g.Strings(k); return err }, []string{"tokens", "none"}, "an array of strings"},
	}
	special := []string{"huge", "wide", "i8", "i16", "i32", "i64"} // their numbers do not fit, or are negative
	for name, c := range cases {
		for _, key := range g.Keys() {
			err := c.get(key)
			if fits := slices.Contains(c.fits, key); fits != (err == nil) {
				t.Errorf("%s(%s): %v", name, key, err)
			}
			want := fmt.Sprintf("%q is of type %s, not %s", key, g.Kind(key), c.want)
			if err != nil && err.Error() != want && !slices.Contains(special, key) {
				t.Errorf("%s(%s):\n got %v\nwant %s", name, key, err, want)
			}
		}
		if err := c.get("missing"); errorText(err) != `the key "missing" is missing` {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := g.Int("huge"); errorText(err) != `"huge" is 18446744073709551615, which is too large` {
		t.Error(err)
	}
	if _, err := g.Ints("wide"); errorText(err) != `"wide"[1] is 9223372036854775808, which is too large` {
		t.Error(err)
	}
}

func TestGGUFNarrowArrays(t *testing.T) {
	long := maxNarrow + 1
	g := parseMade(t, made{pairs: [][]byte{
		array("long", kindI8, uint64(long), make([]byte, long)...),
		array("words", kindI32, uint64(long), make([]byte, 4*long)...),
	}})
	if _, err := g.Ints("long"); errorText(err) != `"long" has 1048577 numbers, the limit is 1048576` {
		t.Error(err)
	}
	if got, err := g.Ints("words"); len(got) != long || err != nil {
		t.Error(len(got), err)
	}
}

// TestGGUFEnds: writers differ in whether they pad what comes last.
func TestGGUFEnds(t *testing.T) {
	three := []madeTensor{{name: "a", dims: []uint64{3}, data: f32bytes(1, 2, 3)}}
	for name, m := range map[string]made{
		"nothing":              {},
		"no tensors, padded":   {afterwards: 8},
		"padded":               {tensors: three},
		"not padded":           {tensors: three, noPadding: true},
		"partly padded":        {tensors: three, noPadding: true, afterwards: 7},
		"alignment 8":          {tensors: three, alignment: 8, pairs: [][]byte{pair(alignmentKey, kindU32, 8, 0, 0, 0)}},
		"alignment 1":          {tensors: three, alignment: 1, pairs: [][]byte{pair(alignmentKey, kindU32, 1, 0, 0, 0)}},
		"alignment 4096":       {tensors: three, alignment: 4096, pairs: [][]byte{pair(alignmentKey, kindU32, 0, 16, 0, 0)}},
		"an empty tensor last": {tensors: append(three, madeTensor{name: "b", dims: []uint64{0}})},
	} {
		t.Run(name, func(t *testing.T) {
			g := parseMade(t, m)
			a, ok := g.Tensors.Get("a")
			if ok != (len(m.tensors) > 0) || ok && !slices.Equal(Floats(a), []float32{1, 2, 3}) {
				t.Errorf("got %v %v", ok, Floats(a))
			}
		})
	}
}

// TestOpenGGUFReadsNoData opens a file whose data is beyond its end: what would
// touch it faults. That the header alone is read is why a large model starts at
// once.
func TestOpenGGUFReadsNoData(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a mapped file cannot be cut short")
	}
	const numbers = 1 << 18
	file := made{
		alignment: 1 << 16,
		pairs:     [][]byte{pair(alignmentKey, kindU32, 0, 0, 1, 0)},
		tensors:   []madeTensor{{name: "w", dims: []uint64{numbers}, data: make([]byte, 4*numbers)}},
	}.bytes()
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := mapFile(path, path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.unmap()
	if err := os.Truncate(path, 1<<16); err != nil {
		t.Fatal(err)
	}
	if err := tensor.Guard(func() error {
		_, err := ParseGGUF(path, m.data)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestOpenGGUF(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "model.gguf")
	if err := os.WriteFile(path, sample().bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := OpenGGUF(path)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, g.String, "general.architecture", "llama")
	if err := g.Tensors.CheckFinite(); err != nil {
		t.Error(err)
	}
	if err := g.Tensors.Changed(); err != nil {
		t.Error(err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{"missing": "no such file", "": "not a regular file"} {
		if _, err := OpenGGUF(filepath.Join(folder, name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	broken := filepath.Join(folder, "broken.gguf")
	if err := os.WriteFile(broken, []byte("GGUF"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenGGUF(broken); err == nil || !strings.HasPrefix(err.Error(), broken+": the file is cut short") {
		t.Error(err)
	}
}

// TestGGUFNonFinite: a quantised tensor's scales are checked.
func TestGGUFNonFinite(t *testing.T) {
	m := sample()
	m.tensors[2].data[34], m.tensors[2].data[35] = 0, 0x7e
	want := `made.gguf: tensor "quantised" holds NaN at [1 0]`
	if err := parseMade(t, m).Tensors.CheckFinite(); errorText(err) != want {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
}

// BenchmarkParseGGUF reads the header of a file with as many tokens and merges
// as Gemma 3's, and hands out the tokens.
func BenchmarkParseGGUF(b *testing.B) {
	const tokens, merges = 262144, 514906
	m := made{pairs: [][]byte{
		words("tokens", slices.Repeat([]string{"▁token"}, tokens)...),
		words("merges", slices.Repeat([]string{"▁to ken"}, merges)...),
		array("scores", kindF32, tokens, make([]byte, 4*tokens)...),
	}}
	for i := range 236 {
		m.tensors = append(m.tensors, madeTensor{name: fmt.Sprint("blk.", i), dims: []uint64{256}, kind: 12, data: make([]byte, 144)})
	}
	file := m.bytes()
	b.Run("header", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		b.ReportAllocs()
		for b.Loop() {
			parseBytes(b, file)
		}
	})
	b.Run("tokens", func(b *testing.B) {
		g := parseBytes(b, file)
		b.ReportAllocs()
		for b.Loop() {
			if words, err := g.Strings("tokens"); err != nil || len(words) != tokens {
				b.Fatal(err)
			}
		}
	})
}

func parseBytes(b *testing.B, file []byte) *GGUF {
	b.Helper()
	g, err := ParseGGUF("made.gguf", file)
	if err != nil {
		b.Fatal(err)
	}
	return g
}

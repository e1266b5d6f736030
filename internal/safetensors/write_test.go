package safetensors

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"attn/internal/tensor"
)

// TestRoundTrip writes files of any shape and reads back what was written.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		metadata := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "metadata")
		tensors, data := drawTensors(t)
		file := writeFile(t, metadata, tensors)

		h, err := ReadHeader(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		if len(metadata) > 0 || len(h.Metadata) > 0 {
			if diff := cmp.Diff(metadata, h.Metadata); diff != "" {
				t.Fatal(diff)
			}
		}
		if len(h.Tensors) != len(tensors) {
			t.Fatalf("%d tensors went in, %d came out", len(tensors), len(h.Tensors))
		}
		if h.DataStart%8 != 0 {
			t.Fatalf("the buffer begins at %d, which is not aligned", h.DataStart)
		}
		for _, info := range h.Tensors {
			checkTensorCameBack(t, info, tensors, file[h.DataStart+info.Begin:h.DataStart+info.End], data[info.Name], h.DataStart)
		}
	})
}

func drawTensors(t *rapid.T) ([]Tensor, map[string][]byte) {
	names := rapid.SliceOfNDistinct(rapid.String().Filter(func(s string) bool { return s != metadataKey }), 0, 6, rapid.ID).Draw(t, "names")
	data := map[string][]byte{}
	var tensors []Tensor
	for _, name := range names {
		dtype := rapid.SampledFrom([]tensor.DType{tensor.F32, tensor.F16, tensor.BF16}).Draw(t, "dtype")
		shape := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 4).Draw(t, "shape")
		n := dtype.Bytes(1)
		for _, size := range shape {
			n *= size
		}
		data[name] = rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "data")
		tensors = append(tensors, Tensor{Name: name, DType: dtype, Shape: shape, Data: Bytes(data[name])})
	}
	return tensors, data
}

func checkTensorCameBack(t *rapid.T, info Info, tensors []Tensor, got, want []byte, start int64) {
	for _, in := range tensors {
		if in.Name != info.Name {
			continue
		}
		if in.DType.String() != info.DType || !cmp.Equal(append([]int{}, in.Shape...), info.Shape) {
			t.Fatalf("%q went in as %v %v, came out as %v %v", in.Name, in.DType, in.Shape, info.DType, info.Shape)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%q came out with other bytes", in.Name)
		}
		if (start+info.Begin)%int64(in.DType.Bytes(1)) != 0 {
			t.Fatalf("%q lies at %d, which is not aligned for %v", in.Name, start+info.Begin, in.DType)
		}
		return
	}
	t.Fatalf("%q came out and never went in", info.Name)
}

type fataler interface {
	Helper()
	Fatal(...any)
}

func writeFile(t fataler, metadata map[string]string, tensors []Tensor) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, metadata, tensors); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestWriteIsDeterministic: the order of the arguments does not matter, and
// neither does a map's.
func TestWriteIsDeterministic(t *testing.T) {
	metadata := map[string]string{"b": "<2>", "a": "1", "c": "3", "d": "4"}
	one := Tensor{Name: "one", DType: tensor.F16, Shape: []int{3}, Data: Bytes(make([]byte, 6))}
	two := Tensor{Name: "two", DType: tensor.F32, Data: Floats([]float32{1.5})}
	three := Tensor{Name: "three", DType: tensor.F32, Shape: []int{0}, Data: Bytes(nil)}
	want := `{"__metadata__":{"a":"1","b":"<2>","c":"3","d":"4"},` +
		`"three":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},` +
		`"two":{"dtype":"F32","shape":[],"data_offsets":[0,4]},` +
		`"one":{"dtype":"F16","shape":[3],"data_offsets":[4,10]}}`
	for len(want)%8 != 0 {
		want += " "
	}
	data := "\x00\x00\xc0\x3f" + "\x00\x00\x00\x00\x00\x00"
	for _, tensors := range [][]Tensor{{one, two, three}, {three, two, one}, {two, one, three}} {
		got := string(writeFile(t, metadata, tensors))
		if diff := cmp.Diff(string(prefix(uint64(len(want)), want+data)), got); diff != "" {
			t.Fatal(diff)
		}
	}
}

// TestFloatsLong crosses the ends of the buffer that Floats streams through.
func TestFloatsLong(t *testing.T) {
	values := make([]float32, 5000)
	for i := range values {
		values[i] = float32(i) - 0.25
	}
	var b bytes.Buffer
	if err := Floats(values)(&b); err != nil {
		t.Fatal(err)
	}
	back := make([]float32, len(values))
	tensor.Decode(back, tensor.F32, b.Bytes())
	if b.Len() != 4*len(values) || !cmp.Equal(values, back) {
		t.Fatal("other values came back")
	}
}

func TestWriteRefuses(t *testing.T) {
	ok := Bytes(make([]byte, 4))
	failing := func(io.Writer) error { return io.ErrClosedPipe }
	cases := []struct {
		name     string
		metadata map[string]string
		tensors  []Tensor
		want     string
	}{
		{"a name twice", nil, []Tensor{{"a", tensor.F32, nil, ok}, {"a", tensor.F16, []int{2}, ok}}, `two tensors are named "a"`},
		{"the reserved name", nil, []Tensor{{metadataKey, tensor.F32, nil, ok}}, "cannot be a tensor's name"},
		{"a name that is not UTF-8", nil, []Tensor{{"\xff", tensor.F32, nil, ok}}, "cannot be a tensor's name"},
		{"a long name", nil, []Tensor{{strings.Repeat("n", maxName+1), tensor.F32, nil, ok}}, "cannot be a tensor's name"},
		{"no dtype", nil, []Tensor{{"a", tensor.Unknown, nil, ok}}, `tensor "a": unknown dtype`},
		{"no data", nil, []Tensor{{"a", tensor.F32, nil, nil}}, `tensor "a" has no data`},
		{"a negative size", nil, []Tensor{{"a", tensor.F32, []int{-1}, ok}}, `tensor "a" has the shape [-1]`},
		{"many dimensions", nil, []Tensor{{"a", tensor.F32, make([]int, maxDims+1), ok}}, "33 dimensions"},
		{"an overflow", nil, []Tensor{{"a", tensor.F32, []int{1 << 40, 1 << 40}, ok}}, "overflows"},
		{"an overflow in sum", nil, []Tensor{{"a", tensor.F32, []int{1 << 58}, ok}, {"b", tensor.F32, []int{1 << 58}, ok}, {"c", tensor.F32, []int{1 << 58}, ok}, {"d", tensor.F32, []int{1 << 58}, ok}, {"e", tensor.F32, []int{1 << 58}, ok}, {"f", tensor.F32, []int{1 << 58}, ok}, {"g", tensor.F32, []int{1 << 58}, ok}, {"h", tensor.F32, []int{1 << 58}, ok}}, "overflow"},
		{"too little data", nil, []Tensor{{"a", tensor.F32, []int{2}, ok}}, `tensor "a" wrote 4 bytes, F32 [2] takes 8`},
		{"too much data", nil, []Tensor{{"a", tensor.F16, []int{1}, ok}}, `tensor "a" wrote 4 bytes, F16 [1] takes 2`},
		{"data that fails", nil, []Tensor{{"a", tensor.F32, nil, failing}}, io.ErrClosedPipe.Error()},
		{"metadata that is not UTF-8", map[string]string{"a": "\xff"}, nil, `the metadata "a" is not UTF-8`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := Write(io.Discard, c.metadata, c.tensors)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("\n got %v\nwant %q in it", err, c.want)
			}
		})
	}
}

// TestWriteFails: an error of the writer comes back, wherever it happens.
func TestWriteFails(t *testing.T) {
	data := make([]byte, 1<<18)
	tensors := []Tensor{{"a", tensor.F32, []int{1 << 16}, Bytes(data)}}
	size := len(writeFile(t, nil, tensors))
	for _, room := range []int{0, 7, 100, 1 << 17, size - 1} {
		if err := Write(&limited{room}, nil, tensors); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("room for %d of %d bytes: %v", room, size, err)
		}
	}
	if err := Write(&limited{size}, nil, tensors); err != nil {
		t.Error(err)
	}
}

// limited is a disk with little room left.
type limited struct{ room int }

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.room)
	l.room -= n
	if n < len(p) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

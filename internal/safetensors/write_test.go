package safetensors

import (
	"bytes"
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

package samples

import (
	"math"
	"testing"

	"attn/internal/tensor"
)

func TestTheSameNumbersEveryTime(t *testing.T) {
	shape := tensor.D(tensor.DModel, 1000)
	a, b, other := New(1, 2).Normal(shape), New(1, 2).Normal(shape), New(1, 3).Normal(shape)
	mean, squares := 0.0, 0.0
	for i, v := range a.Data {
		if v != b.Data[i] {
			t.Fatalf("number %d is %v, then %v", i, v, b.Data[i])
		}
		mean += float64(v) / 1000
		squares += float64(v) * float64(v) / 1000
	}
	if math.Abs(mean) > 0.2 || math.Abs(squares-1) > 0.2 {
		t.Errorf("mean %v, variance %v", mean, squares)
	}
	if a.Data[0] == other.Data[0] {
		t.Error("another stream begins alike")
	}
}

// TestStore: what is stored is what would have been drawn, as far as the type
// can hold it.
func TestStore(t *testing.T) {
	want := New(4, 1).Normal(tensor.D(tensor.One, 1)).Data[0]
	for d, allowed := range map[tensor.DType]float32{tensor.F32: 0, tensor.BF16: 1.0 / 128} {
		to, got := make([]byte, 4), make([]float32, 1)
		if !New(4, 1).Store(to, d) {
			t.Errorf("%s: nothing was stored", d)
		}
		tensor.Decode(got, d, to)
		if off := (got[0] - want) / want; off > allowed || off < -allowed {
			t.Errorf("%s: %v of %v", d, got[0], want)
		}
	}
	if New(4, 1).Store(make([]byte, 4), tensor.F16) {
		t.Error("F16 was stored")
	}
}

package weights

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"attn/internal/safetensors"
	"attn/internal/tensor"
)

func computedTypes() []tensor.DType { return []tensor.DType{tensor.F32, tensor.F16, tensor.BF16} }

// slowNonFinite is firstNonFinite as one would write it first.
func slowNonFinite(d tensor.DType, data []byte) int {
	values := make([]float32, len(data)/d.Bytes(1))
	tensor.Decode(values, d, data)
	for i, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return i
		}
	}
	return -1
}

// TestEveryHalf tries every 16-bit pattern, in lanes that take turns, between
// neighbours with all bits set but one exponent bit, which a carry would disturb.
func TestEveryHalf(t *testing.T) {
	largest := map[tensor.DType]uint16{tensor.F16: 0xfbff, tensor.BF16: 0xff7f}
	for dtype, neighbour := range largest {
		for bits := range 1 << 16 {
			lane := bits % 20 // a block has 16: the end that fills none has its turn
			data := bytes.Repeat([]byte{byte(neighbour), byte(neighbour >> 8)}, 20)
			data[2*lane], data[2*lane+1] = byte(bits), byte(bits>>8)
			if got, want := firstNonFinite(dtype, data), slowNonFinite(dtype, data); got != want {
				t.Fatalf("%v %#04x in lane %d: got %d, want %d", dtype, bits, lane, got, want)
			}
		}
	}
}

// TestSameAsSlow draws data in which infinities and their neighbours are common.
func TestSameAsSlow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dtype := rapid.SampledFrom(computedTypes()).Draw(t, "dtype")
		odd := rapid.SampledFrom([]byte{0x00, 0x7b, 0x7c, 0x7f, 0x80, 0xff})
		data := rapid.SliceOfN(rapid.OneOf(odd, rapid.Byte()), 0, 200).Draw(t, "data")
		data = data[:len(data)-len(data)%dtype.Bytes(1)]
		if got, want := firstNonFinite(dtype, data), slowNonFinite(dtype, data); got != want {
			t.Fatalf("got %d, want %d", got, want)
		}
	})
}

// TestEveryPlace puts one bad number at each place of otherwise finite data.
func TestEveryPlace(t *testing.T) {
	for _, dtype := range computedTypes() {
		width := dtype.Bytes(1)
		for n := range 70 {
			for at := range n {
				data := make([]byte, n*width)
				data[at*width+width-1] = 0x7f // the exponent's upper bits ...
				data[at*width+width-2] = 0xff // ... and its lower ones
				if got := firstNonFinite(dtype, data); got != at {
					t.Fatalf("%v, %d numbers, a bad one at %d: got %d", dtype, n, at, got)
				}
			}
			if got := firstNonFinite(dtype, make([]byte, n*width)); got != -1 {
				t.Fatalf("%v, %d zeros: got %d", dtype, n, got)
			}
		}
	}
}

func FuzzFirstNonFinite(f *testing.F) {
	f.Add(uint8(0), []byte{0, 0, 0x80, 0x7f})
	f.Add(uint8(1), bytes.Repeat([]byte{0xff, 0x7b}, 40))
	f.Add(uint8(2), bytes.Repeat([]byte{0x7f, 0xff}, 40))
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		types := computedTypes()
		dtype := types[int(which)%len(types)]
		data = data[:len(data)-len(data)%dtype.Bytes(1)]
		if got, want := firstNonFinite(dtype, data), slowNonFinite(dtype, data); got != want {
			t.Fatalf("%v: got %d, want %d", dtype, got, want)
		}
	})
}

// FuzzParse looks for panics in what comes after the header: whatever Parse
// accepts, every tensor of it can be asked for, decoded and checked.
func FuzzParse(f *testing.F) {
	var b bytes.Buffer
	err := safetensors.Write(&b, nil, []safetensors.Tensor{
		{Name: "a", DType: tensor.F32, Shape: []int{2}, Data: safetensors.Floats([]float32{1, float32(math.NaN())})},
		{Name: "b", DType: tensor.F16, Shape: []int{1, 1}, Data: safetensors.Bytes([]byte{0, 0x7c})},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("fuzz", data)
		if err != nil {
			return
		}
		finite := true
		for _, name := range s.Names() {
			tensor, _ := s.Get(name)
			if (Floats(tensor) == nil) != (tensor.Supported() != nil) {
				t.Fatalf("%q: decoded and supported disagree", name)
			}
			for _, v := range Floats(tensor) {
				finite = finite && !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0)
			}
		}
		if len(s.Unused()) > 0 {
			t.Fatal("unused after all were used")
		}
		if (s.CheckFinite() == nil) != finite {
			t.Fatalf("finite %v, but CheckFinite says %v", finite, s.CheckFinite())
		}
	})
}

// BenchmarkCheckFinite checks as many numbers as the built-in model has.
func BenchmarkCheckFinite(b *testing.B) {
	for _, dtype := range computedTypes() {
		b.Run(fmt.Sprint(dtype), func(b *testing.B) {
			const layers, n = 12, 200_000
			var tensors []safetensors.Tensor
			for i := range layers {
				tensors = append(tensors, safetensors.Tensor{
					Name: fmt.Sprint(i), DType: dtype, Shape: []int{n}, Data: safetensors.Bytes(make([]byte, dtype.Bytes(n))),
				})
			}
			s := parse(b, tensors...)
			b.SetBytes(int64(layers * dtype.Bytes(n)))
			for b.Loop() {
				if err := s.CheckFinite(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

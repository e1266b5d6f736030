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

// plainTypes are those of which every number has its own place.
func plainTypes() []tensor.DType {
	return []tensor.DType{tensor.F32, tensor.F16, tensor.BF16, tensor.F8E4M3, tensor.F8E5M2}
}

// whole cuts data to a whole number of a type's blocks.
func whole(d tensor.DType, data []byte) []byte {
	_, bytes := d.Block()
	return data[:len(data)-len(data)%bytes]
}

// slowNonFinite is firstNonFinite as one would write it first.
func slowNonFinite(d tensor.DType, data []byte) int {
	values := make([]float32, elements(d, data))
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
		dtype := rapid.SampledFrom(tensor.DTypes()).Draw(t, "dtype")
		odd := rapid.SampledFrom([]byte{0x00, 0x7b, 0x7c, 0x7f, 0x80, 0xff})
		_, bytes := dtype.Block()
		data := rapid.SliceOfN(rapid.OneOf(odd, rapid.Byte()), 0, max(200, 3*bytes)).Draw(t, "data")
		data = whole(dtype, data)
		if got, want := firstNonFinite(dtype, data), slowNonFinite(dtype, data); got != want {
			t.Fatalf("got %d, want %d", got, want)
		}
	})
}

// TestEveryPlace puts one bad number at each place of otherwise finite data.
func TestEveryPlace(t *testing.T) {
	for _, dtype := range plainTypes() {
		width := dtype.Bytes(1)
		for n := range 70 {
			for at := range n {
				data := make([]byte, n*width)
				data[at*width+width-1] = 0x7f // the exponent's upper bits ...
				if width > 1 {
					data[at*width+width-2] = 0xff // ... and its lower ones
				}
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

// TestEvery8Bits tries every 8-bit pattern, in lanes that take turns, between
// neighbours with all bits set that a number may have, which a carry would
// disturb.
func TestEvery8Bits(t *testing.T) {
	largest := map[tensor.DType]byte{tensor.F8E4M3: 0xfe, tensor.F8E5M2: 0xfb}
	for dtype, neighbour := range largest {
		for lane := range 40 {
			for bits := range 256 {
				data := bytes.Repeat([]byte{neighbour}, 40)
				data[lane] = byte(bits)
				if got, want := firstNonFinite(dtype, data), slowNonFinite(dtype, data); got != want {
					t.Fatalf("%v %#02x in lane %d: got %d, want %d", dtype, bits, lane, got, want)
				}
			}
		}
	}
}

// TestEveryScale puts every binary16 at every place of a scale in the middle
// one of three blocks whose other bytes are all ones, but their scales.
func TestEveryScale(t *testing.T) {
	for _, dtype := range tensor.DTypes() {
		elements, size := dtype.Block()
		for _, at := range scalesOf(dtype) {
			data := bytes.Repeat([]byte{0xff}, 3*size)
			for block := range 3 {
				for _, other := range scalesOf(dtype) {
					copy(data[block*size+other:], []byte{0xff, 0x7b}) // 65504, the largest
				}
			}
			if got := slowNonFinite(dtype, data); got != -1 {
				t.Fatalf("%v: number %d of finite scales is not finite", dtype, got)
			}
			for bits := range 1 << 16 {
				data[size+at], data[size+at+1] = byte(bits), byte(bits>>8)
				want := -1
				if bits&0x7c00 == 0x7c00 {
					want = elements
				}
				if got := firstNonFinite(dtype, data); got != want {
					t.Fatalf("%v, scale %#04x at %d: got %d, want %d", dtype, bits, at, got, want)
				}
				if bits&0x3ff == 1 && slowNonFinite(dtype, data) != want {
					t.Fatalf("%v, scale %#04x at %d: the numbers say otherwise", dtype, bits, at)
				}
			}
		}
	}
}

// TestEveryExponent: MXFP4's scales have 8 bits, and numbers overflow.
func TestEveryExponent(t *testing.T) {
	for e := range 256 {
		for q := range 256 {
			data := make([]byte, 3*17)
			data[17], data[17+9] = byte(e), byte(q)
			if got, want := firstNonFinite(tensor.MXFP4, data), slowNonFinite(tensor.MXFP4, data); got != want {
				t.Fatalf("exponent %d, numbers %#02x: got %d, want %d", e, q, got, want)
			}
		}
	}
}

// TestEarlierScale: of two bad scales, the second of the first block counts.
func TestEarlierScale(t *testing.T) {
	data := make([]byte, 3*84)
	data[2*84+81] = 0x7c // d of the last block
	data[1*84+83] = 0x7c // dmin of the one before
	if got := firstNonFinite(tensor.Q2_K, data); got != 256 {
		t.Errorf("got %d, want 256", got)
	}
}

func FuzzFirstNonFinite(f *testing.F) {
	f.Add(uint8(0), []byte{0, 0, 0x80, 0x7f})
	f.Add(uint8(1), bytes.Repeat([]byte{0xff, 0x7b}, 40))
	f.Add(uint8(2), bytes.Repeat([]byte{0x7f, 0xff}, 40))
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		types := tensor.DTypes()
		dtype := types[int(which)%len(types)]
		data = whole(dtype, data)
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
	for _, dtype := range tensor.DTypes() {
		b.Run(fmt.Sprint(dtype), func(b *testing.B) {
			const layers, n = 12, 200_192
			s := newSet()
			for i := range layers {
				err := s.put("made", Tensor{Name: fmt.Sprint(i), DType: dtype, Shape: []int{n}, Bytes: make([]byte, dtype.Bytes(n))})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(layers * dtype.Bytes(n)))
			for b.Loop() {
				if err := s.CheckFinite(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

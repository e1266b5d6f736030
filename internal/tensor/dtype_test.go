package tensor

import (
	"encoding/binary"
	"math"
	"testing"
)

// half is what a binary16 number means, from the standard's formula in
// float64; HalfToFloat moves bits instead.
func half(h uint16) float64 {
	sign := math.Pow(-1, float64(h>>15))
	exponent, fraction := int(h>>10)&31, float64(h&1023)/1024
	switch {
	case exponent == 31 && fraction == 0:
		return sign * math.Inf(1)
	case exponent == 31:
		return math.NaN()
	case exponent == 0:
		return math.Copysign(math.Ldexp(fraction, -14), sign)
	}
	return sign * math.Ldexp(1+fraction, exponent-15)
}

// same compares bits, so that -0 is not 0; any NaN is any other.
func same(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}

func TestHalfToFloatEveryValue(t *testing.T) {
	for bits := range 1 << 16 {
		h := uint16(bits)
		if got, want := float64(HalfToFloat(h)), half(h); !same(got, want) {
			t.Fatalf("%#04x: got %v, want %v", h, got, want)
		}
	}
}

// TestHalfKnownValues pins the formula that the test above trusts.
func TestHalfKnownValues(t *testing.T) {
	cases := []struct {
		bits uint16
		want float64
	}{
		{0x0000, 0},
		{0x8000, math.Copysign(0, -1)},
		{0x0001, 5.960464477539063e-08}, // the smallest
		{0x03ff, 6.097555160522461e-05}, // the largest subnormal
		{0x0400, 6.103515625e-05},       // the smallest normal
		{0x3555, 0.333251953125},
		{0x3c00, 1},
		{0xc000, -2},
		{0x7bff, 65504},
		{0x7c00, math.Inf(1)},
		{0xfc00, math.Inf(-1)},
		{0x7e00, math.NaN()},
	}
	for _, c := range cases {
		if got := float64(HalfToFloat(c.bits)); !same(got, c.want) {
			t.Errorf("HalfToFloat(%#04x) = %v, want %v", c.bits, got, c.want)
		}
	}
}

// bfloat is what a bfloat16 number means: 8 bits of exponent, 7 of fraction.
func bfloat(b uint16) float64 {
	sign := math.Pow(-1, float64(b>>15))
	exponent, fraction := int(b>>7)&255, float64(b&127)/128
	switch {
	case exponent == 255 && fraction == 0:
		return sign * math.Inf(1)
	case exponent == 255:
		return math.NaN()
	case exponent == 0:
		return math.Copysign(math.Ldexp(fraction, -126), sign)
	}
	return sign * math.Ldexp(1+fraction, exponent-127)
}

// TestDecodeEvery16Bits decodes every pattern of both 16-bit types at once.
func TestDecodeEvery16Bits(t *testing.T) {
	src := make([]byte, 0, 2<<16)
	for bits := range 1 << 16 {
		src = binary.LittleEndian.AppendUint16(src, uint16(bits))
	}
	dst := make([]float32, 1<<16)
	for dtype, want := range map[DType]func(uint16) float64{F16: half, BF16: bfloat} {
		Decode(dst, dtype, src)
		for bits, got := range dst {
			if want := want(uint16(bits)); !same(float64(got), want) {
				t.Fatalf("%v %#04x: got %v, want %v", dtype, bits, got, want)
			}
		}
	}
}

func TestDecodeF32(t *testing.T) {
	values := []float32{0, float32(math.Copysign(0, -1)), 1.5, -math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(1)), float32(math.NaN())}
	src := []byte{0xee} // the numbers begin at an odd address
	for _, v := range values {
		src = binary.LittleEndian.AppendUint32(src, math.Float32bits(v))
	}
	dst := make([]float32, len(values))
	Decode(dst, F32, src[1:])
	for i, want := range values {
		if math.Float32bits(dst[i]) != math.Float32bits(want) {
			t.Errorf("value %d: got %v, want %v", i, dst[i], want)
		}
	}
}

// TestDecodeReadsOnlyWhatItNeeds: the source may be longer than dst, and what
// dst holds beyond an unknown type's numbers stays as it was.
func TestDecodeReadsOnlyWhatItNeeds(t *testing.T) {
	dst := []float32{7}
	Decode(dst, F16, []byte{0x00, 0x3c, 0xff, 0xff})
	if dst[0] != 1 {
		t.Errorf("got %v", dst[0])
	}
	Decode(dst, Unknown, nil)
	if dst[0] != 1 {
		t.Errorf("an unknown type wrote %v", dst[0])
	}
	Decode(nil, F32, nil)
}

func TestDTypeNames(t *testing.T) {
	for dtype, name := range map[DType]string{F32: "F32", F16: "F16", BF16: "BF16"} {
		if dtype.String() != name {
			t.Errorf("%d is called %q, not %q", dtype, dtype, name)
		}
		if back, err := ParseDType(name); err != nil || back != dtype {
			t.Errorf("ParseDType(%q) = %v, %v", name, back, err)
		}
	}
	for _, name := range []string{"", "f32", "I64", "unknown", "U8"} {
		if dtype, err := ParseDType(name); err == nil || dtype != Unknown {
			t.Errorf("ParseDType(%q) = %v, %v", name, dtype, err)
		}
	}
	var zero DType
	if zero != Unknown || zero.String() != "unknown" {
		t.Errorf("the zero value is %v", zero)
	}
}

func TestDTypeBytes(t *testing.T) {
	for dtype, want := range map[DType]int{F32: 12, F16: 6, BF16: 6, Unknown: 0} {
		if got := dtype.Bytes(3); got != want {
			t.Errorf("%v.Bytes(3) = %d, want %d", dtype, got, want)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	const n = 1 << 16
	dst, src := make([]float32, n), make([]byte, 4*n)
	for _, dtype := range []DType{F32, F16, BF16} {
		b.Run(dtype.String(), func(b *testing.B) {
			b.SetBytes(int64(dtype.Bytes(n)))
			for b.Loop() {
				Decode(dst, dtype, src)
			}
		})
	}
}

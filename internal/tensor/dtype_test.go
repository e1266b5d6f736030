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

// e4m3 is what an 8-bit float of that kind means, from its paper's formula.
func e4m3(b uint8) float64 {
	sign := math.Pow(-1, float64(b>>7))
	exponent, fraction := int(b>>3)&15, float64(b&7)/8
	switch {
	case exponent == 15 && fraction == 7.0/8:
		return math.NaN()
	case exponent == 0:
		return math.Copysign(math.Ldexp(fraction, -6), sign)
	}
	return sign * math.Ldexp(1+fraction, exponent-7)
}

// e5m2 is a binary16 with two bits of fraction.
func e5m2(b uint8) float64 { return half(uint16(b) << 8) }

func TestDecodeEvery8Bits(t *testing.T) {
	src, dst := make([]byte, 256), make([]float32, 256)
	for i := range src {
		src[i] = byte(i)
	}
	for dtype, want := range map[DType]func(uint8) float64{F8E4M3: e4m3, F8E5M2: e5m2} {
		Decode(dst, dtype, src)
		for bits, got := range dst {
			if want := want(uint8(bits)); !same(float64(got), want) {
				t.Errorf("%v %#02x: got %v, want %v", dtype, bits, got, want)
			}
		}
	}
}

// Test8BitKnownValues pins the formulas that the test above trusts, from table
// 1 of "FP8 Formats for Deep Learning".
func Test8BitKnownValues(t *testing.T) {
	cases := []struct {
		dtype DType
		bits  uint8
		want  float64
	}{
		{F8E4M3, 0x00, 0},
		{F8E4M3, 0x80, math.Copysign(0, -1)},
		{F8E4M3, 0x01, 0.001953125}, // the smallest, 2^-9
		{F8E4M3, 0x07, 0.013671875}, // the largest subnormal, 0.875 2^-6
		{F8E4M3, 0x08, 0.015625},    // the smallest normal, 2^-6
		{F8E4M3, 0x38, 1},
		{F8E4M3, 0xfe, -448},
		{F8E4M3, 0x7f, math.NaN()},
		{F8E5M2, 0x01, 1.52587890625e-05}, // 2^-16
		{F8E5M2, 0x04, 6.103515625e-05},   // 2^-14
		{F8E5M2, 0x3c, 1},
		{F8E5M2, 0x7b, 57344},
		{F8E5M2, 0xfc, math.Inf(-1)},
		{F8E5M2, 0x7d, math.NaN()},
	}
	for _, c := range cases {
		var got [1]float32
		if Decode(got[:], c.dtype, []byte{c.bits}); !same(float64(got[0]), c.want) {
			t.Errorf("%v %#02x is %v, want %v", c.dtype, c.bits, got[0], c.want)
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
	names := map[DType]string{
		F32: "F32", F16: "F16", BF16: "BF16", F8E4M3: "F8_E4M3", F8E5M2: "F8_E5M2",
		Q4_0: "Q4_0", Q4_1: "Q4_1", Q5_0: "Q5_0", Q5_1: "Q5_1", Q8_0: "Q8_0",
		Q2_K: "Q2_K", Q3_K: "Q3_K", Q4_K: "Q4_K", Q5_K: "Q5_K", Q6_K: "Q6_K",
		IQ4_NL: "IQ4_NL", IQ4_XS: "IQ4_XS", MXFP4: "MXFP4",
	}
	if len(names) != len(DTypes()) {
		t.Errorf("%d names for %d types", len(names), len(DTypes()))
	}
	for dtype, name := range names {
		if dtype.String() != name {
			t.Errorf("%d is called %q, not %q", dtype, dtype, name)
		}
		if back, err := ParseDType(name); err != nil || back != dtype {
			t.Errorf("ParseDType(%q) = %v, %v", name, back, err)
		}
	}
	for _, name := range []string{"", "f32", "I64", "unknown", "U8", "q4_0", "Q8_K", "F8_E4M3FNUZ"} {
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
	for dtype, want := range map[DType]int{F32: 12, F16: 6, BF16: 6, F8E4M3: 3, F8E5M2: 3, Unknown: 0} {
		if got := dtype.Bytes(3); got != want {
			t.Errorf("%v.Bytes(3) = %d, want %d", dtype, got, want)
		}
	}
}

// BenchmarkDecode's bytes are those that are read.
func BenchmarkDecode(b *testing.B) {
	const n = 1 << 16
	dst := make([]float32, n)
	for _, dtype := range DTypes() {
		b.Run(dtype.String(), func(b *testing.B) {
			src := randomBlocks(dtype, n)
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				Decode(dst, dtype, src)
			}
		})
	}
}

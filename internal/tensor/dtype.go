package tensor

import (
	"encoding/binary"
	"fmt"
	"math"
)

// DType is how numbers are stored in a weight file.
type DType uint8

// The stored types that attn computes with. The zero value is none of them.
const (
	Unknown DType = iota
	F32           // IEEE 754 binary32
	F16           // IEEE 754 binary16
	BF16          // the upper half of a binary32
)

// String returns the type's name as safetensors writes it.
func (d DType) String() string {
	switch d {
	case F32:
		return "F32"
	case F16:
		return "F16"
	case BF16:
		return "BF16"
	}
	return "unknown"
}

// ParseDType is the inverse of String.
func ParseDType(name string) (DType, error) {
	for _, d := range []DType{F32, F16, BF16} {
		if d.String() == name {
			return d, nil
		}
	}
	return Unknown, fmt.Errorf("dtype %q is not one that attn computes with (F32, F16, BF16)", name)
}

// Bytes returns how many bytes n numbers of this type take.
func (d DType) Bytes(n int) int {
	switch d {
	case F32:
		return 4 * n
	case F16, BF16:
		return 2 * n
	}
	return 0
}

// Decode fills dst with numbers stored little-endian in src, of which it reads
// d.Bytes(len(dst)) bytes. Every value of these types is exact in float32.
func Decode(dst []float32, d DType, src []byte) {
	switch d {
	case F32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
		}
	case F16:
		for i := range dst {
			dst[i] = HalfToFloat(binary.LittleEndian.Uint16(src[2*i:]))
		}
	case BF16:
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
		}
	}
}

// HalfToFloat converts an IEEE binary16 number, given as its bits, exactly:
// sign(1) exponent(5, bias 15) fraction(10).
func HalfToFloat(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exponent := uint32(h>>10) & 0x1f
	fraction := uint32(h) & 0x3ff
	switch {
	case exponent == 0x1f: // infinity, NaN
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	case exponent != 0: // normal: only the bias changes, 15 to 127
		return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
	case fraction == 0:
		return math.Float32frombits(sign)
	}
	// subnormal: fraction * 2^-24, which binary32 holds as a normal number
	value := float32(fraction) * (1.0 / (1 << 24))
	return math.Float32frombits(sign | math.Float32bits(value))
}

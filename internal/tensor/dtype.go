package tensor

import (
	"encoding/binary"
	"fmt"
	"math"
)

// DType is how numbers are stored in a weight file.
type DType uint8

// The stored types that attn computes with, under the names that safetensors
// and GGUF files give them. The zero value is none of them.
const (
	Unknown DType = iota
	F32           // IEEE 754 binary32
	F16           // IEEE 754 binary16
	BF16          // the upper half of a binary32
	F8E4M3        // sign(1) exponent(4) fraction(3), without infinities
	F8E5M2        // the upper half of a binary16
	Q4_0          // the rest are GGUF's blocks of numbers that share a scale, see quant.go
	Q4_1
	Q5_0
	Q5_1
	Q8_0
	Q2_K
	Q3_K
	Q4_K
	Q5_K
	Q6_K
	IQ4_NL
	IQ4_XS
	MXFP4
)

// DTypes returns every type that attn computes with.
func DTypes() []DType {
	all := make([]DType, 0, MXFP4)
	for d := F32; d <= MXFP4; d++ {
		all = append(all, d)
	}
	return all
}

// String returns the type's name as files write it.
func (d DType) String() string {
	switch d {
	case F32:
		return "F32"
	case F16:
		return "F16"
	case BF16:
		return "BF16"
	case F8E4M3:
		return "F8_E4M3"
	case F8E5M2:
		return "F8_E5M2"
	}
	return d.blockName()
}

// ParseDType is the inverse of String.
func ParseDType(name string) (DType, error) {
	for d := F32; d <= MXFP4; d++ {
		if d.String() == name {
			return d, nil
		}
	}
	return Unknown, fmt.Errorf("dtype %q is not one that attn computes with", name)
}

// Block returns how many numbers are stored together, and in how many bytes:
// one number for the plain types, 32 or 256 for those that share a scale. Only
// whole blocks can be addressed. Unknown takes no bytes.
func (d DType) Block() (elements, bytes int) {
	switch d {
	case F32:
		return 1, 4
	case F16, BF16:
		return 1, 2
	case F8E4M3, F8E5M2:
		return 1, 1
	}
	return d.block()
}

// Bytes returns how many bytes n numbers of this type take; of n, only whole
// blocks count.
func (d DType) Bytes(n int) int {
	elements, bytes := d.Block()
	if elements == 1 {
		return n * bytes
	}
	return n / elements * bytes
}

// Decode fills dst with numbers stored little-endian in src, of which it reads
// d.Bytes(len(dst)) bytes. Every value of the plain types is exact in float32;
// those of blocks are rounded where GGML's reference rounds them.
//
// It panics, as an index out of range does, if src is too short, or if dst is
// not a whole number of blocks.
func Decode(dst []float32, d DType, src []byte) {
	switch d {
	case Unknown:
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
	case F8E4M3:
		for i := range dst {
			dst[i] = e4m3ToFloat(src[i])
		}
	case F8E5M2: // the lower half of a binary16 that is missing is zero
		for i := range dst {
			dst[i] = HalfToFloat(uint16(src[i]) << 8)
		}
	default:
		decodeBlocks(dst, d, src)
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

// e4m3ToFloat converts the 8-bit float that machine learning calls E4M3,
// exactly: sign(1) exponent(4, bias 7) fraction(3). It has no infinity; all
// ones beside the sign is NaN, and the largest number is 448 (Micikevicius et
// al. 2022, "FP8 Formats for Deep Learning", table 1).
func e4m3ToFloat(b uint8) float32 {
	sign := uint32(b&0x80) << 24
	exponent := uint32(b>>3) & 0xf
	fraction := uint32(b) & 7
	switch {
	case b&0x7f == 0x7f:
		return math.Float32frombits(sign | 0x7fc00000)
	case exponent != 0: // normal: only the bias changes, 7 to 127
		return math.Float32frombits(sign | (exponent+120)<<23 | fraction<<20)
	}
	// zero or subnormal: fraction * 2^-9
	value := float32(fraction) * (1.0 / (1 << 9))
	return math.Float32frombits(sign | math.Float32bits(value))
}

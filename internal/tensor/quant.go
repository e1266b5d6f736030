package tensor

import (
	"encoding/binary"
	"fmt"
)

// GGUF's quantised types store blocks of numbers: a few bits for each, and one
// or two scales for all. The layouts are those of GGML's ggml-common.h, the
// arithmetic that of ggml-quants.c and gguf-py's quants.py, which agree.
//
// A conversion float32(x*y) before an addition is there for its rounding: it
// forbids the compiler to fuse the two, which arm64 would do, and the numbers
// would differ from machine to machine.

// blockName is String for the types that are stored in blocks.
func (d DType) blockName() string {
	switch d {
	case Q4_0:
		return "Q4_0"
	case Q4_1:
		return "Q4_1"
	case Q5_0:
		return "Q5_0"
	case Q5_1:
		return "Q5_1"
	case Q8_0:
		return "Q8_0"
	case Q2_K:
		return "Q2_K"
	case Q3_K:
		return "Q3_K"
	case Q4_K:
		return "Q4_K"
	case Q5_K:
		return "Q5_K"
	case Q6_K:
		return "Q6_K"
	case IQ4_NL:
		return "IQ4_NL"
	case IQ4_XS:
		return "IQ4_XS"
	case MXFP4:
		return "MXFP4"
	}
	return "unknown"
}

// block is Block for the types that are stored in blocks.
func (d DType) block() (elements, bytes int) {
	switch d {
	case Q4_0, IQ4_NL:
		return 32, 18
	case Q4_1:
		return 32, 20
	case Q5_0:
		return 32, 22
	case Q5_1:
		return 32, 24
	case Q8_0:
		return 32, 34
	case MXFP4:
		return 32, 17
	case Q2_K:
		return 256, 84
	case Q3_K:
		return 256, 110
	case Q4_K:
		return 256, 144
	case Q5_K:
		return 256, 176
	case Q6_K:
		return 256, 210
	case IQ4_XS:
		return 256, 136
	}
	return 1, 0
}

// blockDecoder returns what decodes one block of a type.
func blockDecoder(d DType) func(dst []float32, src []byte) {
	switch d {
	case Q4_0:
		return decodeQ4_0
	case Q4_1:
		return decodeQ4_1
	case Q5_0:
		return decodeQ5_0
	case Q5_1:
		return decodeQ5_1
	case Q8_0:
		return decodeQ8_0
	case Q2_K:
		return decodeQ2_K
	case Q3_K:
		return decodeQ3_K
	case Q4_K:
		return decodeQ4_K
	case Q5_K:
		return decodeQ5_K
	case Q6_K:
		return decodeQ6_K
	case IQ4_NL:
		return decodeIQ4_NL
	case IQ4_XS:
		return decodeIQ4_XS
	}
	return decodeMXFP4
}

// decodeBlocks is Decode for the types that are stored in blocks.
func decodeBlocks(dst []float32, d DType, src []byte) {
	elements, bytes := d.block()
	if len(dst)%elements != 0 {
		panic(fmt.Sprintf("tensor: %d numbers are no whole blocks of %v, which have %d each", len(dst), d, elements))
	}
	decode := blockDecoder(d)
	for ; len(dst) > 0; dst, src = dst[elements:], src[bytes:] {
		decode(dst[:elements], src[:bytes])
	}
}

// scaleAt reads one of a block's scales, a binary16.
func scaleAt(src []byte) float32 {
	return HalfToFloat(binary.LittleEndian.Uint16(src))
}

// In all blocks of 32 with 4-bit numbers, byte j holds number j in its low
// nibble and number j+16 in its high one.

// decodeQ4_0: scale d, 16 bytes of 4-bit q; d (q - 8).
func decodeQ4_0(dst []float32, src []byte) {
	y, b := (*[32]float32)(dst), (*[18]byte)(src)
	d := scaleAt(b[0:2])
	for j, q := range b[2:18] {
		y[j] = d * float32(int(q&15)-8)
		y[j+16] = d * float32(int(q>>4)-8)
	}
}

// decodeQ4_1: scale d, offset m, 16 bytes of 4-bit q; d q + m.
func decodeQ4_1(dst []float32, src []byte) {
	y, b := (*[32]float32)(dst), (*[20]byte)(src)
	d, m := scaleAt(b[0:2]), scaleAt(b[2:4])
	for j, q := range b[4:20] {
		y[j] = float32(d*float32(q&15)) + m
		y[j+16] = float32(d*float32(q>>4)) + m
	}
}

// decodeQ5_0: scale d, the fifth bits h of all 32 numbers, 16 bytes of their
// low four bits q; d (q + 16 h - 16).
func decodeQ5_0(dst []float32, src []byte) {
	y, b := (*[32]float32)(dst), (*[22]byte)(src)
	d, h := scaleAt(b[0:2]), binary.LittleEndian.Uint32(b[2:6])
	for j, q := range b[6:22] {
		y[j] = d * float32(int(q&15|fifthBit(h, j))-16)
		y[j+16] = d * float32(int(q>>4|fifthBit(h, j+16))-16)
	}
}

// decodeQ5_1: scale d, offset m, fifth bits h, low bits q; d (q + 16 h) + m.
func decodeQ5_1(dst []float32, src []byte) {
	y, b := (*[32]float32)(dst), (*[24]byte)(src)
	d, m, h := scaleAt(b[0:2]), scaleAt(b[2:4]), binary.LittleEndian.Uint32(b[4:8])
	for j, q := range b[8:24] {
		y[j] = float32(d*float32(q&15|fifthBit(h, j))) + m
		y[j+16] = float32(d*float32(q>>4|fifthBit(h, j+16))) + m
	}
}

// fifthBit returns bit j of h where a number's fifth bit stands.
func fifthBit(h uint32, j int) byte { return byte(h>>j) & 1 << 4 }

// decodeQ8_0: scale d, 32 signed bytes q; d q.
func decodeQ8_0(dst []float32, src []byte) {
	y, b := (*[32]float32)(dst), (*[34]byte)(src)
	d := scaleAt(b[0:2])
	for j, q := range b[2:34] {
		y[j] = d * float32(int8(q))
	}
}

package tensor

import (
	"encoding/binary"
	"math"
)

// The types whose 4-bit numbers are looked up in a table.

// tableIQ4 is ggml-common.h's kvalues_iq4nl: steps that are finer near zero,
// where most weights are.
func tableIQ4() *[16]float32 {
	return &[16]float32{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}
}

// tableE2M1 is twice the sixteen values of a float with two bits of exponent
// and one of fraction, which are 0, ½, 1, 1½, 2, 3, 4 and 6; the scales are
// halved in exchange. What the format calls -0 is 0 there, as in GGML, whose
// table is one of integers.
func tableE2M1() *[16]float32 {
	return &[16]float32{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}
}

// decodeIQ4_NL: scale d, 16 bytes of 4-bit q; d table[q].
func decodeIQ4_NL(dst []float32, src []byte) {
	b := (*[18]byte)(src)
	lookUp((*[32]float32)(dst), scaleAt(b[0:2]), tableIQ4(), (*[16]byte)(b[2:18]))
}

// decodeIQ4_XS: d, the upper two bits of eight 6-bit scales s, their lower
// four, 128 bytes of 4-bit q; d (s - 32) table[q], for 32 numbers each.
func decodeIQ4_XS(dst []float32, src []byte) {
	b := (*[136]byte)(src)
	d, upper := scaleAt(b[0:2]), binary.LittleEndian.Uint16(b[2:4])
	for i := range 8 {
		s := b[4+i/2]>>(i%2*4)&15 | byte(upper>>(2*i))&3<<4
		scale := d * float32(int(s)-32)
		lookUp((*[32]float32)(dst[32*i:]), scale, tableIQ4(), (*[16]byte)(b[8+16*i:]))
	}
}

// decodeMXFP4: exponent e, 16 bytes of 4-bit q; 2^(e-128) table[q].
func decodeMXFP4(dst []float32, src []byte) {
	b := (*[17]byte)(src)
	lookUp((*[32]float32)(dst), halfPowerOfTwo(b[0]), tableE2M1(), (*[16]byte)(b[1:17]))
}

// PackMXFP4 fills dst with GGUF's blocks of MXFP4, as many as fit, from scales
// and numbers that lie apart, as gpt-oss's folders keep them: an exponent for each
// block, and 16 bytes of which j holds number 2j in its low nibble and 2j+1 in its
// high one (transformers integrations/mxfp4.py).
func PackMXFP4(dst, scales, numbers []byte) {
	for i := range len(dst) / 17 {
		b, src := (*[17]byte)(dst[17*i:]), (*[16]byte)(numbers[16*i:])
		b[0] = scales[i]
		for j := range 8 {
			low, high := src[j], src[j+8] // numbers 2j, 2j+1 and 2j+16, 2j+17
			b[1+2*j] = low&15 | high<<4
			b[2+2*j] = low>>4 | high&0xf0
		}
	}
}

// DecodeMXFP4 is Decode for scales and numbers that lie apart, see PackMXFP4.
func DecodeMXFP4(dst []float32, scales, numbers []byte) {
	var block [17]byte
	for i := range len(dst) / 32 {
		PackMXFP4(block[:], scales[i:], numbers[16*i:])
		decodeMXFP4(dst[32*i:32*i+32], block[:])
	}
}

// halfPowerOfTwo returns 2^(e-128): ggml-impl.h's ggml_e8m0_to_fp32_half. The
// two smallest are subnormal. 255, which the format reserves for NaN (OCP
// Microscaling Formats 1.0, 5.4.1), goes on as the next power, as there.
func halfPowerOfTwo(e byte) float32 {
	if e < 2 {
		return math.Float32frombits(0x00200000 << e)
	}
	return math.Float32frombits(uint32(e-1) << 23)
}

// lookUp decodes 32 numbers: byte j has two, the low nibble's is number j and
// the high one's j+16.
func lookUp(y *[32]float32, scale float32, table *[16]float32, qs *[16]byte) {
	for j, q := range qs {
		y[j] = scale * table[q&15]
		y[j+16] = scale * table[q>>4]
	}
}

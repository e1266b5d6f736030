package cpu

import (
	"encoding/binary"
	"math"

	"attn/internal/tensor"
)

// Every number of GGUF's blocks is a small integer times a scale, less a
// minimum. Here a block's integers become bytes, eight to a word, and AVX2 does
// the rest, with the roundings of package tensor, which has the layouts.

// unpacked is 256 numbers on their way, one block or eight small ones: their
// integers as signed bytes, and a scale and a minimum for each sixteen.
type unpacked struct {
	q      [256]byte
	scales [16]float32
	minima [16]float32 // of types without one: zero, which changes no bit
}

// decodeBlocksAVX2 is tensor.Decode for the types that are stored in blocks.
func decodeBlocksAVX2(dst []float32, d tensor.DType, src []byte) {
	var b unpacked
	elements, size := d.Block()
	for len(dst) > 0 {
		n := min(len(b.q), len(dst))
		for at := 0; at < n; at += elements {
			if elements == 32 {
				b.unpackSmall(d, at, src[:size])
			} else {
				b.unpack(d, src[:size])
			}
			src = src[size:]
		}
		stepsAVX2(dst[:n], b.q[:n], b.scales[:n/16], b.minima[:n/16])
		dst = dst[n:]
	}
}

// unpackSmall takes a stored block of 32 apart.
func (b *unpacked) unpackSmall(d tensor.DType, at int, src []byte) {
	switch d {
	case tensor.Q4_0:
		b.nibbles(at, src[2:18], 8)
		b.small(at, half(src), 0)
	case tensor.Q4_1:
		b.nibbles(at, src[4:20], 0)
		b.small(at, half(src), -half(src[2:]))
	case tensor.Q5_0:
		b.nibbles(at, src[6:22], 0)
		b.fifths(at, binary.LittleEndian.Uint32(src[2:]), 16)
		b.small(at, half(src), 0)
	case tensor.Q5_1:
		b.nibbles(at, src[8:24], 0)
		b.fifths(at, binary.LittleEndian.Uint32(src[4:]), 0)
		b.small(at, half(src), -half(src[2:]))
	case tensor.Q8_0:
		*(*[32]byte)(b.q[at:]) = [32]byte(src[2:34])
		b.small(at, half(src), 0)
	case tensor.IQ4_NL:
		lookUpAVX2(b.q[at:at+32], src[2:18], &stepsIQ4)
		b.small(at, half(src), 0)
	default: // MXFP4
		lookUpAVX2(b.q[at:at+32], src[1:17], &stepsE2M1)
		b.small(at, halfPower(src[0]), 0)
	}
}

// unpack takes a stored block of 256 apart.
func (b *unpacked) unpack(d tensor.DType, src []byte) {
	switch d {
	case tensor.Q2_K:
		b.unpackQ2K((*[84]byte)(src))
	case tensor.Q3_K:
		b.unpackQ3K((*[110]byte)(src))
	case tensor.Q4_K:
		b.unpackQ4K((*[144]byte)(src))
	case tensor.Q5_K:
		b.unpackQ5K((*[176]byte)(src))
	case tensor.Q6_K:
		b.unpackQ6K((*[210]byte)(src))
	default: // IQ4_XS
		b.unpackIQ4XS((*[136]byte)(src))
	}
}

// small sets the scale and minimum of a block of 32.
func (b *unpacked) small(at int, scale, minimum float32) {
	at /= 16
	b.scales[at], b.scales[at+1] = scale, scale
	b.minima[at], b.minima[at+1] = minimum, minimum
}

// half reads a binary16.
func half(src []byte) float32 { return tensor.HalfToFloat(binary.LittleEndian.Uint16(src)) }

// ones is a one in each byte of a word.
const ones = 0x0101010101010101

// less subtracts n from each byte of v; both are below 128.
func less(v, n uint64) uint64 { return (v | 128*ones) - n*ones ^ 128*ones }

// word and put read and write eight bytes.
func word(src []byte) uint64             { return binary.LittleEndian.Uint64(src) }
func (b *unpacked) put(at int, v uint64) { binary.LittleEndian.PutUint64(b.q[at:], v) }

// nibbles sets 32 integers from 16 bytes, less an offset.
func (b *unpacked) nibbles(at int, src []byte, offset uint64) {
	for i := 0; i < 16; i += 8 {
		v := word(src[i:])
		b.put(at+i, less(v&(15*ones), offset))
		b.put(at+i+16, less(v>>4&(15*ones), offset))
	}
}

// fifths gives 32 integers of four bits their fifth and subtracts an offset.
func (b *unpacked) fifths(at int, bits uint32, offset uint64) {
	for i := 0; i < 32; i += 8 {
		each := uint64(bits>>i&255) * ones & 0x8040201008040201 // byte j has bit j
		each = (each + 127*ones) >> 3 & (16 * ones)
		b.put(at+i, less(word(b.q[at+i:])|each, offset))
	}
}

func (b *unpacked) unpackQ2K(src *[84]byte) {
	d, least := half(src[80:]), half(src[82:])
	for i, sm := range src[:16] {
		b.scales[i], b.minima[i] = d*float32(sm&15), least*float32(sm>>4)
		qs, shift := src[16+i/8*32+i%2*16:], i/2%4*2
		b.put(16*i, word(qs)>>shift&(3*ones))
		b.put(16*i+8, word(qs[8:])>>shift&(3*ones))
	}
}

func (b *unpacked) unpackQ3K(src *[110]byte) {
	d, s := half(src[108:]), src[96:108]
	for i := range 16 {
		scale := s[i%8]>>(i/8*4)&15 | s[8+i%4]>>(i/4*2)&3<<4
		b.scales[i], b.minima[i] = d*float32(int(scale)-32), 0
		qs, thirds := src[32+i/8*32+i%2*16:], src[i%2*16:]
		for l := 0; l < 16; l += 8 {
			v := word(qs[l:])>>(i/2%4*2)&(3*ones) | word(thirds[l:])>>(i/2)&ones<<2
			b.put(16*i+l, less(v, 4))
		}
	}
}

func (b *unpacked) unpackQ4K(src *[144]byte) {
	b.pairs(src[:16])
	for g := range 4 {
		for l := 0; l < 32; l += 8 {
			v := word(src[16+32*g+l:])
			b.put(64*g+l, v&(15*ones))
			b.put(64*g+l+32, v>>4&(15*ones))
		}
	}
}

func (b *unpacked) unpackQ5K(src *[176]byte) {
	b.pairs(src[:16])
	for l := 0; l < 32; l += 8 {
		fifths := word(src[16+l:])
		for g := range 4 {
			v := word(src[48+32*g+l:])
			b.put(64*g+l, v&(15*ones)|fifths>>(2*g)&ones<<4)
			b.put(64*g+l+32, v>>4&(15*ones)|fifths>>(2*g+1)&ones<<4)
		}
	}
}

// pairs reads the scales and minima of Q4_K and Q5_K: eight of each, in six
// bits, four to a word here.
func (b *unpacked) pairs(head []byte) {
	d, least := half(head), half(head[2:])
	u, v, w := binary.LittleEndian.Uint32(head[4:]), binary.LittleEndian.Uint32(head[8:]), binary.LittleEndian.Uint32(head[12:])
	s := [2]uint32{u & 0x3f3f3f3f, w&0x0f0f0f0f | u>>6&0x03030303<<4}
	m := [2]uint32{v & 0x3f3f3f3f, w>>4&0x0f0f0f0f | v>>6&0x03030303<<4}
	for j := range 8 {
		scale, minimum := d*float32(byte(s[j/4]>>(j%4*8))), least*float32(byte(m[j/4]>>(j%4*8)))
		b.scales[2*j], b.scales[2*j+1] = scale, scale
		b.minima[2*j], b.minima[2*j+1] = minimum, minimum
	}
}

func (b *unpacked) unpackQ6K(src *[210]byte) {
	d := half(src[208:])
	for i, s := range src[192:208] {
		b.scales[i], b.minima[i] = d*float32(int8(s)), 0
		h, j, side := i/8, i/2%4, i%2*16
		low, high := src[64*h+j%2*32+side:], src[128+32*h+side:]
		for l := 0; l < 16; l += 8 {
			v := word(low[l:])>>(j/2*4)&(15*ones) | word(high[l:])>>(2*j)&(3*ones)<<4
			b.put(16*i+l, less(v, 32))
		}
	}
}

func (b *unpacked) unpackIQ4XS(src *[136]byte) {
	d, upper := half(src[:]), binary.LittleEndian.Uint16(src[2:])
	for i := range 8 {
		s := src[4+i/2]>>(i%2*4)&15 | byte(upper>>(2*i))&3<<4
		scale := d * float32(int(s)-32)
		b.scales[2*i], b.scales[2*i+1] = scale, scale
		b.minima[2*i], b.minima[2*i+1] = 0, 0
		lookUpAVX2(b.q[32*i:32*i+32], src[8+16*i:][:16], &stepsIQ4)
	}
}

// The tables of package tensor, whose numbers are integers.
var (
	stepsIQ4  = [16]int8{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}
	stepsE2M1 = [16]int8{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}
)

// halfPower returns 2^(e-128); the two smallest are subnormal.
func halfPower(e byte) float32 {
	if e < 2 {
		return math.Float32frombits(0x00200000 << e)
	}
	return math.Float32frombits(uint32(e-1) << 23)
}

package tensor

// The K types: 256 numbers with scales d (and dmin) for all, and small integer
// ones, themselves multiplied by d, for 16 or 32 of them.
//
// Number n is called by three indices: in Q2_K, Q3_K and Q6_K, n = 128 h + 32 j
// + l; in Q4_K and Q5_K, n = 64 g + 32 p + l.

// decodeQ2_K: 16 bytes with a scale s in the low and a minimum m in the high
// nibble, 64 bytes of 2-bit q, d, dmin; d s q - dmin m, for 16 numbers each.
func decodeQ2_K(dst []float32, src []byte) {
	y, b := (*[256]float32)(dst), (*[84]byte)(src)
	d, dmin := scaleAt(b[80:82]), scaleAt(b[82:84])
	for i, sm := range b[0:16] { // sixteen numbers: h = i/8, j = i/2 mod 4
		scale, minimum := d*float32(sm&15), dmin*float32(sm>>4)
		qs := (*[16]byte)(b[16+i/8*32+i%2*16:])
		shift := i / 2 % 4 * 2
		for l, q := range qs {
			y[16*i+l] = float32(scale*float32(q>>shift&3)) - minimum
		}
	}
}

// decodeQ3_K: 32 bytes with the third bits, 64 bytes with the lower two, 12
// bytes of 6-bit scales s, d; d (s - 32) (q - 4), for 16 numbers each.
func decodeQ3_K(dst []float32, src []byte) {
	y, b := (*[256]float32)(dst), (*[110]byte)(src)
	d := scaleAt(b[108:110])
	scales := (*[12]byte)(b[96:108])
	for i := range 16 {
		scale := d * float32(int(scaleQ3_K(scales, i))-32)
		thirds, qs := (*[16]byte)(b[i%2*16:]), (*[16]byte)(b[32+i/8*32+i%2*16:])
		shift, bit := i/2%4*2, i/2 // bit 4h + j of the byte that all h and j share
		for l, q := range qs {
			y[16*i+l] = scale * float32(int(q>>shift&3|thirds[l]>>bit&1<<2)-4)
		}
	}
}

// scaleQ3_K returns scale i of 16: four bits in one of the first 8 bytes, low
// nibbles first, and the upper two in the last 4 bytes.
func scaleQ3_K(s *[12]byte, i int) byte {
	low := s[i%8] >> (i / 8 * 4) & 15
	high := s[8+i%4] >> (i / 4 * 2) & 3
	return low | high<<4
}

// decodeQ4_K: d, dmin, 12 bytes of 6-bit pairs s and m, 128 bytes of 4-bit q;
// d s q - dmin m, for 32 numbers each.
func decodeQ4_K(dst []float32, src []byte) {
	y, b := (*[256]float32)(dst), (*[144]byte)(src)
	for g := range 4 {
		low, lowMin := pairQ4_K(b[:16], 2*g)
		high, highMin := pairQ4_K(b[:16], 2*g+1)
		out := (*[64]float32)(y[64*g:])
		for l, q := range (*[32]byte)(b[16+32*g:]) {
			out[l] = float32(low*float32(q&15)) - lowMin
			out[l+32] = float32(high*float32(q>>4)) - highMin
		}
	}
}

// decodeQ5_K: as Q4_K, with 32 bytes of fifth bits, worth 16, before the q.
func decodeQ5_K(dst []float32, src []byte) {
	y, b := (*[256]float32)(dst), (*[176]byte)(src)
	fifths := (*[32]byte)(b[16:48])
	for g := range 4 {
		low, lowMin := pairQ4_K(b[:16], 2*g)
		high, highMin := pairQ4_K(b[:16], 2*g+1)
		out := (*[64]float32)(y[64*g:])
		for l, q := range (*[32]byte)(b[48+32*g:]) {
			h := fifths[l] >> (2 * g)
			out[l] = float32(low*float32(q&15|h&1<<4)) - lowMin
			out[l+32] = float32(high*float32(q>>4|h&2<<3)) - highMin
		}
	}
}

// pairQ4_K returns d s and dmin m for the j-th 32 numbers, from a block's first
// 16 bytes (ggml-quants.c, get_scale_min_k4): the first four pairs are six bits
// of a byte each, the others' upper bits are those that the first four leave.
func pairQ4_K(head []byte, j int) (scale, minimum float32) {
	d, dmin, s := scaleAt(head[0:2]), scaleAt(head[2:4]), (*[12]byte)(head[4:16])
	if j < 4 {
		return d * float32(s[j]&63), dmin * float32(s[j+4]&63)
	}
	return d * float32(s[j+4]&15|s[j-4]>>6<<4), dmin * float32(s[j+4]>>4|s[j]>>6<<4)
}

// decodeQ6_K: 128 bytes with the lower four bits, 64 bytes with the upper two,
// 16 signed scales s, d; d s (q - 32), for 16 numbers each.
func decodeQ6_K(dst []float32, src []byte) {
	y, b := (*[256]float32)(dst), (*[210]byte)(src)
	d := scaleAt(b[208:210])
	for i, s := range b[192:208] { // sixteen numbers: h = i/8, j = i/2 mod 4
		scale := d * float32(int8(s))
		h, j, half := i/8, i/2%4, i%2*16
		ql, qh := (*[16]byte)(b[64*h+j%2*32+half:]), (*[16]byte)(b[128+32*h+half:])
		for l := range 16 {
			q := ql[l]>>(j/2*4)&15 | qh[l]>>(2*j)&3<<4
			y[16*i+l] = scale * float32(int(q)-32)
		}
	}
}

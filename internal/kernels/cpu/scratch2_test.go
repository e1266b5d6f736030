package cpu

import (
	"encoding/binary"
	"math"
	"os"
	"testing"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

func halves8(dst []float32, src []byte) {
	table := halves()
	n := min(len(dst), len(src)/2) &^ 7
	for i := 0; i < n; i += 8 {
		d := (*[8]float32)(dst[i:])
		s := (*[16]byte)(src[2*i:])
		a := binary.LittleEndian.Uint64(s[:8])
		b := binary.LittleEndian.Uint64(s[8:])
		d[0] = table[uint16(a)]
		d[1] = table[uint16(a>>16)]
		d[2] = table[uint16(a>>32)]
		d[3] = table[a>>48]
		d[4] = table[uint16(b)]
		d[5] = table[uint16(b>>16)]
		d[6] = table[uint16(b>>32)]
		d[7] = table[b>>48]
	}
	tensor.Decode(dst[n:], tensor.F16, src[2*n:])
}

func halvesMul(dst []float32, src []byte) {
	for len(dst) >= 4 && len(src) >= 8 {
		four := binary.LittleEndian.Uint64(src)
		if (four&0x7c007c007c007c00+0x0400040004000400)&0x8000800080008000 != 0 {
			tensor.Decode(dst[:4], tensor.F16, src)
		} else {
			a, b := uint32(four), uint32(four>>32)
			dst[0] = math.Float32frombits(a<<16&0x80000000|a<<13&0x0fffe000) * 0x1p112
			dst[1] = math.Float32frombits(a&0x80000000|a>>3&0x0fffe000) * 0x1p112
			dst[2] = math.Float32frombits(b<<16&0x80000000|b<<13&0x0fffe000) * 0x1p112
			dst[3] = math.Float32frombits(b&0x80000000|b>>3&0x0fffe000) * 0x1p112
		}
		dst, src = dst[4:], src[8:]
	}
	tensor.Decode(dst, tensor.F16, src)
}

func brains4(dst []float32, src []byte) {
	for len(dst) >= 4 && len(src) >= 8 {
		four := binary.LittleEndian.Uint64(src)
		dst[0] = math.Float32frombits(uint32(four) << 16)
		dst[1] = math.Float32frombits(uint32(four) & 0xffff0000)
		dst[2] = math.Float32frombits(uint32(four>>32) << 16)
		dst[3] = math.Float32frombits(uint32(four>>32) & 0xffff0000)
		dst, src = dst[4:], src[8:]
	}
	tensor.Decode(dst, tensor.BF16, src)
}

func columns8u(m matrix, w kernels.Weight, bytes []byte, count int) {
	in := w.Shape[1]
	var t [8][16]float32
	convert := converter(w.Type)
	for i := 0; i < in; i += 8 {
		for j := range 8 {
			convert(t[j][:count], bytes[w.Type.Bytes((i+j)*w.Stride[1]):])
		}
		for o := range count {
			d := (*[8]float32)(m.data[o*m.stride+i:])
			d[0], d[1], d[2], d[3] = t[0][o], t[1][o], t[2][o], t[3][o]
			d[4], d[5], d[6], d[7] = t[4][o], t[5][o], t[6][o], t[7][o]
		}
	}
}

func columns4(m matrix, w kernels.Weight, bytes []byte, count int) {
	in := w.Shape[1]
	if count != 16 || in%4 != 0 {
		packColumns(m, w, bytes, count)
		return
	}
	var t [4][16]float32
	for i := 0; i < in; i += 4 {
		for j := range 4 {
			converter(w.Type)(t[j][:], bytes[w.Type.Bytes((i+j)*w.Stride[1]):])
		}
		for o := range 16 {
			d := (*[4]float32)(m.data[o*m.stride+i:])
			d[0], d[1], d[2], d[3] = t[0][o], t[1][o], t[2][o], t[3][o]
		}
	}
}

func columns8(m matrix, w kernels.Weight, bytes []byte, count int) {
	in := w.Shape[1]
	if count != 16 || in%8 != 0 {
		packColumns(m, w, bytes, count)
		return
	}
	var t [8][16]float32
	for i := 0; i < in; i += 8 {
		for j := range 8 {
			converter(w.Type)(t[j][:], bytes[w.Type.Bytes((i+j)*w.Stride[1]):])
		}
		for o := range 16 {
			d := (*[8]float32)(m.data[o*m.stride+i:])
			d[0], d[1], d[2], d[3] = t[0][o], t[1][o], t[2][o], t[3][o]
			d[4], d[5], d[6], d[7] = t[4][o], t[5][o], t[6][o], t[7][o]
		}
	}
}

func TestScratch2(t *testing.T) {
	if os.Getenv("S") == "" {
		t.Skip()
	}
	const n = 768 * 192
	dst := make([]float32, n)
	h := mkw(tensor.F16, 768, 192, false).Bytes
	vs := []variant{
		{"halves 4", func() { decodeHalves(halves(), dst, h) }},
		{"halves 8", func() { halves8(dst, h) }},
		{"halves mul", func() { halvesMul(dst, h) }},
		{"bf16 plain", func() { tensor.Decode(dst, tensor.BF16, h) }},
		{"bf16 4", func() { brains4(dst, h) }},
		{"copy", func() { copy(dst, dst) }},
	}
	report(n, vs, alternate(15, vs...))
	var buf []float32
	m := matrix{data: grow(&buf, 16*208), stride: 208}
	for _, d := range []tensor.DType{tensor.F32, tensor.F16} {
		w := mkw(d, 768, 192, true)
		all := func(f func(m matrix, w kernels.Weight, bytes []byte, count int)) func() {
			return func() {
				for o := 0; o < 768; o += 16 {
					f(m, w, w.Bytes[d.Bytes(o):], 16)
				}
			}
		}
		vs := []variant{{"packColumns " + d.String(), all(packColumns)}, {"columns8u", all(columns8u)}, {"columns8", all(columns8)}}
		report(n, vs, alternate(15, vs...))
	}
}

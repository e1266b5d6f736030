package cpu

import (
	"encoding/binary"
	"math"
	"sync"
	"unsafe"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// halves holds the float32 value of every binary16, by its bits: 256 KiB that
// only a process that meets such a weight pays for.
var halves = sync.OnceValue(func() *[1 << 16]float32 {
	table := new([1 << 16]float32)
	for h := range table {
		table[h] = tensor.HalfToFloat(uint16(h))
	}
	return table
})

// converter returns tensor.Decode for one type, faster: it fills dst from src,
// which holds at least as many numbers.
func converter(d tensor.DType) func(dst []float32, src []byte) {
	switch d {
	case tensor.F16:
		table := halves()
		return func(dst []float32, src []byte) { decodeHalves(table, dst, src) }
	case tensor.BF16:
		return decodeBrains
	case tensor.F32:
		return decodeFloats
	}
	return func(dst []float32, src []byte) { tensor.Decode(dst, d, src) }
}

// decodeHalves fills dst with binary16 numbers, four to a load.
func decodeHalves(table *[1 << 16]float32, dst []float32, src []byte) {
	for len(dst) >= 4 && len(src) >= 8 {
		four := binary.LittleEndian.Uint64(src)
		dst[0] = table[uint16(four)]
		dst[1] = table[uint16(four>>16)]
		dst[2] = table[uint16(four>>32)]
		dst[3] = table[uint16(four>>48)]
		dst, src = dst[4:], src[8:]
	}
	for i := range dst {
		dst[i] = table[binary.LittleEndian.Uint16(src[2*i:])]
	}
}

// decodeBrains fills dst with bfloat16 numbers, four to a load.
func decodeBrains(dst []float32, src []byte) {
	for len(dst) >= 4 && len(src) >= 8 {
		low, high := binary.LittleEndian.Uint32(src), binary.LittleEndian.Uint32(src[4:])
		dst[0] = math.Float32frombits(low << 16)
		dst[1] = math.Float32frombits(low & 0xffff0000)
		dst[2] = math.Float32frombits(high << 16)
		dst[3] = math.Float32frombits(high & 0xffff0000)
		dst, src = dst[4:], src[8:]
	}
	tensor.Decode(dst, tensor.BF16, src)
}

// decodeFloats fills dst with float32 numbers, as bytes where the machine
// allows.
func decodeFloats(dst []float32, src []byte) {
	if view, ok := floats(src, len(dst)); ok {
		copy(dst, view)
		return
	}
	tensor.Decode(dst, tensor.F32, src)
}

// floats views n little-endian float32 numbers where they lie, which a machine
// of the other byte order, or an odd address, does not allow.
func floats(src []byte, n int) ([]float32, bool) {
	start := unsafe.Pointer(unsafe.SliceData(src))
	if n > len(src)/4 || uintptr(start)%4 != 0 || !littleEndian() {
		return nil, false
	}
	return unsafe.Slice((*float32)(start), n), true
}

// littleEndian reports whether this machine stores the low byte first.
func littleEndian() bool {
	return binary.NativeEndian.Uint32([]byte{1, 0, 0, 0}) == 1
}

// panel returns the weights of outputs first to first+count-1 as float32, one
// row per output [count, in]: the file's own bytes if they are that already,
// else converted into buffer.
func panel(w kernels.Weight, first, count int, buffer *[]float32) matrix {
	bytes := w.Bytes[w.Type.Bytes(first*w.Stride[0]):]
	if w.Type == tensor.F32 && w.Stride[1] == 1 && w.Stride[0] >= w.Shape[1] {
		if view, ok := floats(bytes, (count-1)*w.Stride[0]+w.Shape[1]); ok {
			return matrix{data: view, stride: w.Stride[0]}
		}
	}
	// A row of its own cache line apart: rows 4 KiB apart, a common width,
	// would evict each other.
	m := matrix{stride: roundUp(w.Shape[1], 16) + 16}
	m.data = grow(buffer, count*m.stride)
	switch {
	case w.Stride[1] == 1:
		packRows(m, w, bytes, count)
	case w.Stride[0] == 1:
		packColumns(m, w, bytes, count)
	default:
		packStrided(m, w, bytes, count)
	}
	return m
}

// packRows converts weights that lie input by input: a row at a time.
func packRows(m matrix, w kernels.Weight, bytes []byte, count int) {
	convert := converter(w.Type)
	for o := range count {
		convert(m.data[o*m.stride:][:w.Shape[1]], bytes[w.Type.Bytes(o*w.Stride[0]):])
	}
}

// packColumns converts weights that lie output by output, as GPT-2's do: some
// columns at a time, turned into rows on the way.
func packColumns(m matrix, w kernels.Weight, bytes []byte, count int) {
	var columns columnBlock
	convert := converter(w.Type)
	for i := 0; i < w.Shape[1]; i += len(columns) {
		width := min(len(columns), w.Shape[1]-i)
		for j := range width {
			convert(columns[j][:count], bytes[w.Type.Bytes((i+j)*w.Stride[1]):])
		}
		for o := range count {
			columns.row(o, m.data[o*m.stride+i:][:width])
		}
	}
}

// columnBlock is eight columns of a panel, one per input.
type columnBlock [8][panelRows]float32

// row fills dst with output o's number in each of the first len(dst) columns;
// written out for all eight, which took two thirds of the loop's time.
func (c *columnBlock) row(o int, dst []float32) {
	if len(dst) == len(c) {
		dst[0], dst[1], dst[2], dst[3] = c[0][o], c[1][o], c[2][o], c[3][o]
		dst[4], dst[5], dst[6], dst[7] = c[4][o], c[5][o], c[6][o], c[7][o]
		return
	}
	for j := range dst {
		dst[j] = c[j][o]
	}
}

// packStrided converts weights of which no two are neighbours.
func packStrided(m matrix, w kernels.Weight, bytes []byte, count int) {
	convert := converter(w.Type)
	for o := range count {
		for i := range w.Shape[1] {
			at := w.Type.Bytes(o*w.Stride[0] + i*w.Stride[1])
			convert(m.data[o*m.stride+i:][:1], bytes[at:])
		}
	}
}

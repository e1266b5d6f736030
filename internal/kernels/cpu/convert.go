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
func (s *set) converter(d tensor.DType) func(dst []float32, src []byte) {
	switch d {
	case tensor.F16:
		return s.halves
	case tensor.BF16:
		return s.brains
	case tensor.F32:
		return decodeFloats
	}
	decode := tensor.Decode
	if elements, _ := d.Block(); elements > 1 {
		decode = s.blocks
	}
	return func(dst []float32, src []byte) { decode(dst, d, src) }
}

// decode is w.Decode with the converter of its type. Scales that lie apart are
// packed with their numbers first, a few blocks at a time.
func (s *scratch) decode(convert func(dst []float32, src []byte), dst []float32, w *kernels.Weight, at int) {
	if w.Scales == nil {
		convert(dst, w.Bytes[w.Type.Bytes(at):])
		return
	}
	const most = 256 // numbers at a time
	s.packed = growTo(s.packed, w.Type.Bytes(most))
	for ; len(dst) > 0; at += most {
		n := min(most, len(dst))
		blocks := s.packed[:w.Type.Bytes(n)]
		tensor.PackMXFP4(blocks, w.Scales[at/32:], w.Bytes[at/32*16:])
		convert(dst[:n], blocks)
		dst = dst[n:]
	}
}

// decodeHalves fills dst with binary16 numbers, four to a load.
func decodeHalves(dst []float32, src []byte) {
	table := halves()
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

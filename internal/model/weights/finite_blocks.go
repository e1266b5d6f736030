package weights

import (
	"encoding/binary"
	"math"

	"attn/internal/tensor"
)

// scalesOf returns where in a block of a quantised type its binary16 scales
// are. When one is not finite, no number of the block is: each is a multiple of
// it or a sum with one, and 0 times infinity is NaN. When they are finite, so
// are the numbers: the largest scale times the largest integers of any type
// stays far below float32's limit.
func scalesOf(d tensor.DType) []int {
	switch d {
	case tensor.Q4_0, tensor.Q5_0, tensor.Q8_0, tensor.IQ4_NL, tensor.IQ4_XS:
		return []int{0}
	case tensor.Q4_1, tensor.Q5_1, tensor.Q4_K, tensor.Q5_K:
		return []int{0, 2}
	case tensor.Q2_K:
		return []int{80, 82}
	case tensor.Q3_K:
		return []int{108}
	case tensor.Q6_K:
		return []int{208}
	}
	return nil
}

// firstBadBlock is firstNonFinite for quantised types.
func firstBadBlock(d tensor.DType, data []byte) int {
	if d == tensor.MXFP4 {
		return firstBadMXFP4(data)
	}
	elements, bytes := d.Block()
	first := -1
	for _, at := range scalesOf(d) {
		block := firstBadScale(data[min(at, len(data)):], bytes)
		if block >= 0 && (first < 0 || block < first) {
			first = block
		}
	}
	if first < 0 {
		return -1
	}
	return first * elements
}

// firstBadScale returns the index of the first binary16 that is not finite,
// the next one beginning so many bytes after the last, or -1.
func firstBadScale(data []byte, step int) int {
	const exponent = 0x7c00
	for i := 0; len(data) >= 2; i++ {
		if binary.LittleEndian.Uint16(data)&exponent == exponent {
			return i
		}
		data = data[min(step, len(data)):]
	}
	return -1
}

// mxfp4Large is the first exponent with numbers too large for a float32: a scale
// of 2^(e-128) times up to 12 is, from e = 253 on.
const mxfp4Large = 253

// firstBadMXFP4 looks for numbers that are too large for a float32.
func firstBadMXFP4(data []byte) int {
	elements, bytes := tensor.MXFP4.Block()
	values := make([]float32, elements)
	for at := 0; at < len(data); at += bytes {
		if data[at] < mxfp4Large {
			continue
		}
		tensor.Decode(values, tensor.MXFP4, data[at:])
		for i, v := range values {
			if math.IsInf(float64(v), 0) {
				return at/bytes*elements + i
			}
		}
	}
	return -1
}

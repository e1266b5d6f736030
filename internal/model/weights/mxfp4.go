package weights

import (
	"fmt"
	"math"
	"slices"

	"attn/internal/tensor"
)

// mxfp4Block is how many numbers share a scale.
const mxfp4Block = 32

// PairMXFP4 is one tensor of what gpt-oss's folders keep in two tensors of bytes:
// blocks [..., n, 16], two 4-bit numbers each, and scales [..., n], an exponent
// for each block (transformers integrations/mxfp4.py). The result is [..., 32 n];
// both stay where they lie.
func PairMXFP4(name string, blocks, scales Tensor) (Tensor, error) {
	const half = mxfp4Block / 2 // bytes of a block's numbers
	last := len(blocks.Shape) - 1
	switch {
	case blocks.stored != "U8" || scales.stored != "U8":
		return Tensor{}, fmt.Errorf("%s: blocks are %s and scales %s, not U8", quote(name), blocks.stored, scales.stored)
	case last < 1 || blocks.Shape[last] != half || !slices.Equal(blocks.Shape[:last], scales.Shape):
		return Tensor{}, fmt.Errorf("%s: blocks %v and scales %v are not [..., n, %d] and [..., n]", quote(name), blocks.Shape, scales.Shape, half)
	}
	t := Tensor{Name: name, DType: tensor.MXFP4, Shape: slices.Clone(scales.Shape), Bytes: blocks.Bytes, Scales: scales.Bytes, stored: "MXFP4"}
	t.Shape[last-1] *= mxfp4Block
	if bad := firstBadPair(t.Scales, t.Bytes); bad >= 0 { // Set.CheckFinite sees bytes, not numbers
		return Tensor{}, fmt.Errorf("tensor %s holds infinity at %v", quote(name), position(t.Shape, bad))
	}
	return t, nil
}

// firstBadPair is firstBadMXFP4 for scales that lie apart: of numbers it reads
// only those with a scale that may be too large.
func firstBadPair(scales, numbers []byte) int {
	var values [mxfp4Block]float32
	for block, e := range scales {
		if e < mxfp4Large {
			continue
		}
		tensor.DecodeMXFP4(values[:], scales[block:], numbers[mxfp4Block/2*block:])
		for i, v := range values {
			if math.IsInf(float64(v), 0) {
				return block*mxfp4Block + i
			}
		}
	}
	return -1
}

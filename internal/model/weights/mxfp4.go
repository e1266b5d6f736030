package weights

import (
	"fmt"
	"slices"

	"attn/internal/tensor"
)

// PackMXFP4 puts together what gpt-oss's folders keep in two tensors of bytes:
// blocks [..., n, 16], two 4-bit numbers each, and scales [..., n], an exponent
// for each block (transformers integrations/mxfp4.py). The result is [..., 32 n]
// in GGUF's blocks, which hold both: scales that lie elsewhere are no type that
// a matrix can be viewed as. It takes as much memory as the file does.
func PackMXFP4(name string, blocks, scales Tensor) (Tensor, error) {
	const half = 16 // bytes of a block's numbers
	last := len(blocks.Shape) - 1
	switch {
	case blocks.stored != "U8" || scales.stored != "U8":
		return Tensor{}, fmt.Errorf("%s: blocks are %s and scales %s, not U8", quote(name), blocks.stored, scales.stored)
	case last < 1 || blocks.Shape[last] != half || !slices.Equal(blocks.Shape[:last], scales.Shape):
		return Tensor{}, fmt.Errorf("%s: blocks %v and scales %v are not [..., n, %d] and [..., n]", quote(name), blocks.Shape, scales.Shape, half)
	}
	_, size := tensor.MXFP4.Block()
	packed := make([]byte, len(scales.Bytes)*size)
	for i, scale := range scales.Bytes {
		packed[size*i] = scale
		reorder((*[half]byte)(packed[size*i+1:]), (*[half]byte)(blocks.Bytes[half*i:]))
	}
	t := Tensor{Name: name, DType: tensor.MXFP4, Shape: slices.Clone(scales.Shape), Bytes: packed, stored: "MXFP4"}
	t.Shape[last-1] *= 2 * half
	if bad := firstNonFinite(t.DType, t.Bytes); bad >= 0 {
		return Tensor{}, fmt.Errorf("tensor %s holds %s at %v", quote(name), describe(t, bad), position(t.Shape, bad))
	}
	return t, nil
}

// reorder takes a block's numbers from byte j having 2j (low) and 2j+1 to byte j
// having j and j+16.
func reorder(dst, src *[16]byte) {
	for j := range 8 {
		low, high := src[j], src[j+8] // numbers 2j, 2j+1 and 2j+16, 2j+17
		dst[2*j] = low&15 | high<<4
		dst[2*j+1] = low>>4 | high&0xf0
	}
}

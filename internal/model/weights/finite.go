package weights

import (
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"attn/internal/tensor"
)

// CheckFinite returns an error that names the first NaN or infinity in the
// weights, in the order of the files. Dtypes that attn does not compute with
// are passed over.
//
// It reads every page of the files. Computing needs most of them anyway, so the
// time to ask is before the first result and not when a file is opened, which
// may be for its names and shapes alone. A result that is finite is no proof:
// NaN shows there, but an infinity may hide behind a ReLU or a softmax.
func (s *Set) CheckFinite() error {
	found := make([]int, len(s.order)) // per tensor: the first bad element, or -1
	faults := make([]error, min(runtime.GOMAXPROCS(0), len(s.order)))
	var next atomic.Int64
	var wait sync.WaitGroup
	for worker := range faults {
		wait.Go(func() {
			faults[worker] = s.Guard(func() error {
				for i := int(next.Add(1)) - 1; i < len(found); i = int(next.Add(1)) - 1 {
					t := s.tensors[s.order[i]]
					found[i] = firstNonFinite(t.DType, t.Bytes)
				}
				return nil
			})
		})
	}
	wait.Wait()
	for _, fault := range faults {
		if fault != nil {
			return fault
		}
	}
	for i, index := range found {
		if index >= 0 {
			t := s.tensors[s.order[i]]
			return fmt.Errorf("%s: tensor %s holds %s at %v", t.file, quote(t.Name), describe(t.Tensor, index), position(t.Shape, index))
		}
	}
	return nil
}

// describe says what a non-finite element is.
func describe(t Tensor, index int) string {
	elements, _ := t.DType.Block()
	block := make([]float32, elements)
	tensor.Decode(block, t.DType, t.Bytes[t.DType.Bytes(index):])
	if math.IsNaN(float64(block[index%elements])) {
		return "NaN"
	}
	return "infinity"
}

// position turns a flat index into one per dimension.
func position(shape []int, index int) []int {
	at := make([]int, len(shape))
	for i := len(shape) - 1; i >= 0; i-- {
		at[i] = index % shape[i]
		index /= shape[i]
	}
	return at
}

// lanes says how to look at several numbers in one 64-bit word. A number is
// not finite when all its exponent bits are set; adding one to the exponent
// then carries into the sign's place, which was cleared, and only then. Since
// the carry stops there, no number disturbs its neighbour.
type lanes struct {
	width    int    // bytes per number
	exponent uint64 // every number's exponent bits
	one      uint64 // the lowest of them
	sign     uint64 // the bit above them
}

func lanesOf(d tensor.DType) (lanes, bool) {
	switch d {
	case tensor.F32:
		return lanes{4, 0x7f800000_7f800000, 0x00800000_00800000, 0x80000000_80000000}, true
	case tensor.F16:
		return lanes{2, 0x7c00_7c00_7c00_7c00, 0x0400_0400_0400_0400, 0x8000_8000_8000_8000}, true
	case tensor.BF16:
		return lanes{2, 0x7f80_7f80_7f80_7f80, 0x0080_0080_0080_0080, 0x8000_8000_8000_8000}, true
	case tensor.F8E4M3: // NaN alone, with the fraction's bits set too
		return lanes{1, 0x7f7f7f7f_7f7f7f7f, 0x01010101_01010101, 0x80808080_80808080}, true
	case tensor.F8E5M2:
		return lanes{1, 0x7c7c7c7c_7c7c7c7c, 0x04040404_04040404, 0x80808080_80808080}, true
	}
	return lanes{}, false
}

// firstNonFinite returns the index of the first NaN or infinity, or -1.
func firstNonFinite(d tensor.DType, data []byte) int {
	l, ok := lanesOf(d)
	if !ok {
		return firstBadBlock(d, data)
	}
	const block = 32 // four words a turn
	at := 0
	for ; at+block <= len(data); at += block {
		w := data[at : at+block : at+block]
		carry := binary.LittleEndian.Uint64(w)&l.exponent + l.one
		carry |= binary.LittleEndian.Uint64(w[8:])&l.exponent + l.one
		carry |= binary.LittleEndian.Uint64(w[16:])&l.exponent + l.one
		carry |= binary.LittleEndian.Uint64(w[24:])&l.exponent + l.one
		if carry&l.sign != 0 {
			break
		}
	}
	for ; at < len(data); at += l.width {
		if l.nonFinite(data[at:]) {
			return at / l.width
		}
	}
	return -1
}

// nonFinite looks at the one number at the start of p.
func (l lanes) nonFinite(p []byte) bool {
	switch l.width {
	case 1:
		bits := uint64(p[0])
		return bits&l.exponent == l.exponent&0xff
	case 2:
		bits := uint64(binary.LittleEndian.Uint16(p))
		return bits&l.exponent == l.exponent&0xffff
	}
	bits := uint64(binary.LittleEndian.Uint32(p))
	return bits&l.exponent == l.exponent&0xffffffff
}

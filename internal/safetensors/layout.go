package safetensors

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
)

// checkLayout sorts the tensors by their place and checks that each takes
// exactly the bytes its dtype and shape need, and that together they take
// every byte of the buffer once.
func checkLayout(h *Header) error {
	slices.SortFunc(h.Tensors, func(a, b Info) int {
		return cmp.Or(cmp.Compare(a.Begin, b.Begin), cmp.Compare(a.End, b.End), cmp.Compare(a.Name, b.Name))
	})
	at := int64(0) // where the next tensor has to begin
	for i, t := range h.Tensors {
		if t.End < t.Begin {
			return fmt.Errorf("%v ends at %d, before it begins at %d", tensorNamed(t.Name), t.End, t.Begin)
		}
		if t.Begin > at {
			return fmt.Errorf("%v begins at offset %d of the buffer; the bytes from %d on belong to no tensor", tensorNamed(t.Name), t.Begin, at)
		}
		if t.Begin < at {
			return fmt.Errorf("%v begins at offset %d of the buffer, inside %v, which ends at %d", tensorNamed(t.Name), t.Begin, tensorNamed(h.Tensors[i-1].Name), at)
		}
		if err := checkSize(t); err != nil {
			return err
		}
		at = t.End
	}
	return checkEnd(h, at)
}

// checkEnd compares where the last tensor ends with where the file ends.
func checkEnd(h *Header, end int64) error {
	have := h.Size - h.DataStart
	switch {
	case end > have:
		return fmt.Errorf("the file is cut short: its tensors need %d bytes after offset %d, there are %d", end, h.DataStart, have)
	case end < have:
		return fmt.Errorf("%d bytes at offset %d, after the last tensor, belong to no tensor", have-end, h.DataStart+end)
	}
	return nil
}

// checkSize compares a tensor's extent with its dtype and shape.
func checkSize(t Info) error {
	need, err := byteSize(t.DType, t.Shape)
	if err != nil {
		return fmt.Errorf("%v: %w", tensorNamed(t.Name), err)
	}
	if have := t.End - t.Begin; uint64(have) != need {
		return fmt.Errorf("%v: %s %v takes %d bytes, data_offsets give it %d", tensorNamed(t.Name), t.DType, t.Shape, need, have)
	}
	return nil
}

// byteSize returns how many bytes a tensor takes. The product is taken in the
// order of the shape, so that an overflow is one even if a later size is 0, as
// it is for the reference reader.
func byteSize(dtype string, shape []int) (uint64, error) {
	width, ok := bitsOf(dtype)
	if !ok {
		return 0, fmt.Errorf("unknown dtype %q", dtype)
	}
	product := uint64(1)
	for _, size := range append(slices.Clone(shape), int(width)) {
		high, low := bits.Mul64(product, uint64(size))
		if high != 0 {
			return 0, fmt.Errorf("the size of %s %v overflows", dtype, shape)
		}
		product = low
	}
	if product%8 != 0 {
		return 0, fmt.Errorf("%s %v takes %d bits, which is not a whole number of bytes", dtype, shape, product)
	}
	return product / 8, nil
}

package cuda

import (
	"cmp"
	"slices"
	"unsafe"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// uploaded is a stretch of a file on the GPU. Holding the bytes keeps their
// address from being anybody else's.
type uploaded struct {
	bytes []byte
	at    pointer
}

func (u uploaded) begin() uintptr { return addressOf(u.bytes) }

func addressOf(bytes []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(bytes))) }

// holds returns where a weight lies within a stretch, if all of it does, and so
// that its numbers are aligned.
func (u uploaded) holds(w kernels.Weight) (pointer, bool) {
	offset := addressOf(w.Bytes) - u.begin()
	if offset > uintptr(len(u.bytes)) || uintptr(len(w.Bytes)) > uintptr(len(u.bytes))-offset || offset%alignment(w.Type) != 0 {
		return 0, false
	}
	if w.Scales != nil { // on the GPU they lie with the numbers
		_, size := w.Block()
		offset += offset / uintptr(size)
	}
	return u.at + pointer(offset), true
}

// alignment is that of what kernels read a weight by: single numbers whole,
// blocks byte by byte.
func alignment(d tensor.DType) uintptr {
	if block, size := d.Block(); block == 1 {
		return uintptr(size)
	}
	return 1
}

// weight returns where a weight lies on the GPU, in its file's own type, and how
// it lies there; it is uploaded when it is first used.
func (b *Backend) weight(w kernels.Weight) (pointer, kernels.Weight) {
	switch {
	case b.err != nil:
		return 0, w
	case w.Order != nil:
		return b.inTurn(w)
	}
	return b.asStored(w), w
}

// place is what a weight whose outputs lie in an order of their own is known by.
type place struct {
	bytes *byte
	order *int32
}

// inTurn uploads outputs that lie in another order one after the other, since the
// kernels know strides alone. No other weight has the same ones.
func (b *Backend) inTurn(w kernels.Weight) (pointer, kernels.Weight) {
	elements, size := w.Block()
	row := w.Shape[1] / elements * size
	key := place{unsafe.SliceData(w.Bytes), unsafe.SliceData(w.Order)}
	at, known := b.ordered[key]
	if !known {
		packed := w
		packed.Bytes, packed.Scales = make([]byte, 0, w.Shape[0]*row), nil
		for o := range w.Shape[0] {
			begin := w.Row(o) / elements
			packed.Bytes = append(packed.Bytes, w.Bytes[begin*size:][:row]...)
			if w.Scales != nil {
				packed.Scales = append(packed.Scales, w.Scales[begin:][:w.Shape[1]/elements]...)
			}
		}
		at = b.add(packed.Bytes, packed)
		b.ordered[key] = at
	}
	w.Order, w.Stride[0] = nil, w.Shape[1]
	return at, w
}

// asStored uploads a stretch of the file. Weights that share bytes, as a tied
// embedding and the parts of a fused matrix do, are uploaded in one piece: the first
// of the parts brings what lies between its numbers, and after them up to the next.
func (b *Backend) asStored(w kernels.Weight) pointer {
	extent := (w.Shape[0]-1)*w.Stride[0] + (w.Shape[1]-1)*w.Stride[1] + 1
	piece := w.Bytes[:reach(w, max(extent, w.Shape[0]*w.Stride[0], w.Shape[1]*w.Stride[1]))]
	w.Bytes = w.Bytes[:reach(w, extent)]
	after, _ := slices.BinarySearchFunc(b.weights, addressOf(w.Bytes)+1, func(u uploaded, at uintptr) int { return cmp.Compare(u.begin(), at) })
	for i := after - 1; i >= 0; i-- {
		if at, ok := b.weights[i].holds(w); ok {
			return at
		}
	}
	at := b.add(piece, w)
	if b.err == nil {
		b.weights = slices.Insert(b.weights, after, uploaded{piece, at})
	}
	return at
}

// add uploads a piece of a weight to memory of its own.
func (b *Backend) add(piece []byte, w kernels.Weight) pointer {
	size := len(piece)
	if w.Scales != nil {
		size = packedSize(w, piece)
	}
	at, err := b.alloc(size)
	if err == nil {
		err = b.send(at, piece, w)
	}
	if err != nil {
		b.fail("weight "+w.Name, err)
		return 0
	}
	b.uploaded += size
	return at
}

// packedSize is how many bytes numbers whose scales lie apart take with them.
func packedSize(w kernels.Weight, numbers []byte) int {
	elements, size := w.Block()
	return w.Type.Bytes(len(numbers) / size * elements)
}

// send uploads a piece of a weight. Scales that lie apart are packed with their
// numbers on the way, a few at a time, since the kernels know the type's own blocks.
func (b *Backend) send(at pointer, piece []byte, w kernels.Weight) error {
	if w.Scales == nil {
		return b.gpu.upload(at, piece)
	}
	_, size := w.Block()
	packed := make([]byte, packedSize(w, piece[:min(len(piece), 4096*size)]))
	for scales := w.Scales; len(piece) > 0; {
		numbers := piece[:min(len(piece), 4096*size)]
		part := packed[:packedSize(w, numbers)]
		tensor.PackMXFP4(part, scales, numbers)
		if err := b.gpu.upload(at, part); err != nil {
			return err
		}
		piece, scales, at = piece[len(numbers):], scales[len(numbers)/size:], at+pointer(len(part))
	}
	return nil
}

// reach is how many bytes so many elements of a weight take, of those that it has.
func reach(w kernels.Weight, elements int) int {
	block, size := w.Block()
	return min((elements+block-1)/block*size, len(w.Bytes))
}

package cuda

import (
	"runtime"
	"unsafe"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

var _ kernels.Comparer = (*Backend)(nil)

// Compare returns each vector's products with the rows of w, and the rows' own
// squares. If the backend is interrupted they may be zeros.
func (b *Backend) Compare(vectors [][]float32, w kernels.Weight) (products [][]float32, squares []float64) {
	b.fail("compare", kernels.CheckCompare(vectors, w))
	if b.err != nil {
		return nil, nil
	}
	outputs := w.Shape[0]
	products, squares = make([][]float32, len(vectors)), make([]float64, outputs)
	all := make([]float32, len(vectors)*outputs)
	for v := range products {
		products[v] = all[v*outputs:][:outputs:outputs]
	}
	if len(vectors) > 0 {
		x := b.MatMul(b.Put(sideBySide(vectors)), w, kernels.MatMulOpts{Out: []tensor.Dim{tensor.D(tensor.DVocab, outputs)}})
		b.fetch("compare", floatBytes(all), b.in(x))
	}
	b.fetch("compare", doubleBytes(squares), b.squares(w))
	if b.err != nil {
		return nil, nil
	}
	return products, squares
}

// sideBySide is a matrix whose rows are the vectors.
func sideBySide(vectors [][]float32) tensor.Tensor {
	t := tensor.New(tensor.D(tensor.Pos, len(vectors)), tensor.D(tensor.DModel, len(vectors[0])))
	for i, v := range vectors {
		copy(t.Row(i), v)
	}
	return t
}

// squares returns the square of each row of w, each a double, in the place of two
// numbers.
func (b *Backend) squares(w kernels.Weight) *array {
	out, ok := b.out("compare", []tensor.Dim{tensor.D(tensor.DVocab, w.Shape[0]), tensor.D(tensor.One, 2)}, nil)
	if ok {
		at, w := b.weight(w)
		name := "squares_" + typeName(w.Type)
		b.work("compare with "+w.Name).pointer(at).arrays(out).int(w.Shape[1]).long(w.Stride[0]).run(name, name, rows(w.Shape[0], w.Shape[1]))
	}
	return out
}

// fetch copies an array's bytes back, unless something failed before or nobody waits
// any more.
func (b *Backend) fetch(op string, to []byte, x *array) {
	if b.err == nil && !b.stopped() {
		b.fail(op, b.gpu.download(to, x.at))
	}
	runtime.KeepAlive(x)
}

// doubleBytes is the memory of doubles.
func doubleBytes(v []float64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 8*len(v))
}

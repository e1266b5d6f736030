package cuda

import (
	"testing"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// TestCompareInterrupted: whoever asks gets as many numbers as were asked for, and no
// error.
func TestCompareInterrupted(t *testing.T) {
	be := onInterpreter(t)
	be.Interrupt(func() bool { return true })
	w := kernels.Weight{Name: "embedding", Type: tensor.F32, Shape: [2]int{3, 2}, Stride: [2]int{2, 1}, Bytes: make([]byte, 24)}
	products, squares := be.Compare([][]float32{{1, 2}, {3, 4}}, w)
	if len(products) != 2 || len(products[1]) != 3 || len(squares) != 3 || be.Err() != nil {
		t.Errorf("%d products, %d squares, %v", len(products), len(squares), be.Err())
	}
}

// TestCompareWithoutVectors gives the squares alone.
func TestCompareWithoutVectors(t *testing.T) {
	be := onInterpreter(t)
	w := kernels.Weight{Name: "embedding", Type: tensor.BF16, Shape: [2]int{1, 2}, Stride: [2]int{2, 1}, Bytes: []byte{0x40, 0x40, 0x80, 0x40}}
	if products, squares := be.Compare(nil, w); len(products) != 0 || len(squares) != 1 || squares[0] != 25 || be.Err() != nil {
		t.Errorf("products %v, squares %v, %v", products, squares, be.Err())
	}
}

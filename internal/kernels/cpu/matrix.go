package cpu

import (
	"unsafe"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// line is how many float32 fill a cache line, where arrays begin: no load of
// eight or sixteen numbers then straddles two lines.
const line = 16

// matrix is a view of rows with float32 numbers in between them to skip.
type matrix struct {
	data   []float32
	stride int // from one row to the next
}

// from returns the matrix that begins at a row and column of m.
func (m matrix) from(row, col int) matrix {
	return matrix{data: m.data[row*m.stride+col:], stride: m.stride}
}

// operand is the right side of a product, seen as a weight: [out, in].
type operand struct {
	data   []float32      // its numbers from [0, 0] on, where they are float32 already
	weight kernels.Weight // where they lie in a file, as whatever type; without data
	stride [2]int         // elements between neighbouring outputs, inputs
}

// operandOf views a weight: as numbers in place if the machine allows it, and they
// lie in turn.
func operandOf(w kernels.Weight) operand {
	o := operand{weight: w, stride: w.Stride}
	if w.Type == tensor.F32 && w.Order == nil {
		n := (w.Shape[0]-1)*w.Stride[0] + (w.Shape[1]-1)*w.Stride[1] + 1
		o.data, _ = floats(w.Bytes, n)
	}
	return o
}

// aligned returns n zeros whose first begins a cache line.
func aligned(n int) []float32 {
	data := make([]float32, n+line-1)
	past := int(uintptr(unsafe.Pointer(unsafe.SliceData(data)))/4) % line
	skip := (line - past) % line
	return data[skip : skip+n : skip+n]
}

// roundUp returns the first multiple of unit that is not below n.
func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

// grow returns a slice of n numbers, of whatever value, in buffer's memory if
// they fit.
func grow(buffer *[]float32, n int) []float32 {
	if cap(*buffer) < n {
		*buffer = aligned(n)
	}
	return (*buffer)[:n]
}

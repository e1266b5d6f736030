package cpu

import (
	"unsafe"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// tile bounds the rows and columns of one call to dots. gonum runs products
// of up to three 64 x 64 tiles on the calling goroutine, which is what keeps
// this backend's threads its own.
const tile = 64

// lane is how many float32 make the 16 bytes that gonum's dot product aligns
// its second operand to: it takes what lies before that boundary on its own,
// so that the order of the sum depends on where the operand lies in memory.
// Rows that start on the boundary give the same bits wherever they are.
const lane = 4

// matrix is a view of rows with float32 numbers in between them to skip.
type matrix struct {
	data   []float32
	stride int // from one row to the next
}

// from returns the matrix that begins at a row and column of m.
func (m matrix) from(row, col int) matrix {
	return matrix{data: m.data[row*m.stride+col:], stride: m.stride}
}

// dots sets c [rows, cols] to the dot products of a's rows [rows, n] with b's
// rows [cols, n]; rows and cols are at most tile, and each row of b is aligned
// to a lane. The order of each sum depends on n alone.
//
//	c[i, j] = sum_k a[i, k] b[j, k]
func dots(c, a, b matrix, rows, cols, n int) {
	gonum.Implementation{}.Sgemm(blas.NoTrans, blas.Trans, rows, cols, n,
		1, a.data, a.stride, b.data, b.stride, 0, c.data, c.stride)
}

// aligned returns n zeros whose first lies on a lane's boundary.
func aligned(n int) []float32 {
	data := make([]float32, n+lane-1)
	past := int(uintptr(unsafe.Pointer(unsafe.SliceData(data)))/4) % lane
	skip := (lane - past) % lane
	return data[skip : skip+n : skip+n]
}

// alignedRows returns a matrix of x's rows [rows, width], each on a lane's
// boundary: x itself, which is aligned, where the width allows.
func alignedRows(x []float32, rows, width int) matrix {
	if width%lane == 0 {
		return matrix{data: x, stride: width}
	}
	m := matrix{stride: roundUp(width, lane)}
	m.data = aligned(rows * m.stride)
	for r := range rows {
		copy(m.data[r*m.stride:], x[r*width:(r+1)*width])
	}
	return m
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

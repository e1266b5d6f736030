package cpu

import (
	"fmt"
	"strings"

	"attn/internal/tensor"
)

// set is the innermost loops in the words of one instruction set. A set lacks
// nothing: what it has no better way for is portable Go.
type set struct {
	name string

	tiles tiling
	// tile sets c, whose rows are ldc apart, to the product of rows (1 to
	// tiles.rows) of a, lda apart, with a packed strip b [k, tiles.cols], or adds it
	// to c; k is 1 or more.
	//
	//	c[r, j] = [c[r, j] +] sum_p a[r, p] b[p, j]
	tile func(c, a, b []float32, ldc, lda, k, rows int, add bool)
	// dots sets dst [rows, 4] to the dot products of rows (1 or 3) of x with
	// four rows of w, n numbers each.
	dots func(dst, x, w []float32, ldx, ldw, n, rows int)
	// transpose turns 8 rows of src, k numbers each, stride apart, into columns of
	// dst [k, wide]; k is a multiple of 8.
	transpose func(dst, src []float32, wide, stride, k int)
	// halves and brains decode binary16 and bfloat16.
	halves, brains func(dst []float32, src []byte)
	// blocks is tensor.Decode for the types that are stored in blocks.
	blocks func(dst []float32, d tensor.DType, src []byte)

	add, multiply  func(dst, x, y []float32)
	scale          func(dst, x []float32, factor float32)
	silu, geluTanh func(dst, x []float32)
	// turn sets low, high to (a cos - b sin, b cos + a sin).
	turn func(low, high, a, b, cos, sin []float32)
	// largest returns the largest of x: -Inf of none, NaN if any is.
	largest func(x []float32) float32
	// exps sets dst to exp(x - top) and returns their sum.
	exps func(dst, x []float32, top float32) float64
	// total returns the sum of x, squares that of (x - mean)².
	total   func(x []float32) float64
	squares func(x []float32, mean float64) float64
	// standard sets dst to (x - mean) / deviation.
	standard func(dst, x []float32, mean, deviation float64)
}

// portable is what every machine can run.
func portable() *set {
	return &set{
		name:  "generic",
		tiles: sixBySixteen(), tile: tile, dots: dots, transpose: transpose,
		halves: decodeHalves, brains: decodeBrains, blocks: tensor.Decode,
		add: add, multiply: multiply, scale: scale,
		silu: silu, geluTanh: geluTanh, turn: turn,
		largest: largest, exps: exps,
		total: total, squares: squares, standard: standard,
	}
}

// Sets returns the names of the instruction sets that this machine has kernels
// for and can run, the best one first. The last one is "generic", portable Go.
func Sets() []string {
	var names []string
	for _, s := range sets() {
		names = append(names, s.name)
	}
	return names
}

// choose returns the named set, or the best one if there is no name.
func choose(name string) (*set, error) {
	have := sets()
	if name == "" {
		return have[0], nil
	}
	for _, s := range have {
		if s.name == name {
			return s, nil
		}
	}
	return have[0], fmt.Errorf("instruction set %q is none that this machine can run: %s", name, strings.Join(Sets(), ", "))
}

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
	// wide is this set with another tile, for products of so many outputs that they
	// fill it; nil where that is no faster.
	wide *set
	// dots sets dst [rows, 4] to the dot products of rows (1 or 3) of x with
	// four rows of w, n numbers each.
	dots func(dst, x, w []float32, ldx, ldw, n, rows int)
	// columns adds to c [rows, cols] a product of rows of x with k (8 or 1) rows of
	// w, ldw apart; nil in sets that pack such weights, too.
	//
	//	c[r, j] += sum_p x[r, p] w[p, j]
	columns func(c, x, w []float32, ldc, ldx, ldw, cols, k, rows int)
	// transpose turns 8 rows of src, k numbers each, stride apart, into columns of
	// dst [k, wide]; k is a multiple of 8.
	transpose func(dst, src []float32, wide, stride, k int)
	// spread writes rows of so many numbers, stride apart, over as many strips [k,
	// cols] as they fill; nil where that is portable Go.
	spread  func(dst, src []float32, stride, k int)
	spreads int
	// halves and brains decode binary16 and bfloat16.
	halves, brains func(dst []float32, src []byte)
	// blocks is tensor.Decode for the types that are stored in blocks.
	blocks func(dst []float32, d tensor.DType, src []byte)
	// parts multiply large matrices in parts of each number; nil in sets that
	// have no such loops.
	parts *partLoops

	add, multiply        func(dst, x, y []float32)
	scale                func(dst, x []float32, factor float32)
	silu, geluTanh, gelu func(dst, x []float32)
	relu                 func(dst, x []float32)
	clamp                func(dst, x []float32, low, high float32)
	// turn sets low, high to (a cos - b sin, b cos + a sin). turnPairs is turn for
	// pairs side by side, turnApart for such that it puts apart.
	turn      func(low, high, a, b, cos, sin []float32)
	turnPairs func(dst, x, cos, sin []float32)
	turnApart func(low, high, x, cos, sin []float32)
	// largest returns the largest of x: -Inf of none, NaN if any is.
	largest func(x []float32) float32
	// exps sets dst to exp(x - top) and returns their sum.
	exps func(dst, x []float32, top float32) float64
	// total returns the sum of x, squares that of (x - mean)².
	total   func(x []float32) float64
	squares func(x []float32, mean float64) float64
	// standard sets dst to (x - mean) factor, in float64: a division for each number
	// would take longer than all else.
	standard func(dst, x []float32, mean, factor float64)
	// bend sets dst to out tanh(in x).
	bend func(dst, x []float32, in, out float32)

	// What fused attention goes over panels with: rows of so many lanes, at most so
	// many of them.
	lanes, keys int
	// panel sets c [rows, lanes] to the product of rows of a, lda apart, with b
	// [k, lanes], or adds it to c; rows is a multiple of panelRows.
	//
	//	c[r, l] (+)= sum_p a[r, p] b[p, l]
	panel func(c, a, b []float32, lda, k, rows int, add bool)
	// tops takes scores [keys, lanes] into each lane's largest one, and marks
	// those above the last of a list: bit l%16 of masks [l/16, fewestKeys]. What
	// follows the last key to the next multiple of 64 is not marked.
	tops func(s []float32, sums *laneSums, masks []uint16, keys int)
	// list puts what is marked into the lists of its lane.
	list func(lists *topLists, sums *laneSums, s []float32, first, count int)
	// weigh makes weights of scores [keys, lanes] and takes them into the sums;
	// it reports whether older sums have fallen.
	weigh func(s []float32, sums *laneSums, keys int) bool
	// near adds up the weights [keys, lanes] of the keys fewer than near from a
	// lane's query, which is behind+l keys behind the first one.
	near func(sum, s []float32, behind, near, keys int)
	// give adds up 2^(s - shift), scores [queries, lanes] and a shift for each
	// query.
	give func(sum, s, shift []float32, queries int)
	// lower multiplies the rows of c [rows, lanes] by factors [lanes].
	lower func(c, factors []float32, rows int)
	// flip turns rows of src [rows, cols], lds apart, into columns of dst, whose
	// rows are ldd apart.
	flip func(dst, src []float32, ldd, lds, rows, cols int)
}

// portable is what every machine can run.
func portable() *set {
	s := &set{
		name:  "generic",
		tiles: sixBySixteen(), tile: tile, dots: dots, transpose: transpose,
		halves: decodeHalves, brains: decodeBrains, blocks: tensor.Decode,
		add: add, multiply: multiply, scale: scale,
		silu: silu, geluTanh: geluTanh, gelu: gelu, relu: relu, clamp: clamp,
		turn: turn, turnPairs: turnPairs, turnApart: turnApart,
		largest: largest, exps: exps,
		total: total, squares: squares, standard: standard,
		bend:  bend,
		lanes: fewestLanes, keys: mostKeys, flip: flip,
	}
	l := loops(fewestLanes)
	s.tops, s.list, s.weigh, s.near, s.give, s.lower = l.tops, l.list, l.weigh, l.near, l.give, l.lower
	s.panel = panelOf(s)
	return s
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

// TileProducts returns how many products of bfloat16 tiles take the place of one
// in float32, with weights of a type, where a set multiplies large matrices in
// tiles; 0 in other sets.
func TileProducts(name string, d tensor.DType) int {
	if s, err := choose(name); err != nil || s.parts == nil {
		return 0
	}
	return [...]int{1: 3, 2: 5, 3: 6}[partsOf(d)]
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

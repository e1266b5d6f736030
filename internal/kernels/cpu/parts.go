package cpu

import (
	"math"
	"unsafe"

	"attn/internal/tensor"
)

// A float32 number is the sum of three bfloat16 numbers, its parts: 24 bits are
// three times eight. Processors that multiply tiles of bfloat16 numbers, and add
// in float32, multiply float32 numbers by parts (Henry, Tang and Heinecke,
// Leveraging the bfloat16 Artificial Intelligence Datatype For Higher-Precision
// Computations, 2019):
//
//	x w = x0 w0 + (x0 w1 + x1 w0) + (x0 w2 + x1 w1 + x2 w0) + what is left out
//
// Part i is what parts before it leave, rounded to eight bits, halves away from
// zero. So |x1| <= 2^-8 |x| and |x2| <= 2^-17 |x|, and what is left out, x1 w2 +
// x2 w1 + x2 w2, is at most 1.01 * 2^-24 |x w|: one rounding. A weight of 17 bits
// or fewer has no third part, one of eight no second: what is left out then is
// half of that, or nothing.
//
// A tile takes 32 inputs. Their products are exact, for 8 and 8 bits are 16, and
// each of two chains adds 16 of them: 15 roundings, one for the two chains and
// one for the sum so far. The plain loop has 32. Sums of parts are small beside
// those of x0 w0, and so are their roundings. TestTilesErrLess measures it.
//
// Tiles take numbers below 2^-126 for zero, and make zero of such results. Both
// sides are scaled by powers of two, which is exact, so that no part is so small
// and no sum too large:
//
//	          |x| < 2^26    scaled by 2^32    multiples of 2^-117, below 2^58
//	2^-119 <= |w| < 2^42    scaled by 2^16    multiples of 2^-126, below 2^58
//
// Of a result that becomes zero less than 2^-126 is lost, 2^-174 when scaled back.
// There are no more than seven for each input: together they are nothing beside
// the 2^-150 that the plain loop may lose at each product. And 1024 products are
// below 1.01 * 2^126. A panel with another number than these and zero, infinities
// and NaN among them, is multiplied as if there were no tiles.

const (
	leftScale  = 1 << 32 // of x
	rightScale = 1 << 16 // of weights
	// sumScale takes both back.
	sumScale = 1.0 / (leftScale * rightScale)

	leastLeft, mostLeft   = 0x1p-149, 0x1p26
	leastRight, mostRight = 0x1p-119, 0x1p42
)

const (
	// side is how many rows of x, or outputs, a panel holds: two tiles, so that
	// four tiles of sums read two of each.
	side = 32
	// step is how many inputs a tile holds, and tileSize how many numbers.
	step     = 32
	tileSize = 16 * step
	// partSize is one part of a panel at one step: two tiles.
	partSize = 2 * tileSize
	// leftParts is how many parts x has, and leftStep a panel at one step.
	leftParts = 3
	leftStep  = leftParts * partSize
)

// partLoops multiply by parts: Intel's AMX, or its model in tests.
type partLoops struct {
	// pays reports whether a product of so many rows and inputs, with weights of
	// so many parts, is faster by parts.
	pays func(parts, rows, inputs int) bool
	// splitRows writes the parts of rows (1 to side) of x, k numbers each, to a
	// panel [step, part, row, input]. Inputs after the last are zero.
	splitRows func(panel []uint16, x []float32, stride, k, rows int, seen *seen)
	// splitStrip writes so many parts of 16 columns of a strip [k, 16], whose
	// rows are stride apart, to a panel [step, part, half, pair of inputs, output,
	// input of the pair]: to the half that the panel begins with. Inputs that
	// would make a pair whole are zero, pairs after the last are not written.
	splitStrip func(panel []uint16, strip []float32, stride, k, parts int, seen *seen)
	// multiply does a job.
	multiply func(j *tileJob)
}

// tileJob sets c [rows, cols] to start plus a product of two panels:
//
//	c[r, j] = start[r, j] + sumScale * sum_s sum_(part i, part p; i + p < 3, p < used) left[s, i, r, :] · right[s, p, j, :]
type tileJob struct {
	c           *float32
	ldc         int      // from one row of c to the next, in bytes
	start       *float32 // c itself, to add to it
	apart       int      // from one row of start to the next, in bytes; 0 if all are the same
	rows, cols  int      // of c, 1 to side
	left, right *uint16
	steps       int
	stored      int                   // parts of right in memory
	used        int                   // parts of right that are not zero, 1 to stored
	next        *uint16               // a panel that will be wanted soon
	sums        *[side * side]float32 // memory to use
}

// seen is what splitting learns of the numbers, lane by lane: it grows from
// call to call.
type seen struct {
	least  [16]uint32 // of the magnitudes' bits, less one, so that zero is the most
	most   [16]uint32
	second [16]uint32 // bits of any second part, and third
	third  [16]uint32
}

func nothingSeen() seen {
	s := seen{}
	for i := range s.least {
		s.least[i] = math.MaxUint32
	}
	return s
}

// within reports whether all numbers are zero or of a magnitude from least on
// and below most.
func (s *seen) within(least, most float32) bool {
	low, high := math.Float32bits(least)-1, math.Float32bits(most)
	for i := range s.least {
		if s.least[i] < low || s.most[i] >= high {
			return false
		}
	}
	return true
}

// parts is how many parts are not all zero, at least one.
func (s *seen) parts() int {
	var second, third uint32
	for i := range s.second {
		second |= s.second[i]
		third |= s.third[i]
	}
	switch {
	case third != 0:
		return 3
	case second != 0:
		return 2
	}
	return 1
}

// partsOf is how many parts the numbers of a stored type may have, by their
// bits: those of blocks are a scale of 11 times a few.
func partsOf(d tensor.DType) int {
	switch d {
	case tensor.BF16, tensor.F8E4M3, tensor.F8E5M2, tensor.MXFP4:
		return 1
	case tensor.F16, tensor.Q4_0, tensor.Q5_0:
		return 2
	}
	return 3
}

// growParts is grow for parts.
func growParts(buffer *[]float32, n int) []uint16 {
	data := grow(buffer, (n+1)/2)
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(data))), n)
}

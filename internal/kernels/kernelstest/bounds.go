package kernelstest

import "math"

// How far an op may lie from package ref, which is right to half a unit in the
// last place. u is float32's unit roundoff. A sum of n terms taken in float32,
// in any order, is off by at most n u sum|terms| (Higham, Accuracy and
// Stability of Numerical Algorithms, section 4.2).
//
//	gather       0
//	matmul       (in + 3) u (sum|x||w| + |bias|)
//	norm         (d + 8) u (|gain| (max|x| / scale + tiny) + |normalized| + 2 |bias|)
//	norm scale   (d + 8) u (scale + max|x|)
//	add          0
//	activate     8 u |x|
//	scores       (D + 3) u sum|q||k|
//	scale        0
//	mask         0
//	softmax      (n + 8 + 2 |x - max|) u p
//	mix          (T + 3) u sum|pattern||v|
//	headresults  (D + 3) u sum|z||w|

// u is half the distance from 1 to the next float32.
const u = 1.0 / (1 << 24)

// tiny is the smallest normal float32: what lies below may have lost bits.
const tiny = 0x1p-126

// bound is the largest error allowed. +Inf allows anything: a partial sum in
// float32 may overflow there. NaN allows only what ref says: an argument was
// infinite or NaN, and the result must show it.
type bound float64

// exact allows no error.
func exact(int, int, float64) bound { return 0 }

// relative is the bound of so many roundings at a magnitude.
func relative(roundings int, magnitude float64) bound {
	switch {
	case math.IsInf(magnitude, 0) || math.IsNaN(magnitude):
		return bound(math.NaN())
	case magnitude > math.MaxFloat32/4:
		return bound(math.Inf(1))
	}
	return bound(float64(roundings)*u*magnitude + tiny*float64(roundings)*u)
}

// holds reports whether got is close enough to want.
func (b bound) holds(got, want float32) bool {
	if want != want {
		return got != got
	}
	return got == want || math.Abs(float64(got)-float64(want)) <= float64(b)
}

// sumOfProducts is sum_k |a(k)| |b(k)| over n terms, where a product of zero
// and infinity is NaN.
func sumOfProducts(n int, term func(k int) (a, b float32)) float64 {
	sum := 0.0
	for k := range n {
		a, b := term(k)
		sum += math.Abs(float64(a) * float64(b))
	}
	return sum
}

// maxAbs is the largest magnitude in x.
func maxAbs(x []float32) float64 {
	top := 0.0
	for _, v := range x {
		top = math.Max(top, math.Abs(float64(v)))
	}
	return top
}

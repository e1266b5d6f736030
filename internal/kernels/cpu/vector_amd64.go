package cpu

import "math"

// AVX2's loops take whole eights. What is left is done by the portable loop
// where that gives the same bits, and otherwise as an eight of its own, filled
// up.

// whole is how many of n numbers are whole eights.
func whole(n int) int { return n &^ 7 }

func addEights(dst, x, y []float32) {
	n := whole(len(dst))
	addAVX2(dst[:n], x[:n], y[:n])
	add(dst[n:], x[n:], y[n:])
}

func multiplyEights(dst, x, y []float32) {
	n := whole(len(dst))
	multiplyAVX2(dst[:n], x[:n], y[:n])
	multiply(dst[n:], x[n:], y[n:])
}

func scaleEights(dst, x []float32, factor float32) {
	n := whole(len(dst))
	scaleAVX2(dst[:n], x[:n], factor)
	scale(dst[n:], x[n:], factor)
}

func turnEights(low, high, a, b, cos, sin []float32) {
	n := whole(len(low))
	turnAVX2(low[:n], high[:n], a[:n], b[:n], cos[:n], sin[:n])
	turn(low[n:], high[n:], a[n:], b[n:], cos[n:], sin[n:])
}

func turnPairsEights(dst, x, cos, sin []float32) {
	n := whole(len(cos))
	turnPairsAVX2(dst[:2*n], x[:2*n], cos[:n], sin[:n])
	turnPairs(dst[2*n:], x[2*n:], cos[n:], sin[n:])
}

func turnApartEights(low, high, x, cos, sin []float32) {
	n := whole(len(cos))
	turnApartAVX2(low[:n], high[:n], x[:2*n], cos[:n], sin[:n])
	turnApart(low[n:], high[n:], x[2*n:], cos[n:], sin[n:])
}

func reluEights(dst, x []float32) {
	n := whole(len(dst))
	reluAVX2(dst[:n], x[:n])
	relu(dst[n:], x[n:])
}

func clampEights(dst, x []float32, low, high float32) {
	n := whole(len(dst))
	clampAVX2(dst[:n], x[:n], low, high)
	clamp(dst[n:], x[n:], low, high)
}

func largestEights(x []float32) float32 {
	n := whole(len(x))
	top := largest(x[n:])
	if n > 0 {
		top = max(top, largestAVX2(x[:n]))
	}
	return top
}

func expsEights(dst, x []float32, top float32) float64 {
	n := whole(len(dst))
	sum := expsAVX2(dst[:n], x[:n], top)
	if n < len(dst) {
		last := [8]float32{}
		for i := copy(last[:], x[n:len(dst)]); i < len(last); i++ {
			last[i] = float32(math.Inf(-1)) // adds nothing to the sum
		}
		sum += expsAVX2(last[:], last[:], top)
		copy(dst[n:], last[:])
	}
	return sum
}

func siluEights(dst, x []float32) {
	n := whole(len(dst))
	siluAVX2(dst[:n], x[:n])
	if n < len(dst) {
		last := eight(x[n:len(dst)])
		siluAVX2(last[:], last[:])
		copy(dst[n:], last[:])
	}
}

func geluTanhEights(dst, x []float32) {
	n := whole(len(dst))
	geluTanhAVX2(dst[:n], x[:n])
	if n < len(dst) {
		last := eight(x[n:len(dst)])
		geluTanhAVX2(last[:], last[:])
		copy(dst[n:], last[:])
	}
}

func geluEights(dst, x []float32) {
	n := whole(len(dst))
	geluAVX2(dst[:n], x[:n])
	if n < len(dst) {
		last := eight(x[n:len(dst)])
		geluAVX2(last[:], last[:])
		copy(dst[n:], last[:])
	}
}

func bendEights(dst, x []float32, in, out float32) {
	n := whole(len(dst))
	bendAVX2(dst[:n], x[:n], in, out)
	if n < len(dst) {
		last := eight(x[n:len(dst)])
		bendAVX2(last[:], last[:], in, out)
		copy(dst[n:], last[:])
	}
}

// eight is up to eight numbers and as many zeros as are missing.
func eight(x []float32) (all [8]float32) {
	copy(all[:], x)
	return all
}

func totalEights(x []float32) float64 {
	n := whole(len(x))
	return totalAVX2(x[:n]) + total(x[n:])
}

func squaresEights(x []float32, mean float64) float64 {
	n := whole(len(x))
	return squaresAVX2(x[:n], mean) + squares(x[n:], mean)
}

func standardEights(dst, x []float32, mean, factor float64) {
	n := whole(len(dst))
	standardAVX2(dst[:n], x[:n], mean, factor)
	standard(dst[n:], x[n:], mean, factor)
}

// What these compute is written as Go above each one's code.

//go:noescape
func addAVX2(dst, x, y []float32)

//go:noescape
func multiplyAVX2(dst, x, y []float32)

//go:noescape
func scaleAVX2(dst, x []float32, factor float32)

//go:noescape
func turnAVX2(low, high, a, b, cos, sin []float32)

//go:noescape
func turnPairsAVX2(dst, x, cos, sin []float32)

//go:noescape
func turnApartAVX2(low, high, x, cos, sin []float32)

//go:noescape
func reluAVX2(dst, x []float32)

//go:noescape
func clampAVX2(dst, x []float32, low, high float32)

//go:noescape
func largestAVX2(x []float32) float32

//go:noescape
func expsAVX2(dst, x []float32, top float32) float64

//go:noescape
func siluAVX2(dst, x []float32)

//go:noescape
func geluTanhAVX2(dst, x []float32)

//go:noescape
func geluAVX2(dst, x []float32)

//go:noescape
func bendAVX2(dst, x []float32, in, out float32)

//go:noescape
func totalAVX2(x []float32) float64

//go:noescape
func squaresAVX2(x []float32, mean float64) float64

//go:noescape
func standardAVX2(dst, x []float32, mean, factor float64)

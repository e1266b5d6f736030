package cpu

import "math"

// The halves of log 2: exp32 takes n times the first, whose last bits are zero,
// without rounding as long as n has 9 bits.
const (
	ln2High = float32(0x1.62e4p-1)
	ln2Low  = float32(math.Ln2 - 0x1.62e4p-1)
)

// leastExp is where e^x falls below the smallest normal float32: exp32 is 0 there.
const leastExp = float32(-87.33654)

// exp32 is e^x for x ≤ 0, within 2 units in the last place: e^x = 2^n e^r with
// |r| ≤ (log 2)/2, and e^r by its Taylor polynomial, whose first omitted term
// is r^8/8! < 2^-27.
func exp32(x float32) float32 {
	if x < leastExp {
		return 0
	}
	n := int32(x*float32(math.Log2E) - 0.5) // to the nearest, for x ≤ 0
	r := x - float32(n)*ln2High
	r -= float32(n) * ln2Low
	p := float32(1.0/5040)*r + 1.0/720
	p = p*r + 1.0/120
	p = p*r + 1.0/24
	p = p*r + 1.0/6
	p = p*r + 0.5
	p = p*r*r + r
	return (p + 1) * math.Float32frombits(uint32(n+127)<<23)
}

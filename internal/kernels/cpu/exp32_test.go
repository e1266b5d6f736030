package cpu

import (
	"math"
	"testing"
)

// TestExp32 walks over all of float32 from 0 down, with steps that are no power
// of two so that every exponent and many last bits are met.
func TestExp32(t *testing.T) {
	worst := 0.0
	for bits := uint32(1 << 31); bits < 0xff800000; bits += 257 {
		x := math.Float32frombits(bits)
		got, want := float64(exp32(x)), math.Exp(float64(x))
		if x < leastExp {
			if got != 0 {
				t.Fatalf("exp32(%v) is %v, below the smallest normal", x, got)
			}
			continue
		}
		_, exponent := math.Frexp(want)
		ulps := math.Abs(got-want) / math.Ldexp(1, exponent-24)
		worst = max(worst, ulps)
		if ulps > 2 {
			t.Fatalf("exp32(%v) is %v, want %v: %.2f units in the last place", x, got, want, ulps)
		}
	}
	t.Logf("at most %.2f units in the last place", worst)
	if exp32(0) != 1 || exp32(float32(math.Inf(-1))) != 0 {
		t.Errorf("exp32(0) is %v, exp32(-Inf) is %v", exp32(0), exp32(float32(math.Inf(-1))))
	}
	if nan := exp32(float32(math.NaN())); nan == nan {
		t.Errorf("exp32(NaN) is %v", nan)
	}
}

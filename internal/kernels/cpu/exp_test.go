package cpu

import (
	"math"
	"sync"
	"testing"
)

// TestExp holds exp to two units in the last place of float64's, over every
// float32 whose exp is neither 1 nor 0 nor too large; -short tries one in 499.
func TestExp(t *testing.T) {
	eachSet(t, func(t *testing.T, name string) {
		t.Helper()
		s, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		step := uint32(1)
		if testing.Short() || name == "generic" { // which is float64's own
			step = 499
		}
		var both sync.WaitGroup
		for _, sign := range []uint32{0, 1 << 31} {
			both.Go(func() { expFrom(t, s, sign|math.Float32bits(0x1p-26), sign|math.Float32bits(128), step) })
		}
		both.Wait()
	})
}

// expFrom checks the numbers whose bits are first, first+step, ... below end.
func expFrom(t *testing.T, s *set, first, end, step uint32) {
	t.Helper()
	var x, got [1 << 12]float32
	for bits := first; bits < end; {
		n := 0
		for ; n < len(x) && bits < end; n++ {
			x[n] = math.Float32frombits(bits)
			bits += step
		}
		s.exps(got[:n], x[:n], 0)
		for i, v := range x[:n] {
			if e := math.Exp(float64(v)); !withinUlps(got[i], e, 2) {
				t.Errorf("exp(%v) is %v, want %v", v, got[i], e)
				return
			}
		}
	}
}

// withinUlps reports whether got is at most so many units in the last place
// from want, whose float32 neighbours are that far apart. What is too large for
// float32 is infinite.
func withinUlps(got float32, want, units float64) bool {
	if near := float32(want); got == near {
		return true
	}
	unit := math.Ldexp(1, max(math.Ilogb(want), -126)-23)
	return math.Abs(float64(got)-want) <= units*unit
}

func TestExpAtItsEnds(t *testing.T) {
	inf := float32(math.Inf(1))
	nan := float32(math.NaN())
	eachSet(t, func(t *testing.T, name string) {
		t.Helper()
		s, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range [][2]float32{
			{0, 1},
			{float32(math.Copysign(0, -1)), 1},
			{0x1p-149, 1},
			{-0x1p-149, 1},
			{0x1p-30, 1},
			{-inf, 0},
			{inf, inf},
			{nan, nan},
			{-104, 0},
			{-1e30, 0},
			{-math.MaxFloat32, 0},
			{89, inf},
			{1e30, inf},
			{math.MaxFloat32, inf},
		} {
			for n := 1; n < 18; n++ {
				x, got := make([]float32, n), make([]float32, n)
				for i := range x {
					x[i] = c[0]
				}
				s.exps(got, x, 0)
				for i, v := range got {
					if v != c[1] && (v == v || c[1] == c[1]) {
						t.Fatalf("exp(%v) is %v at %d of %d, want %v", c[0], v, i, n, c[1])
					}
				}
			}
		}
	})
}

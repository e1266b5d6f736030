package cpu

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestGELU holds x Φ(x) to few units in the last place of float64's, from where it
// is x/2 to where it is x or nothing.
func TestGELU(t *testing.T) {
	want := func(x float64) float64 { return 0.5 * x * math.Erfc(-x/math.Sqrt2) }
	eachSet(t, func(t *testing.T, name string) {
		t.Helper()
		s, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		if worst, at := worstUnits(s.gelu, want, 0x1p-30, 20); worst > 4 {
			t.Errorf("gelu(%v) is %v units off", at, worst)
		}
		if worst, at := worstUnits(s.gelu, want, -0x1p-30, -20); worst > 5 {
			t.Errorf("gelu(%v) is %v units off", at, worst)
		}
	})
}

func TestGELUAtItsEnds(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	atItsEnds(t, func(s *set, dst, x []float32) { s.gelu(dst, x) }, [][2]float32{
		{0, 0},
		{0x1p-148, 0x1p-149},
		{0x1p-126, 0x1p-127},
		{-0x1p-126, -0x1p-127},
		{-15, 0},
		{-1e30, 0},
		{-math.MaxFloat32, 0},
		{7, 7},
		{1e30, 1e30},
		{math.MaxFloat32, math.MaxFloat32},
		{inf, inf},
		{-inf, nan}, // as of the formula: -Inf times nothing
		{nan, nan},
	})
}

// TestBend holds tanh, and out tanh(in x), to few units in the last place of float64's.
func TestBend(t *testing.T) {
	eachSet(t, func(t *testing.T, name string) {
		t.Helper()
		s, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range [][2]float32{{1, 1}, {1.0 / 50, 50}, {1.0 / 30, 30 * math.Log2E}} {
			bend := func(dst, x []float32) { s.bend(dst, x, c[0], c[1]) }
			want := func(x float64) float64 { return float64(c[1]) * math.Tanh(float64(c[0])*x) }
			for _, sign := range []float32{1, -1} {
				worst, at := worstUnits(bend, want, sign*0x1p-30, sign*2000)
				if worst > 3.5 {
					t.Errorf("%v tanh(%v %v) is %v units off", c[1], c[0], at, worst)
				}
			}
		}
	})
}

func TestBendAtItsEnds(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	atItsEnds(t, func(s *set, dst, x []float32) { s.bend(dst, x, 0.5, 30) }, [][2]float32{
		{0, 0},
		{0x1p-149, 0x1p-149 * 15},
		{0x1p-125, 0x1p-125 * 15},
		{-0x1p-125, -0x1p-125 * 15},
		{100, 30},
		{-100, -30},
		{1e30, 30},
		{-1e30, -30},
		{inf, 30},
		{-inf, -30},
		{nan, nan},
	})
}

// TestTurnsAndEdgesAreThePortableOnes holds the loops that round as portable Go does
// to its bits, at every length near a vector's.
func TestTurnsAndEdgesAreThePortableOnes(t *testing.T) {
	special := []float32{0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 0x1p-149, 1.7, -3.1}
	random := rand.New(rand.NewPCG(3, 4))
	row := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(random.NormFloat64())
			if random.IntN(4) == 0 {
				x[i] = special[random.IntN(len(special))]
			}
		}
		return x
	}
	all := func(s *set, x, cos, sin []float32) []float32 {
		n := len(cos)
		out := make([]float32, 8*n)
		s.relu(out[:2*n], x)
		s.clamp(out[2*n:4*n], x, -1.5, 0.5)
		s.turnPairs(out[4*n:6*n], x, cos, sin)
		s.turnApart(out[6*n:7*n], out[7*n:], x, cos, sin)
		return out
	}
	eachSet(t, func(t *testing.T, name string) {
		t.Helper()
		s, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 41 {
			x, cos, sin := row(2*n), row(n), row(n)
			want := all(portable(), x, cos, sin)
			for i, got := range all(s, x, cos, sin) {
				if math.Float32bits(got) != math.Float32bits(want[i]) && (got == got || want[i] == want[i]) {
					t.Fatalf("%d pairs: number %d is %v, want %v", n, i, got, want[i])
				}
			}
		}
	})
}

// worstUnits returns how far f is from want at worst, in units in the last place of
// float32, and where, of one float32 in step from first to last.
func worstUnits(f func(dst, x []float32), want func(x float64) float64, first, last float32) (worst float64, at float32) {
	const step = 199
	var x, got [1 << 10]float32
	for bits, end := math.Float32bits(first), math.Float32bits(last); bits < end; {
		n := 0
		for ; n < len(x) && bits < end; n++ {
			x[n] = math.Float32frombits(bits)
			bits += step
		}
		f(got[:n], x[:n])
		for i, v := range x[:n] {
			w := want(float64(v))
			unit := math.Ldexp(1, max(math.Ilogb(w), -126)-23)
			off := math.Abs(float64(got[i])-w) / unit
			if math.IsNaN(off) {
				off = math.Inf(1)
			}
			if off > worst {
				worst, at = off, v
			}
		}
	}
	return worst, at
}

// atItsEnds holds a loop of every set to what it makes of special numbers, at
// every place of a row.
func atItsEnds(t *testing.T, f func(s *set, dst, x []float32), cases [][2]float32) {
	t.Helper()
	eachSet(t, func(t *testing.T, name string) {
		t.Helper()
		s, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			for n := 1; n < 18; n++ {
				x, got := make([]float32, n), make([]float32, n)
				for i := range x {
					x[i] = c[0]
				}
				f(s, got, x)
				for i, v := range got {
					if v != c[1] && (v == v || c[1] == c[1]) {
						t.Fatalf("of %v: %v at %d of %d, want %v", c[0], v, i, n, c[1])
					}
				}
			}
		}
	})
}

// BenchmarkCurves times the loops over rows in every set.
func BenchmarkCurves(b *testing.B) {
	x, dst := make([]float32, 1<<12), make([]float32, 1<<12)
	for i := range x {
		x[i] = float32(i%31)/4 - 4
	}
	stored := make([]byte, 2*len(x))
	for _, s := range sets() {
		for _, c := range []struct {
			name string
			run  func()
		}{
			{"gelu", func() { s.gelu(dst, x) }},
			{"relu", func() { s.relu(dst, x) }},
			{"clamp", func() { s.clamp(dst, x, -2, 2) }},
			{"pairs", func() { s.turnPairs(dst, x, x[:len(x)/2], x[:len(x)/2]) }},
			{"apart", func() { s.turnApart(dst[:len(x)/2], dst[len(x)/2:], x, x[:len(x)/2], x[:len(x)/2]) }},
			{"silu", func() { s.silu(dst, x) }},
			{"geluTanh", func() { s.geluTanh(dst, x) }},
			{"bend", func() { s.bend(dst, x, 0.5, 2) }},
			{"add", func() { s.add(dst, x, x) }},
			{"multiply", func() { s.multiply(dst, x, x) }},
			{"scale", func() { s.scale(dst, x, 0.5) }},
			{"largest", func() { s.largest(x) }},
			{"exps", func() { s.exps(dst, x, 4) }},
			{"total", func() { s.total(x) }},
			{"squares", func() { s.squares(x, 0.5) }},
			{"standard", func() { s.standard(dst, x, 0.5, 2) }},
			{"halves", func() { s.halves(dst, stored) }},
			{"brains", func() { s.brains(dst, stored) }},
			{"dots", func() { s.dots(dst, x[:1024], x, 0, 1024, 1024, 1) }},
			{"dots three", func() { s.dots(dst, x, x, 1024, 1024, 1024, 3) }},
			{"transpose", func() { s.transpose(dst, x, 8, 512, 512) }},
		} {
			b.Run(c.name+"/"+s.name, func(b *testing.B) {
				b.SetBytes(int64(4 * len(x)))
				for b.Loop() {
					c.run()
				}
			})
		}
	}
}

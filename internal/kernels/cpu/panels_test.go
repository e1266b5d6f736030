package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestPanels holds each loop of fused attention to the portable one.
func TestPanels(t *testing.T) {
	eachSet(t, func(t *testing.T, name string) {
		t.Helper()
		s, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(1, 2))
		for _, keys := range []int{1, 2, 3, 7, 8, 9, 31, 32, 33, 64, 100, s.keys} {
			for _, wild := range []bool{false, true} {
				t.Run(fmt.Sprint(keys, wild), func(t *testing.T) { panelsAgree(t, s, r, keys, wild) })
			}
		}
	})
}

// panelOfScores draws scores; wild ones hold infinities and NaN as well.
func panelOfScores(r *rand.Rand, rows, lanes int, wild bool) []float32 {
	odd := []float32{float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), -math.MaxFloat32, 1e30, -1e30, -149.5, 0}
	x := aligned(rows * lanes)
	for i := range x {
		x[i] = float32(r.NormFloat64() * 10)
		if wild && r.IntN(9) == 0 {
			x[i] = odd[r.IntN(len(odd))]
		} else if r.IntN(9) == 0 {
			x[i] = x[r.IntN(i+1)]
		}
	}
	return x
}

// panelsAgree takes two panels of scores through all loops.
func panelsAgree(t *testing.T, s *set, r *rand.Rand, keys int, wild bool) {
	t.Helper()
	plain := loops(s.lanes)
	for _, size := range []int{1, 3, 8, 16, 17, 64} {
		var got, want laneSums
		var gotTop, wantTop topLists
		got.begin(-math.MaxFloat32)
		want = got
		gotTop.begin(size, s.lanes)
		wantTop.begin(size, s.lanes)
		for first := 0; first < 2*keys; first += keys {
			x := panelOfScores(r, keys, s.lanes, wild)
			y := slices.Clone(x)
			s.tops(x, &got, gotTop.masks[:], keys)
			plain.tops(y, &want, wantTop.masks[:], keys)
			same(t, "next", got.next[:s.lanes], want.next[:s.lanes], 0)
			for v := 0; v < s.lanes; v += 16 {
				from, to := v/16*fewestKeys, v/16*fewestKeys+roundUp(keys, 64)
				if !slices.Equal(gotTop.masks[from:to], wantTop.masks[from:to]) {
					t.Fatalf("masks %v, want %v", gotTop.masks[from:to], wantTop.masks[from:to])
				}
			}
			s.list(&gotTop, &got, x, first, keys)
			plain.list(&wantTop, &want, y, first, keys)
			for l := range s.lanes {
				a, b := gotTop.scores[l*gotTop.width:][:size], wantTop.scores[l*gotTop.width:][:size]
				if !slices.Equal(a, b) || !slices.Equal(gotTop.of(l), wantTop.of(l)) {
					t.Fatalf("lane %d lists %v %v, want %v %v", l, a, gotTop.of(l), b, wantTop.of(l))
				}
			}
			same(t, "last", got.last[:s.lanes], want.last[:s.lanes], 0)
			if g, w := s.weigh(x, &got, keys), plain.weigh(y, &want, keys); g != w {
				t.Fatalf("fell %v, want %v", g, w)
			}
			same(t, "weights", x, y, 4)
			same(t, "fall", got.fall[:s.lanes], want.fall[:s.lanes], 4)
			same(t, "top", got.top[:s.lanes], want.top[:s.lanes], 0)
			sameSums(t, "sum", got.sum[:s.lanes], want.sum[:s.lanes])
			sameSums(t, "tilt", got.tilt[:s.lanes], want.tilt[:s.lanes])
			sameSums(t, "near", got.near[:s.lanes], want.near[:s.lanes])
			for l := range s.lanes {
				got.near[l] += float64(l)
				want.near[l] += float64(l)
			}
			near, wantNear := aligned(s.lanes), aligned(s.lanes)
			behind, width := r.IntN(2*keys+s.lanes)-keys-s.lanes/2, r.IntN(keys+9)
			s.near(near, y, behind, width, keys)
			plain.near(wantNear, y, behind, width, keys)
			same(t, "near", near, wantNear, 0)
			shift := panelOfScores(r, keys, 1, false)
			for i := range shift {
				shift[i] += 80
			}
			x = panelOfScores(r, keys, s.lanes, wild)
			for i := range x {
				x[i] = min(x[i], 50) // a sum is never below what it is of
			}
			s.give(near, x, shift, keys)
			plain.give(wantNear, x, shift, keys)
			same(t, "given", near, wantNear, 4+float64(keys))
			y = slices.Clone(x)
			s.lower(x, want.fall[:s.lanes], keys)
			plain.lower(y, want.fall[:s.lanes], keys)
			same(t, "lowered", x, y, 0)
		}
	}
}

// same holds that numbers are apart by at most so many of their unit roundoffs,
// or by the smallest normal number, or both NaN.
func same(t *testing.T, what string, got, want []float32, units float64) {
	t.Helper()
	for i, w := range want {
		g := got[i]
		if g == w || g != g && w != w {
			continue
		}
		if far := math.Abs(float64(g) - float64(w)); !(far <= units*0x1p-24*math.Abs(float64(w))+0x1p-126) {
			t.Fatalf("%s: %v at %d, want %v", what, g, i, w)
		}
	}
}

// sameSums is same for sums of positive, or of negative numbers.
func sameSums(t *testing.T, what string, got, want []float64) {
	t.Helper()
	for i, w := range want {
		g := got[i]
		if g == w || g != g && w != w {
			continue
		}
		if far := math.Abs(g - w); !(far <= 40*0x1p-24*math.Abs(w)+1e-30) {
			t.Fatalf("%s: %v at %d, want %v", what, g, i, w)
		}
	}
}

// TestPanelProducts holds panels of every small shape to sums in float64.
func TestPanelProducts(t *testing.T) {
	eachSet(t, func(t *testing.T, name string) {
		t.Helper()
		s, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(3, 4))
		for _, k := range []int{1, 2, 3, 4, 5, 7, 8, 31, 64, 128} {
			for _, rows := range []int{8, 16, 40} {
				for _, add := range []bool{false, true} {
					panelProduct(t, s, r, k, rows, add)
				}
			}
		}
	})
}

func panelProduct(t *testing.T, s *set, r *rand.Rand, k, rows int, add bool) {
	t.Helper()
	lda := k + r.IntN(3)
	a, b, c := panelOfScores(r, rows, lda, false), panelOfScores(r, k, s.lanes, false), panelOfScores(r, rows, s.lanes, false)
	before := slices.Clone(c)
	s.panel(c, a, b, lda, k, rows, add)
	for i, got := range c {
		want, size := 0.0, 0.0
		if add {
			want = float64(before[i])
		}
		for p := range k {
			term := float64(a[i/s.lanes*lda+p]) * float64(b[p*s.lanes+i%s.lanes])
			want, size = want+term, size+math.Abs(term)
		}
		if far := math.Abs(float64(got) - want); far > float64(k+2)*0x1p-24*(size+math.Abs(float64(before[i]))) {
			t.Fatalf("k %d, rows %d, add %v: %v at %d, want %v", k, rows, add, got, i, want)
		}
	}
}

// TestFlip turns every small shape.
func TestFlip(t *testing.T) {
	eachSet(t, func(t *testing.T, name string) {
		t.Helper()
		s, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(5, 6))
		for rows := 1; rows < 50; rows += 1 + rows/12 {
			for cols := 1; cols < 50; cols += 1 + cols/12 {
				lds, ldd := cols+r.IntN(3), rows+r.IntN(3)
				src, dst := panelOfScores(r, rows, lds, false), make([]float32, cols*ldd)
				s.flip(dst[:(cols-1)*ldd+rows], src[:(rows-1)*lds+cols], ldd, lds, rows, cols)
				for i, got := range dst {
					want := float32(0)
					if i%ldd < rows {
						want = src[i%ldd*lds+i/ldd]
					}
					if got != want {
						t.Fatalf("%d x %d: %v at %d, want %v", rows, cols, got, i, want)
					}
				}
			}
		}
	})
}

package cpu

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"attn/internal/tensor"
)

// TestTilesAreTheirLoops compares every set's tile with a plain loop, number
// by number: of whole numbers every sum is exact, in whatever order.
func TestTilesAreTheirLoops(t *testing.T) {
	eachSet(t, func(t *testing.T, name string) {
		t.Helper()
		s, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		for ; s != nil; s = s.wide {
			for rows := 1; rows <= s.tiles.rows; rows++ {
				for _, k := range []int{1, 2, 3, 4, 5, 8, 31} {
					for _, add := range []bool{false, true} {
						checkTile(t, s, rows, k, add)
					}
				}
			}
		}
	})
}

// checkTile runs a tile on a c that a product which is set must not read: NaN.
func checkTile(t *testing.T, s *set, rows, k int, add bool) {
	t.Helper()
	wide := s.tiles.cols
	lda, ldc := k+3, wide+5
	a, b, c := make([]float32, rows*lda), make([]float32, k*wide), make([]float32, rows*ldc)
	for i := range a {
		a[i] = float32(i*7%11 - 5)
	}
	for i := range b {
		b[i] = float32(i*5%13 - 6)
	}
	for i := range c {
		c[i] = float32(i % 17)
		if !add {
			c[i] = float32(math.NaN())
		}
	}
	want := slices.Clone(c)
	for r := range rows {
		for j := range wide {
			sum := float32(0)
			if add {
				sum = want[r*ldc+j]
			}
			for p := range k {
				sum += a[r*lda+p] * b[p*wide+j]
			}
			want[r*ldc+j] = sum
		}
	}
	s.tile(c, a, b, ldc, lda, k, rows, add)
	for i, v := range want {
		if c[i] != v && (c[i] == c[i] || v == v) {
			t.Fatalf("%d rows, k %d, add %v: number %d is %v, want %v", rows, k, add, i, c[i], v)
		}
	}
}

// TestWideTilesMakeTheSameSums, bit by bit, of matrices that end within a tile, a
// pass and a task.
func TestWideTilesMakeTheSameSums(t *testing.T) {
	eachSet(t, func(t *testing.T, name string) {
		t.Helper()
		s, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		if s.wide == nil {
			return // one tile for all
		}
		own := *s
		own.parts = nil
		narrow := own
		narrow.wide = nil
		r := rand.New(rand.NewPCG(63, 1))
		number := func() float32 { return float32(r.NormFloat64()) }
		for _, d := range []tensor.DType{tensor.F32, tensor.Q8_0} {
			w := storedWeight(r, d, 2*s.wide.tiles.group+23, s.wide.tiles.depth+32, number)
			x := make([]float32, 13*w.Shape[1])
			for i := range x {
				x[i] = number()
			}
			var results [2][]float32
			for i, s := range []*set{&own, &narrow} {
				be := withSet(s, 2)
				results[i] = productOn(be, x, w)
				_ = be.Close()
			}
			withinBound(t, results[0], x, w)
			if !slices.Equal(results[0], results[1]) {
				t.Errorf("%s: other sums", d)
			}
		}
	})
}

// TestColumnsAreTheirLoop compares products with outputs that lie side by side with
// a plain loop, number by number, beside what must stay as it is.
func TestColumnsAreTheirLoop(t *testing.T) {
	eachSet(t, func(t *testing.T, name string) {
		t.Helper()
		s, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		if s.columns == nil {
			t.Skip("a set that has no such loop")
		}
		for _, k := range []int{1, 8} {
			for cols := 1; cols <= 50; cols++ {
				checkColumns(t, s, 1+cols%5, cols, k)
			}
		}
	})
}

func checkColumns(t *testing.T, s *set, rows, cols, k int) {
	t.Helper()
	ldc, ldx, ldw := cols+rows%3, k+rows%2, cols+rows%4
	c, x, w := make([]float32, rows*ldc), make([]float32, rows*ldx), make([]float32, k*ldw)
	for i := range c {
		c[i] = float32(i % 17)
	}
	for i := range x {
		x[i] = float32(i*7%11 - 5)
	}
	for i := range w {
		w[i] = float32(i*5%13 - 6)
	}
	want := slices.Clone(c)
	for r := range rows {
		for j := range cols {
			for p := range k {
				want[r*ldc+j] += x[r*ldx+p] * w[p*ldw+j]
			}
		}
	}
	s.columns(c, x, w, ldc, ldx, ldw, cols, k, rows)
	if !slices.Equal(c, want) {
		t.Fatalf("%d rows, %d columns, k %d: %v, want %v", rows, cols, k, c, want)
	}
}

// TestSpreadIsItsLoop: strips packed several at a time are those of one row after the
// other.
func TestSpreadIsItsLoop(t *testing.T) {
	eachSet(t, func(t *testing.T, name string) {
		t.Helper()
		s, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		for ; s != nil; s = s.wide {
			if s.spread != nil {
				spreadIsItsLoop(t, s)
			}
		}
	})
}

func spreadIsItsLoop(t *testing.T, s *set) {
	t.Helper()
	for _, k := range []int{0, 1, 7, 8, 33} {
		stride := s.spreads + 5
		src, got, want := make([]float32, k*stride), make([]float32, k*s.spreads), make([]float32, k*s.spreads)
		for i := range src {
			src[i] = float32(i)
		}
		for p := range k {
			s.spreadRow(want, src[p*stride:][:s.spreads], p, k)
		}
		s.spread(got, src, stride, k)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d rows become %v, want %v", s.name, k, got, want)
		}
	}
}

// TestCrowded: rows that share places in a cache are copied first, others are not.
func TestCrowded(t *testing.T) {
	for _, c := range []struct {
		stride, k int
		want      bool
	}{
		{768, 256, false}, // GPT-2's stream: 48 lines, so that only every fourth row is in the same place
		{3072, 256, true}, // its MLP: every row in the same place
		{1024, 256, true},
		{1040, 16, false}, // a line further each time
		{1040, 256, true},
		{272, 256, false}, // what together makes
	} {
		if got := crowded(c.stride, 6, c.k); got != c.want {
			t.Errorf("six rows of %d numbers, %d apart: %v", c.k, c.stride, got)
		}
	}
}

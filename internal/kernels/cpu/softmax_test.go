package cpu

import (
	"math"
	"testing"
)

// TestSoftmaxOfHiddenEnds: whatever a mask hides at the ends of a row, its weights
// are zero, and the others have the bits that they have alone.
func TestSoftmaxOfHiddenEnds(t *testing.T) {
	const n = 200
	eachSet(t, func(t *testing.T, name string) {
		t.Helper()
		s, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		var x, got, alone [n]float32
		for from := range n + 1 {
			for to := from; to <= n; to += 17 {
				for i := range x {
					x[i] = float32(math.Inf(-1))
					if i >= from && i < to {
						x[i] = float32(i%7) - 3
					}
				}
				s.softmaxRow(got[:], x[:])
				s.softmaxRow(alone[from:to], x[from:to])
				sameWeights(t, got[:], alone[:], from, to)
				share := s.softmaxSinkRow(got[:], x[:], 0.5)
				if want := s.softmaxSinkRow(alone[from:to], x[from:to], 0.5); share != want {
					t.Fatalf("%d to %d: the sink gets %v, want %v", from, to, share, want)
				}
				sameWeights(t, got[:], alone[:], from, to)
			}
		}
	})
}

func sameWeights(t *testing.T, got, alone []float32, from, to int) {
	t.Helper()
	for i, p := range got {
		want := float32(0)
		if i >= from && i < to {
			want = alone[i]
		}
		if p != want {
			t.Fatalf("%d to %d: weight %d is %v, want %v", from, to, i, p, want)
		}
	}
}

// BenchmarkSoftmaxRows times rows of a causal pattern, and of a window of 128.
func BenchmarkSoftmaxRows(b *testing.B) {
	const n = 512
	for _, name := range Sets() {
		s, err := choose(name)
		if err != nil {
			b.Fatal(err)
		}
		for _, window := range []int{n, 128} {
			x, dst := make([]float32, n*n), make([]float32, n*n)
			for i := range x {
				x[i] = float32(i%31) / 4
				if q, k := i/n, i%n; k > q || k <= q-window {
					x[i] = float32(math.Inf(-1))
				}
			}
			b.Run(map[bool]string{true: "causal/", false: "window/"}[window == n]+name, func(b *testing.B) {
				for b.Loop() {
					for r := range n {
						s.softmaxRow(dst[r*n:(r+1)*n], x[r*n:])
					}
				}
			})
		}
	}
}

package bench

import (
	"math"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		samples []float64
		want    float64
	}{
		{nil, 0},
		{[]float64{3}, 3},
		{[]float64{4, 1}, 2.5},
		{[]float64{9, 1, 5}, 5},
		{[]float64{8, 1, 2, 100}, 5},
	} {
		if got := Median(c.samples); got != c.want {
			t.Errorf("%v: %v, want %v", c.samples, got, c.want)
		}
	}
}

// TestCompareByHand: U counts the pairs in which the later sample is the
// smaller, and p the arrangements at least as uneven, of all C(n+m, n).
func TestCompareByHand(t *testing.T) {
	for _, c := range []struct {
		before, after []float64
		change, p     float64
		certain       bool
	}{
		{[]float64{6, 7, 8, 9, 10}, []float64{1, 2, 3, 4, 5}, 3.0/8 - 1, 2.0 / 252, true}, // U 0, C(10, 5) = 252
		{[]float64{1, 2, 3}, []float64{4, 5, 6}, 1.5, 2.0 / 20, false},                    // as far as 3 and 3 can part
		{[]float64{2, 4, 6, 8}, []float64{1, 3, 5, 7}, -0.2, 48.0 / 70, false},            // U 6: 1+1+2+3+5+5+7 = 24 on each side
	} {
		row := Row{Median: Median(c.after), Samples: c.after}
		got := row.since(Row{Median: Median(c.before), Samples: c.before})
		if math.Abs(got.Change-c.change) > 1e-12 || math.Abs(got.P-c.p) > 1e-12 || got.Certain != c.certain || got.Runs != len(c.before) {
			t.Errorf("%v, then %v: %+v, want change %v, p %v", c.before, c.after, *got, c.change, c.p)
		}
	}
}

// TestInterval: that the median lies between the smallest and the largest of n
// is as likely as n tosses that do not all fall alike, 1 - 2/2^n: 0.969 for 6,
// but only 0.9375 for 5.
func TestInterval(t *testing.T) {
	if low, high := Interval([]float64{5, 1, 4, 2, 3, 9}); low != 1 || high != 9 {
		t.Errorf("6 samples: %v to %v, want 1 to 9", low, high)
	}
	for _, few := range [][]float64{nil, {1}, {1, 2, 3, 4, 5}} {
		if low, high := Interval(few); low != 0 || high != 0 {
			t.Errorf("%v: %v to %v, want no interval", few, low, high)
		}
	}
}

func TestCompareFindsTheCase(t *testing.T) {
	yes, no := true, false
	of := func(c Case) Row { return Row{Case: c, Median: 1, Samples: []float64{1}} }
	matmul := Case{Op: "matmul", Device: "cpu", DType: "f32", M: 1, N: 2, K: 3, Threads: 2}
	attention := Case{Op: "attention", Device: "cpu", DType: "f32", N: 8, Heads: 2, DHead: 4, Causal: &yes, Threads: 2}
	earlier := []Row{of(attention), of(matmul)}
	also := yes
	same := attention
	same.Causal = &also
	rows := []Row{of(matmul), of(same)}
	if found := Compare(rows, earlier); found != 2 || rows[0].Before == nil || rows[1].Before == nil {
		t.Errorf("found %d of 2", found)
	}
	for _, change := range []func(c *Case){
		func(c *Case) { c.Causal = &no },
		func(c *Case) { c.Threads = 1 },
		func(c *Case) { c.N = 9 },
		func(c *Case) { c.Device = "ref" },
		func(c *Case) { c.Model = "m" },
	} {
		other := attention
		change(&other)
		if found := Compare([]Row{of(other)}, earlier); found != 0 {
			t.Errorf("%+v was taken for another", other)
		}
	}
}

// TestCompareWithoutSamples: an earlier file may hold the median alone.
func TestCompareWithoutSamples(t *testing.T) {
	got := Row{Median: 3, Samples: []float64{3}}.since(Row{Median: 2})
	if got.Change != 0.5 || got.Certain || got.Runs != 0 || got.P != 1 {
		t.Errorf("%+v", *got)
	}
}

// TestSameWork: passes of models of two shapes are not compared, nor traces that keep
// other steps; what an earlier version did not tell may be anything.
func TestSameWork(t *testing.T) {
	small := Case{Op: "trace", Model: "random", N: 64, Shape: Shape{Family: "gpt2", Layers: 2}}
	large, untold, some := small, small, small
	large.Shape.Layers, untold.Shape, some.Record = 12, Shape{}, "*hook_pattern"
	for _, c := range []struct {
		what string
		a, b Case
		want bool
	}{
		{"the same", small, small, true},
		{"two shapes", small, large, false},
		{"a shape and none", untold, large, true},
		{"every step and some", small, some, false},
	} {
		if c.a.same(c.b) != c.want || c.b.same(c.a) != c.want {
			t.Errorf("%s: %v, want %v", c.what, !c.want, c.want)
		}
	}
}

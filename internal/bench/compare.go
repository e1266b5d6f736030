package bench

import (
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
)

// Change is how a row's times lie beside those of an earlier run.
type Change struct {
	Median  float64 `json:"ms_median"` // the earlier run's
	Change  float64 `json:"change"`    // of the median: -0.25 takes a quarter less time
	Runs    int     `json:"runs"`      // of the earlier run; 0: it kept no samples
	P       float64 `json:"p"`         // how likely so different samples are if nothing changed
	Certain bool    `json:"certain"`   // P is below 0.05
	// Low and High bound the earlier median, with 95 % confidence; 0 without
	// samples enough.
	Low  float64 `json:"ms_low"`
	High float64 `json:"ms_high"`
}

// Compare finds each row's case among the rows of an earlier run. It returns
// how many were found.
//
// As benchstat does, it assumes nothing about how the samples are distributed:
// P is the Mann-Whitney U-test's (Mann and Whitney 1947).
func Compare(rows, earlier []Row) (found int) {
	for i := range rows {
		r := &rows[i]
		at := slices.IndexFunc(earlier, func(e Row) bool { return e.same(r.Case) })
		if at < 0 {
			continue
		}
		found++
		r.Before = r.since(earlier[at])
	}
	return found
}

// same reports whether two rows compute the same, in the same way as far as they
// say: earlier versions told no instruction set and no shape.
func (c Case) same(other Case) bool {
	causal := func(c Case) bool { return c.Causal != nil && *c.Causal }
	equal := causal(c) == causal(other)
	c.Causal, other.Causal = nil, nil
	if c.Set == "" || other.Set == "" {
		c.Set, other.Set = "", ""
	}
	if c.Shape == (Shape{}) || other.Shape == (Shape{}) {
		c.Shape, other.Shape = Shape{}, Shape{}
	}
	return equal && c == other
}

func (r Row) since(e Row) *Change {
	c := &Change{Median: e.Median, Change: r.Median/e.Median - 1, Runs: len(e.Samples), P: 1}
	if len(e.Samples) == 0 || len(r.Samples) == 0 {
		return c
	}
	before, after := sample(e.Samples), sample(r.Samples)
	if p := benchmath.AssumeNothing.Compare(before, after).P; p == p {
		c.P = p
	}
	c.Certain = c.P < before.Thresholds.CompareAlpha
	c.Low, c.High = Interval(e.Samples)
	return c
}

// Interval bounds the median with 95 % confidence; 0, 0 when there are too few
// samples for any bound.
func Interval(samples []float64) (low, high float64) {
	if len(samples) == 0 {
		return 0, 0
	}
	s := benchmath.AssumeNothing.Summary(sample(samples), 0.95)
	if math.IsInf(s.Lo, 0) || math.IsInf(s.Hi, 0) || s.Confidence < 0.95 {
		return 0, 0
	}
	return s.Lo, s.Hi
}

func sample(values []float64) *benchmath.Sample {
	thresholds := benchmath.DefaultThresholds
	return benchmath.NewSample(slices.Clone(values), &thresholds)
}

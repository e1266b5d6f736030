package trace

import (
	"math"
	"slices"

	"attn/internal/tensor"
)

// Tolerance is how far two values of a step may lie apart: Abs + Rel times the
// largest finite magnitude in the wanted step.
type Tolerance struct{ Abs, Rel float64 }

// Divergence is how far one step lies from what was wanted.
type Divergence struct {
	Step      string
	Max       float64 // the largest absolute difference
	At        int     // where, as an index into the step's data
	Got, Want float32 // the values there
	Scale     float64 // the largest finite magnitude wanted
	Beyond    bool    // further than the tolerance
	Missing   bool    // got has no such step, or one of another shape
}

// Diff compares every step of want with got's, in want's order: the first
// entry that is Beyond is the first step that diverged.
func Diff(got, want *Trace, tol Tolerance) []Divergence {
	found := make([]Divergence, 0, len(want.Steps))
	for _, step := range want.Steps {
		held, ok := got.Held(step.Name)
		if !ok || !slices.Equal(held.Rows, step.Rows) || !slices.Equal(held.Value.Sizes(), step.Value.Sizes()) {
			found = append(found, Divergence{Step: step.Name, Missing: true, Beyond: true})
			continue
		}
		found = append(found, compare(step.Name, held.Whole(), step.Whole(), tol))
	}
	return found
}

func compare(name string, got, want tensor.Tensor, tol Tolerance) Divergence {
	d := Divergence{Step: name}
	for i, w := range want.Data {
		if magnitude := math.Abs(float64(w)); magnitude > d.Scale && !math.IsInf(magnitude, 1) {
			d.Scale = magnitude
		}
		if distance := apart(got.Data[i], w); distance > d.Max {
			d.Max, d.At, d.Got, d.Want = distance, i, got.Data[i], w
		}
	}
	d.Beyond = d.Max > tol.Abs+tol.Rel*d.Scale
	return d
}

// apart is |a − b|; equal infinities are 0 apart, a NaN is infinitely far from
// everything.
func apart(a, b float32) float64 {
	if a == b {
		return 0
	}
	distance := math.Abs(float64(a) - float64(b))
	if math.IsNaN(distance) {
		return math.Inf(1)
	}
	return distance
}

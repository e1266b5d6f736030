package analyze

import (
	"math"
	"slices"

	"attn/internal/tensor"
	"attn/internal/trace"
)

// Agreement is how far two traces of one model's shape and equally many tokens
// lie apart, step by step.
type Agreement struct {
	Steps            []Distance // of the steps that both have, in execution order
	First            int        // the first step that is beyond, or -1
	OnlyGot, OnlyRef []string   // steps that one side alone has
}

// Distance is how far one step lies from what was wanted.
type Distance struct {
	trace.Divergence
	Allowed  float64 // how far it may lie
	Relative float64 // the largest difference, as a share of the step's largest number
}

// Agree compares every step that both traces have. allowed says how far a step
// may lie from what was wanted, given its largest magnitude.
func Agree(got, want *trace.Trace, allowed func(scale float64) float64) Agreement {
	a := Agreement{First: -1, OnlyGot: missing(got, want), OnlyRef: missing(want, got)}
	for _, d := range trace.Diff(got, want, trace.Tolerance{}) {
		held, both := got.Held(d.Step)
		switch {
		case !both:
			continue
		case d.Missing: // of another shape
			d.Max = math.Inf(1)
		case d.Max == 0: // any place will do
			if whole := held.Whole(); len(whole.Data) > 0 {
				d.Got, d.Want = whole.Data[0], whole.Data[0]
			}
		}
		distance := Distance{Divergence: d, Allowed: allowed(d.Scale), Relative: share(d.Max, d.Scale)}
		distance.Beyond = d.Max > distance.Allowed
		if distance.Beyond && a.First < 0 {
			a.First = len(a.Steps)
		}
		a.Steps = append(a.Steps, distance)
	}
	return a
}

// Worst is the step that lies furthest off, measured against what is allowed;
// -1 when there are no steps.
func (a Agreement) Worst() int {
	worst, most := -1, -1.0
	for i, s := range a.Steps {
		if off := share(s.Max, s.Allowed); off > most {
			worst, most = i, off
		}
	}
	return worst
}

// share is part of whole; nothing of nothing is 0.
func share(part, whole float64) float64 {
	if part == 0 {
		return 0
	}
	return part / whole
}

// missing lists the steps of t that other lacks.
func missing(t, other *trace.Trace) []string {
	var names []string
	for _, s := range t.Steps {
		if _, ok := other.Held(s.Name); !ok {
			names = append(names, s.Name)
		}
	}
	return names
}

// HeadMove is how far one head's doings differ between two traces; NaN where a
// step is not in both.
type HeadMove struct {
	Layer, Head int
	// Pattern is the share of its attention that a query spends elsewhere, the
	// mean over the queries: 0 is the same pattern, 1 nothing in common.
	Pattern float64
	// Result is |result − wanted| / |wanted|, over all tokens.
	Result float64
}

// HeadMoves compares every head of two traces of one shape, in the layers where
// both have the pattern or the heads' results.
func HeadMoves(got, want *trace.Trace) []HeadMove {
	var moves []HeadMove
	for layer := range want.Meta.Model.Layers {
		pattern, havePattern := inBoth(got, want, trace.InBlock(layer, trace.Pattern))
		result, haveResult := inBoth(got, want, trace.InBlock(layer, trace.Result))
		if !havePattern && !haveResult {
			continue
		}
		for head := range want.Meta.Model.Heads {
			move := HeadMove{Layer: layer, Head: head, Pattern: math.NaN(), Result: math.NaN()}
			if havePattern {
				move.Pattern = elsewhere(pattern[0].Row(head), pattern[1].Row(head)) / float64(len(want.Tokens))
			}
			if haveResult {
				move.Result = resultMove(result, head)
			}
			moves = append(moves, move)
		}
	}
	return moves
}

// inBoth returns a step of both traces, if both have it in one shape.
func inBoth(got, want *trace.Trace, name string) (values [2]tensor.Tensor, ok bool) {
	a, ok1 := got.Find(name)
	b, ok2 := want.Find(name)
	return [2]tensor.Tensor{a, b}, ok1 && ok2 && slices.Equal(a.Sizes(), b.Sizes())
}

// elsewhere is half the sum of |a − b|: of two patterns of one query it is the
// total variation distance.
func elsewhere(a, b []float32) float64 {
	sum := 0.0
	for i, w := range a {
		sum += math.Abs(float64(w)-float64(b[i])) / 2
	}
	return sum
}

// resultMove compares one head's results [pos, head, d_model].
func resultMove(values [2]tensor.Tensor, head int) float64 {
	apart, whole := 0.0, 0.0
	for pos := range values[0].Size(tensor.Pos) {
		wanted := values[1].Row(pos, head)
		for i, v := range values[0].Row(pos, head) {
			apart += math.Pow(float64(v)-float64(wanted[i]), 2)
			whole += math.Pow(float64(wanted[i]), 2)
		}
	}
	return share(math.Sqrt(apart), math.Sqrt(whole))
}

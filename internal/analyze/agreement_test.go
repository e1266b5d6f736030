package analyze_test

import (
	"math"
	"slices"
	"testing"

	"attn/internal/analyze"
	"attn/internal/model"
	"attn/internal/trace"
)

// changed copies a trace and changes one number of one step.
func changed(t *trace.Trace, step string, at int, by float32) *trace.Trace {
	other := *t
	other.Steps = slices.Clone(t.Steps)
	for i, s := range other.Steps {
		if s.Name == step {
			s.Value = s.Value.Clone()
			s.Value.Data[at] += by
			other.Steps[i] = s
		}
	}
	return &other
}

func flat(limit float64) func(float64) float64 { return func(float64) float64 { return limit } }

func TestAgree(t *testing.T) {
	want := run(t, model.Shape{Layers: 2, Heads: 2, DModel: 8, DVocab: 16}, []int32{1, 2, 3})
	pattern := trace.InBlock(1, trace.Pattern)
	got := changed(changed(want, pattern, 4, .25), trace.Logits, 3, 2)

	same := analyze.Agree(want, want, flat(0))
	if same.First != -1 || len(same.Steps) != len(want.Steps) || same.OnlyGot != nil || same.OnlyRef != nil {
		t.Errorf("a trace against itself: first %d, %d steps, only %v %v", same.First, len(same.Steps), same.OnlyGot, same.OnlyRef)
	}
	if d := same.Steps[0]; d.Got != want.Steps[0].Value.Data[0] || d.Got != d.Want {
		t.Errorf("an equal step's numbers are %v and %v, the first is %v", d.Got, d.Want, want.Steps[0].Value.Data[0])
	}
	a := analyze.Agree(got, want, flat(.1))
	if a.First < 0 || a.Steps[a.First].Step != pattern || a.Steps[a.First].At != 4 || math.Abs(a.Steps[a.First].Max-.25) > 1e-6 {
		t.Fatalf("the first step beyond is number %d of %+v", a.First, a.Steps)
	}
	if worst := a.Steps[a.Worst()]; worst.Step != trace.Logits || math.Abs(worst.Relative-2/worst.Scale) > 1e-6 {
		t.Errorf("the worst step is %+v", worst)
	}
	if a := analyze.Agree(got, want, flat(1)); a.Steps[a.First].Step != trace.Logits {
		t.Errorf("with 1 allowed the first step beyond is %s", a.Steps[a.First].Step)
	}
}

func TestAgreeNamesWhatOneSideLacks(t *testing.T) {
	want, got := blank(1), blank(1)
	put(want, trace.Embed, []int{1, 2}, 1, 2)
	put(want, trace.PosEmbed, []int{1, 2}, 0, 0)
	put(got, trace.Embed, []int{1, 2}, 1, 2)
	put(got, trace.Logits, []int{1, 4}, 1, 2, 3, 4)
	a := analyze.Agree(got, want, flat(0))
	if !slices.Equal(a.OnlyRef, []string{trace.PosEmbed}) || !slices.Equal(a.OnlyGot, []string{trace.Logits}) || len(a.Steps) != 1 || a.First != -1 {
		t.Errorf("got %+v", a)
	}
}

// TestAgreeOtherShape: a step of another shape is beyond any tolerance.
func TestAgreeOtherShape(t *testing.T) {
	want, got := blank(1), blank(1)
	put(want, trace.InBlock(0, trace.MLPPost), []int{1, 2}, 1, 2)
	put(got, trace.InBlock(0, trace.MLPPost), []int{1, 3}, 1, 2, 3)
	if a := analyze.Agree(got, want, flat(1e9)); a.First != 0 || !math.IsInf(a.Steps[0].Max, 1) {
		t.Errorf("got %+v", a)
	}
}

func TestHeadMoves(t *testing.T) {
	want, got := blank(2), blank(2)
	put(want, trace.InBlock(1, trace.Pattern), []int{2, 2, 2}, 1, 0, .5, .5, 1, 0, .5, .5)
	put(got, trace.InBlock(1, trace.Pattern), []int{2, 2, 2}, 1, 0, .5, .5, 1, 0, 0, 1)
	put(want, trace.InBlock(1, trace.Result), []int{2, 2, 2}, 3, 0, 1, 1, 0, 4, 1, 1)
	put(got, trace.InBlock(1, trace.Result), []int{2, 2, 2}, 3, 0, 1, 1, 0, 9, 1, 1)
	moves := analyze.HeadMoves(got, want)
	// head 1's second query moved half of its attention, of two queries: 1/4;
	// head 0's results are (3,0) and (0,4), of length 5 together, and moved by 5
	if !slices.Equal(moves, []analyze.HeadMove{{Layer: 1, Head: 0, Pattern: 0, Result: 1}, {Layer: 1, Head: 1, Pattern: .25, Result: 0}}) {
		t.Errorf("got %+v", moves)
	}
	got.Steps = got.Steps[1:]
	if moves := analyze.HeadMoves(got, want); len(moves) != 2 || !math.IsNaN(moves[0].Pattern) || moves[0].Result != 1 {
		t.Errorf("without a pattern: %+v", moves)
	}
}

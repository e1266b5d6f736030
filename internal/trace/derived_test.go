package trace_test

import (
	"errors"
	"io"
	"slices"
	"testing"

	"attn/internal/tensor"
	"attn/internal/trace"
)

// whole returns a trace with the numbers of every step.
func whole(t *trace.Trace) *trace.Trace {
	all := *t
	all.Steps = slices.Clone(t.Steps)
	for i, s := range all.Steps {
		all.Steps[i].Value = s.Whole()
	}
	return &all
}

// TestDerivedSteps: a step without numbers is read as one with them, and worked out
// no more often than it must be.
func TestDerivedSteps(t *testing.T) {
	scaled, masked := trace.InBlock(0, trace.Scaled), trace.InBlock(0, trace.AttnScores)
	shape := []tensor.Dim{tensor.D(tensor.Head, 1), tensor.D(tensor.QueryPos, 2), tensor.D(tensor.KeyPos, 2)}
	times := map[string]int{}
	rec := trace.NewRecorder(make([]trace.Token, 2), func(string) bool { return true })
	for i, name := range []string{scaled, masked} {
		rec.RecordDerived(name, shape, func(dst []float32) error {
			times[name]++
			for j := range dst {
				dst[j] = float32(10*i + j)
			}
			return nil
		})
	}
	tr := rec.Trace()
	if step := tr.Steps[1]; step.Value.Data != nil || step.Op != "mask" || times[masked] != 0 {
		t.Errorf("step 1 is %v, worked out %d times", step, times[masked])
	}
	one, again := tr.Steps[1].Whole(), tr.Steps[1].Whole()
	if one.Data[0] = 99; again.Data[0] != 10 || times[masked] != 2 {
		t.Errorf("Whole read %v, worked out %d times", again.Data, times[masked])
	}
	found, _ := tr.Find(masked)
	row, _ := tr.At(masked, 1, 0)
	if !slices.Equal(found.Data, []float32{10, 11, 12, 13}) || !slices.Equal(row, []float32{12, 13}) || times[masked] != 3 {
		t.Errorf("got %v and %v, worked out %d times", found.Data, row, times[masked])
	}
	if err := tr.Complete(); err != nil || times[scaled] != 1 || times[masked] != 3 {
		t.Errorf("got %v, worked out %v times", err, times)
	}
	if got := tr.Steps[0].Value.Data; !slices.Equal(got, []float32{0, 1, 2, 3}) || times[scaled] != 1 {
		t.Errorf("complete, the first step is %v", got)
	}
}

// TestDerivedStepFails: numbers that cannot be worked out are NaN, and the trace knows
// why; no file is written of them.
func TestDerivedStepFails(t *testing.T) {
	gone := errors.New("the weights are gone")
	rec := trace.NewRecorder(make([]trace.Token, 1), func(string) bool { return true })
	rec.RecordDerived(trace.InBlock(0, trace.VUp), []tensor.Dim{tensor.D(tensor.Pos, 1), tensor.D(tensor.Head, 1), tensor.D(tensor.DModel, 2)}, func(dst []float32) error {
		dst[0] = 1
		return gone
	})
	tr := rec.Trace()
	if tr.Err() != nil {
		t.Fatal("an error before anybody read")
	}
	if err := tr.Save(io.Discard); !errors.Is(err, gone) {
		t.Errorf("it was saved: %v", err)
	}
	shown := *tr // as the command line does
	for _, v := range shown.Steps[0].Whole().Data {
		if v == v {
			t.Errorf("a number: %v", v)
		}
	}
	if !errors.Is(shown.Err(), gone) || !errors.Is(tr.Complete(), gone) {
		t.Errorf("got %v", shown.Err())
	}
}

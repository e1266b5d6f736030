package trace_test

import (
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

// TestDerivedSteps: a step without numbers is read as one with them; without the
// step that it follows from, whole, the recorder does not take it.
func TestDerivedSteps(t *testing.T) {
	qk, scaled, masked := trace.InBlock(0, trace.QK), trace.InBlock(0, trace.Scaled), trace.InBlock(0, trace.AttnScores)
	double := func(dst, src []float32) {
		for i, v := range src {
			dst[i] = 2 * v
		}
	}
	rec := trace.NewRecorder(make([]trace.Token, 2), func(string) bool { return true })
	if rec.RecordDerived(scaled, qk, double) {
		t.Fatal("it follows from a step that nobody keeps")
	}
	value := tensor.New(tensor.D(tensor.Head, 1), tensor.D(tensor.QueryPos, 2), tensor.D(tensor.KeyPos, 2))
	copy(value.Data, []float32{1, 2, 3, 4})
	rec.Record(qk, value)
	if !rec.RecordDerived(scaled, qk, double) || !rec.RecordDerived(masked, scaled, double) {
		t.Fatal("it follows from a step that is kept")
	}
	tr := rec.Trace()
	if tr.Steps[2].Value.Data != nil || tr.Steps[2].Op != "mask" {
		t.Errorf("step 2 is %v", tr.Steps[2])
	}
	found, _ := tr.Find(masked)
	row, _ := tr.At(masked, 1, 0)
	if !slices.Equal(found.Data, []float32{4, 8, 12, 16}) || !slices.Equal(row, []float32{12, 16}) {
		t.Errorf("got %v and %v", found.Data, row)
	}
	found.Data[0] = 99 // a reader's own
	if again, _ := tr.Find(masked); again.Data[0] != 4 {
		t.Errorf("it became %v", again.Data[0])
	}

	rows := trace.NewRecorder(make([]trace.Token, 2), func(string) bool { return true })
	rows.RecordRows(qk, []int{1}, value)
	if rows.RecordDerived(scaled, qk, double) {
		t.Error("it follows from a step of which some rows are kept")
	}
}

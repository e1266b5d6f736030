package trace_test

import (
	"testing"

	"attn/internal/tensor"
	"attn/internal/trace"
)

func TestRecorderKeepsWhatIsWanted(t *testing.T) {
	tokens := []trace.Token{{ID: 4}}
	rec := trace.NewRecorder(tokens, func(name string) bool { return name == trace.Embed })
	if !rec.Wants(trace.Embed) || rec.Wants(trace.PosEmbed) {
		t.Error("it does not want what it was told to")
	}
	rec.Describe(trace.Meta{Text: "x", Model: trace.Model{Layers: 1}})
	value := tensor.New(tensor.D(tensor.Pos, 1), tensor.D(tensor.DModel, 2))
	rec.Record(trace.Embed, value)
	got := rec.Trace()
	if got.Meta.Text != "x" || len(got.Tokens) != 1 || got.Tokens[0].ID != 4 {
		t.Errorf("the trace is %+v", got)
	}
	if len(got.Steps) != 1 || got.Steps[0].Name != trace.Embed || got.Steps[0].Op != "gather" || len(got.Steps[0].Value.Data) != 2 {
		t.Errorf("its steps are %+v", got.Steps)
	}
}

func TestRecorderThatWantsNothing(t *testing.T) {
	var none *trace.Recorder
	if none.Wants(trace.Embed) {
		t.Error("no recorder wants a step")
	}
	if trace.NewRecorder(nil, nil).Wants(trace.Embed) {
		t.Error("a recorder without wishes wants a step")
	}
}

func TestFindingSteps(t *testing.T) {
	h := honest()
	if _, ok := h.Find("blocks.1.attn.hook_pattern"); !ok {
		t.Error("the pattern is not found")
	}
	one, ok1 := h.InBlock(1, trace.Z)
	same, ok2 := h.Find("blocks.1.attn.hook_z")
	if !ok1 || !ok2 || &one.Data[0] != &same.Data[0] {
		t.Error("InBlock and Find find different steps")
	}
	if value, ok := h.InBlock(2, trace.Z); ok || value.Data != nil {
		t.Error("a block that is not there has a step")
	}
}

func TestScaleIsTheFamilysOrTheUsualOne(t *testing.T) {
	h := &trace.Trace{Meta: trace.Meta{Model: trace.Model{DHead: 16}, Scales: []float32{3}}}
	if got := h.Scale(0); got != 3 {
		t.Errorf("the stated scale is %v", got)
	}
	if got := h.Scale(1); got != 0.25 {
		t.Errorf("1/√16 is %v", got)
	}
}

func TestWordText(t *testing.T) {
	h := &trace.Trace{Meta: trace.Meta{Words: map[int32]string{5: " blue", 6: ""}}}
	for id, want := range map[int32]string{5: " blue", 6: "", 7: "#7", -1: "#-1"} {
		if got := h.WordText(id); got != want {
			t.Errorf("word %d is %q, want %q", id, got, want)
		}
	}
}

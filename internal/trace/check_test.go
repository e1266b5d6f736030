package trace_test

import (
	"math"
	"strings"
	"testing"

	"attn/internal/tensor"
	"attn/internal/trace"
)

func TestAnHonestTracePasses(t *testing.T) {
	if err := honest().Check(); err != nil {
		t.Error(err)
	}
}

// faults takes an error of Check apart.
func faults(err error) []string {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []string{err.Error()}
	}
	var all []string
	for _, e := range joined.Unwrap() {
		all = append(all, e.Error())
	}
	return all
}

// TestEachIdentityIsChecked breaks one number in a trace that holds only the
// steps of one identity, and wants to hear of that identity alone.
func TestEachIdentityIsChecked(t *testing.T) {
	in := func(name string) string { return trace.InBlock(1, name) }
	const pattern = "blocks.1.attn.hook_pattern"
	for _, tt := range []struct {
		identity string
		steps    []string
		broken   string
		at       int
		value    float32 // added to the number there
		want     string
	}{
		{"embedding", []string{trace.Embed, trace.PosEmbed, "blocks.0.hook_resid_pre"}, trace.PosEmbed, 29, .01, "embed: blocks.0.hook_resid_pre"},
		{"resid_mid", []string{in(trace.ResidPre), in(trace.AttnOut), in(trace.ResidMid)}, in(trace.ResidMid), 0, .01, "attention: blocks.1.hook_resid_mid"},
		{"resid_mid, a part", []string{in(trace.ResidPre), in(trace.AttnOut), in(trace.ResidMid)}, in(trace.AttnOut), 7, -.01, "attention: blocks.1.hook_resid_mid is"},
		{"resid_post", []string{in(trace.ResidMid), in(trace.MLPOut), in(trace.ResidPost)}, in(trace.MLPOut), 29, .01, "mlp: blocks.1.hook_resid_post"},
		{"handover", []string{"blocks.0.hook_resid_post", in(trace.ResidPre)}, in(trace.ResidPre), 3, .01, "handover: blocks.1.hook_resid_pre"},
		{"scaled", []string{in(trace.QK), in(trace.Scaled)}, in(trace.Scaled), 99, .01, "blocks.1.attn.hook_scaled: value 99"},
		{"masked is scaled", []string{in(trace.Scaled), in(trace.AttnScores)}, in(trace.AttnScores), 25, .01, "blocks.1.attn.hook_attn_scores: query 0, key 0 is"},
		{"masked hides", []string{in(trace.AttnScores)}, in(trace.AttnScores), 26, float32(math.Inf(1)), "query 0, key 1 is"},
		{"weights sum to 1", []string{pattern}, pattern, 50, .01, "head 2, query 0: the weights sum to 1.0099"},
		{"a hidden key has no weight", []string{pattern}, pattern, 51, 1e-9, "query 0 gives key 1 the weight 1e-09"},
		{"weights are not negative", []string{pattern}, pattern, 24, -2, "query 4 gives key 4 the weight -"},
		{"z", []string{pattern, in(trace.V), in(trace.Z)}, in(trace.Z), 59, .01, "blocks.1.attn.hook_z: position 4, head 3, component 2"},
		{"z, a value", []string{pattern, in(trace.V), in(trace.Z)}, in(trace.V), 3, .01, "blocks.1.attn.hook_z: position 0, head 2, component 0"},
		{"heads sum to the output", []string{in(trace.Result), in(trace.OutputBias), in(trace.AttnOut)}, in(trace.Result), 119, .01, "blocks.1.hook_attn_out: position 4, component 5"},
		{"the bias is in it", []string{in(trace.Result), in(trace.OutputBias), in(trace.AttnOut)}, in(trace.OutputBias), 2, .01, "blocks.1.hook_attn_out: position 0, component 2"},
		{"finite: NaN", []string{trace.Logits}, trace.Logits, 5, float32(math.NaN()), "unembed.hook_out: value 5 is NaN"},
		{"finite: +Inf", []string{in(trace.AttnScores)}, in(trace.AttnScores), 25, float32(math.Inf(1)), "hook_attn_scores: value 25 is +Inf"},
		{"finite: -Inf", []string{in(trace.Scaled)}, in(trace.Scaled), 25, float32(math.Inf(-1)), "hook_scaled: value 25 is -Inf"},
	} {
		t.Run(tt.identity, func(t *testing.T) {
			h := only(honest(), tt.steps...)
			if err := h.Check(); err != nil {
				t.Fatalf("before: %v", err)
			}
			value, _ := h.Find(tt.broken)
			value.Data[tt.at] += tt.value
			if tt.identity == "masked hides" { // a number added to −∞ would change nothing
				value.Data[tt.at] = 0
			}
			got := faults(h.Check())
			if len(got) != 1 || !strings.Contains(got[0], tt.want) {
				t.Errorf("reported are %q, want one of %q", got, tt.want)
			}
		})
	}
}

// TestThePatternIsTheSoftmax swaps two weights: they still sum to 1.
func TestThePatternIsTheSoftmax(t *testing.T) {
	h := only(honest(), "blocks.0.attn.hook_attn_scores", "blocks.0.attn.hook_pattern")
	pattern, _ := h.InBlock(0, trace.Pattern)
	row := pattern.Row(3, 4)
	row[1], row[2] = row[2], row[1]
	got := faults(h.Check())
	if len(got) != 1 || !strings.Contains(got[0], "head 3, query 4 gives key 1") {
		t.Errorf("reported are %q", got)
	}
}

// TestOneFaultOfEachKindIsReported: several identities break, all are told.
func TestOneFaultOfEachKindIsReported(t *testing.T) {
	h := honest()
	for _, name := range []string{"hook_embed", "blocks.0.attn.hook_pattern", "blocks.1.hook_mlp_out"} {
		value, _ := h.Find(name)
		value.Data[0] += .5
	}
	got := faults(h.Check())
	want := []string{"embed:", "hook_pattern: head 0, query 0: the weights sum", "hook_pattern: head 0, query 0 gives key 0", "hook_z:", "mlp:"}
	if len(got) != len(want) {
		t.Fatalf("reported are %q", got)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("report %d is %q, want %q", i, got[i], want[i])
		}
	}
}

// TestCheckKnowsTheMask: the numbers of a causal trace are wrong under others.
func TestCheckKnowsTheMask(t *testing.T) {
	for _, mask := range []tensor.Mask{{}, {Window: 2}, {Causal: true, Window: 2}} {
		h := only(honest(), "blocks.0.attn.hook_attn_scores")
		h.Meta.Mask = mask
		if got := faults(h.Check()); len(got) != 1 || !strings.Contains(got[0], "under mask "+mask.String()) {
			t.Errorf("mask %v: %q", mask, got)
		}
	}
}

// TestCheckUsesTheStatedScales: 1/√d_head is only what stands in for them.
func TestCheckUsesTheStatedScales(t *testing.T) {
	h := only(honest(), "blocks.0.attn.hook_qk", "blocks.0.attn.hook_scaled")
	h.Meta.Scales = nil
	if got := faults(h.Check()); len(got) != 1 || !strings.Contains(got[0], "× 0.577") {
		t.Errorf("reported are %q", got)
	}
}

// TestMissingStepsArePassedOver: each identity needs all of its steps.
func TestMissingStepsArePassedOver(t *testing.T) {
	for _, leave := range trace.StepNames(2) {
		h, kept := honest(), []string(nil)
		for _, s := range h.Steps {
			if s.Name != leave {
				kept = append(kept, s.Name)
			}
		}
		if err := only(h, kept...).Check(); err != nil {
			t.Errorf("without %s: %v", leave, err)
		}
	}
	if err := (&trace.Trace{Meta: trace.Meta{Model: trace.Model{Layers: 3}}}).Check(); err != nil {
		t.Errorf("an empty trace: %v", err)
	}
}

package trace_test

import (
	"slices"
	"strings"
	"testing"

	"attn/internal/tensor"
	"attn/internal/trace"
)

func TestTableIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, h := range trace.Hooks() {
		if seen[h.Name] {
			t.Errorf("%s stands in the table twice", h.Name)
		}
		seen[h.Name] = true
		if len(h.Axes) == 0 || h.Op == "" || h.Formula == "" || h.Doc == "" {
			t.Errorf("%s lacks axes, op, formula or doc: %+v", h.Name, h)
		}
	}
	if len(seen) != 56 {
		t.Errorf("%d steps in the table", len(seen))
	}
}

// TestStepNamesAreTheForwardPass pins names and order, which files rely on.
func TestStepNamesAreTheForwardPass(t *testing.T) {
	want := strings.Fields(`hook_embed hook_pos_embed
		blocks.0.hook_resid_pre blocks.0.ln1.hook_scale blocks.0.ln1.hook_normalized
		blocks.0.attn.hook_q_down blocks.0.attn.hook_q_latent blocks.0.attn.hook_kv_down blocks.0.attn.hook_kv_latent blocks.0.attn.hook_k_rope
		blocks.0.attn.hook_q blocks.0.attn.hook_k blocks.0.attn.hook_v
		blocks.0.attn.q_norm.hook_normalized blocks.0.attn.k_norm.hook_normalized
		blocks.0.attn.hook_rot_q blocks.0.attn.hook_rot_k
		blocks.0.attn.hook_qk blocks.0.attn.hook_scaled blocks.0.attn.hook_softcapped blocks.0.attn.hook_biased
		blocks.0.attn.hook_attn_scores blocks.0.attn.hook_pattern blocks.0.attn.hook_sink
		blocks.0.attn.hook_lse blocks.0.attn.hook_entropy blocks.0.attn.hook_first_mass blocks.0.attn.hook_near_mass
		blocks.0.attn.hook_topk_keys blocks.0.attn.hook_topk_weights blocks.0.attn.hook_topk_rest
		blocks.0.attn.hook_received blocks.0.attn.hook_pooled blocks.0.attn.hook_tile_scores blocks.0.attn.hook_tile_pattern
		blocks.0.attn.hook_z blocks.0.attn.hook_v_up blocks.0.attn.hook_result blocks.0.attn.b_O blocks.0.attn.hook_out
		blocks.0.hook_attn_out blocks.0.hook_resid_mid blocks.0.ln2.hook_scale blocks.0.ln2.hook_normalized
		blocks.0.mlp.hook_pre blocks.0.mlp.hook_pre_linear blocks.0.mlp.hook_post
		blocks.0.mlp.hook_router blocks.0.mlp.hook_expert_weights blocks.0.mlp.hook_shared blocks.0.mlp.hook_out blocks.0.hook_mlp_out blocks.0.hook_resid_post
		ln_final.hook_scale ln_final.hook_normalized unembed.hook_out`)
	if got := trace.StepNames(1); !slices.Equal(got, want) {
		t.Errorf("one layer:\n got %v\nwant %v", got, want)
	}
	if got := trace.StepNames(0); len(got) != 5 {
		t.Errorf("no layer: %v", got)
	}
	three := trace.StepNames(3)
	const block = 51
	if len(three) != 2+3*block+3 || three[2+block] != "blocks.1.hook_resid_pre" || three[2+2*block] != "blocks.2.hook_resid_pre" {
		t.Errorf("three layers: %d names, %v", len(three), three)
	}
}

// TestInputsAreEarlierSteps: every step follows from steps that ran before it.
func TestInputsAreEarlierSteps(t *testing.T) {
	const layers = 3
	rec := trace.NewRecorder(nil, nil)
	rec.Describe(trace.Meta{Model: trace.Model{Layers: layers}})
	for _, name := range trace.StepNames(layers) {
		rec.Wants(name) // the model has it
		rec.Record(name, tensor.Tensor{})
	}
	ran := map[string]bool{}
	for _, step := range rec.Trace().Steps {
		hook, ok := trace.FindHook(step.Name)
		if !ok || step.Op != hook.Op {
			t.Errorf("%s has the op %q, the table says %q", step.Name, step.Op, hook.Op)
		}
		if (len(step.Inputs) == 0) != (len(hook.Inputs) == 0) {
			t.Errorf("%s has the inputs %v, the table says %v", step.Name, step.Inputs, hook.Inputs)
		}
		for _, in := range step.Inputs {
			if !ran[in] {
				t.Errorf("%s follows from %s, which has not run", step.Name, in)
			}
		}
		ran[step.Name] = true
	}
}

func TestInputsCrossBlocks(t *testing.T) {
	rec := trace.NewRecorder(nil, nil)
	rec.Describe(trace.Meta{Model: trace.Model{Layers: 2}})
	for _, tt := range []struct {
		step string
		want []string
	}{
		{"hook_embed", nil},
		{"blocks.0.hook_resid_pre", []string{"hook_embed", "hook_pos_embed"}},
		{"blocks.1.hook_resid_pre", []string{"blocks.0.hook_resid_post"}},
		{"blocks.1.attn.hook_qk", []string{"blocks.1.attn.hook_rot_q", "blocks.1.attn.hook_k"}},
		{"ln_final.hook_normalized", []string{"blocks.1.hook_resid_post"}},
		{"unembed.hook_out", []string{"ln_final.hook_normalized"}},
		{"no.such.step", nil},
	} {
		for _, name := range []string{ // what this model has: its queries turn, its keys do not
			"hook_embed", "hook_pos_embed", "blocks.0.hook_resid_post", "blocks.1.hook_resid_post", "blocks.1.attn.hook_q",
			"blocks.1.attn.hook_rot_q", "blocks.1.attn.hook_k", "ln_final.hook_normalized",
		} {
			rec.Wants(name)
		}
		rec.Record(tt.step, tensor.Tensor{})
		steps := rec.Trace().Steps
		if got := steps[len(steps)-1].Inputs; !slices.Equal(got, tt.want) {
			t.Errorf("%s follows from %v, want %v", tt.step, got, tt.want)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		step  string
		layer int
		name  string
	}{
		{"hook_embed", -1, "hook_embed"},
		{"blocks.0.attn.hook_q", 0, "attn.hook_q"},
		{"blocks.12.attn.hook_q", 12, "attn.hook_q"},
		{"blocks.3.", 3, ""},
		{"", -1, ""},
		{"blocks.", -1, "blocks."},
		{"blocks.1", -1, "blocks.1"},
		{"blocks..x", -1, "blocks..x"},
		{"blocks.00.x", -1, "blocks.00.x"},
		{"blocks.01.x", -1, "blocks.01.x"},
		{"blocks.+1.x", -1, "blocks.+1.x"},
		{"blocks.-1.x", -1, "blocks.-1.x"},
		{"blocks.-0.x", -1, "blocks.-0.x"},
		{"blocks.1_0.x", -1, "blocks.1_0.x"},
		{"blocks.0x1.x", -1, "blocks.0x1.x"},
		{"blocks.1e1.x", -1, "blocks.1e1.x"},
		{"blocks. 1.x", -1, "blocks. 1.x"},
		{"blocks.٣.x", -1, "blocks.٣.x"},
		{"Blocks.1.x", -1, "Blocks.1.x"},
		{"blocks.99999999999999999999.x", -1, "blocks.99999999999999999999.x"},
	} {
		layer, name := trace.Split(tt.step)
		if layer != tt.layer || name != tt.name {
			t.Errorf("Split(%q) is %d, %q, want %d, %q", tt.step, layer, name, tt.layer, tt.name)
		}
	}
	for _, layer := range []int{0, 7, 10, 4095} {
		if got, name := trace.Split(trace.InBlock(layer, "a.b")); got != layer || name != "a.b" {
			t.Errorf("Split undoes InBlock(%d): %d, %q", layer, got, name)
		}
	}
}

func TestFindHook(t *testing.T) {
	for step, want := range map[string]bool{
		"hook_embed":                 true,
		"unembed.hook_out":           true,
		"blocks.0.attn.hook_pattern": true,
		"blocks.4000.attn.b_O":       true,
		"attn.hook_pattern":          false, // of no block
		"blocks.0.hook_embed":        false, // of no block at all
		"blocks.00.attn.hook_q":      false,
		"blocks.-1.attn.hook_q":      false,
		"blocks.0.attn.hook_Q":       false,
		"blocks.0.":                  false,
		"":                           false,
		"all":                        false,
		"*":                          false,
	} {
		hook, ok := trace.FindHook(step)
		if ok != want {
			t.Errorf("FindHook(%q) is %v", step, ok)
		}
		if _, name := trace.Split(step); ok && hook.Name != name {
			t.Errorf("FindHook(%q) is %s", step, hook.Name)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		pattern, step string
		want          bool
	}{
		{"all", "blocks.0.attn.hook_q", true},
		{"*", "blocks.0.attn.hook_q", true},
		{"hook_embed", "hook_embed", true},
		{"hook_embed", "hook_pos_embed", false},
		{"blocks.*.attn.hook_q", "blocks.11.attn.hook_q", true},
		{"blocks.*.attn.hook_q", "blocks.11.attn.hook_qk", false},
		{"*.hook_pattern", "blocks.0.attn.hook_pattern", true},
		{"blocks.[01].*", "blocks.1.hook_mlp_out", true},
		{"blocks.[01].*", "blocks.2.hook_mlp_out", false},
		{"blocks.?.hook_resid_pre", "blocks.12.hook_resid_pre", false},
		{"", "hook_embed", false},
		{"[", "hook_embed", false},
		{"[", "[", true},
	} {
		if got := trace.Match(tt.pattern, tt.step); got != tt.want {
			t.Errorf("Match(%q, %q) is %v", tt.pattern, tt.step, got)
		}
	}
}

func TestCheckPattern(t *testing.T) {
	for pattern, want := range map[string]string{
		"all":                   "",
		"*":                     "",
		"blocks.1.attn.hook_q":  "",
		"blocks.*.hook_mlp_out": "",
		"":                      "empty",
		"[":                     "not closed",
		"hook_embed[":           "not closed",
		`hook_embed\`:           "stands last",
		"blocks.2.attn.hook_q":  `no step is called "blocks.2.attn.hook_q"`,
		"blocks.0.hook_embed":   "no step is called",
		"pattern":               "no step is called",
	} {
		err := trace.CheckPattern(pattern, 2)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("CheckPattern(%q): %v, want %q", pattern, err, want)
		}
	}
}

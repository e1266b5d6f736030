package view_test

import (
	"slices"
	"strings"
	"testing"

	"attn/internal/model"
	"attn/internal/trace"
	"attn/internal/view"
)

// selections of a model of tiny's shape: several layers and heads, both
// layouts, in the walk and out of it.
func selections(layers, heads, tokens int) []view.Select {
	var all []view.Select
	for _, sel := range []view.Select{
		{Layers: []int{0}, Heads: []int{0}},
		{Layers: []int{layers - 1}, Heads: []int{heads - 1}, Told: trace.Selected{Layer: layers - 1, Head: heads - 1, Focus: tokens - 1}},
		{Layers: upTo(layers), Heads: upTo(heads), Told: trace.Selected{Layer: layers / 2, Head: heads / 2, Focus: tokens / 2}},
	} {
		for i := range 4 {
			sel.Paper, sel.Brief, sel.Top, sel.Temperature = i&1 != 0, i&2 != 0, 3, 1
			all = append(all, sel)
		}
	}
	return all
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// everyView is the suite, and a view of each step's plain numbers.
func everyView(t testing.TB, layers int) []view.View {
	t.Helper()
	all := view.Suite()
	has := run(t, model.Shape{Layers: layers, DVocab: 2}, []int32{0}, func(string) bool { return true })
	for _, name := range trace.StepNames(layers) {
		if _, ok := has.Find(name); !ok { // a step of other families
			continue
		}
		v, err := view.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

// TestHooksAreEnough: what a view says it needs is all it needs.
func TestHooksAreEnough(t *testing.T) {
	s := tiny()
	ids := []int32{1, 5, 0, 3, 3, 6}
	full := run(t, s, ids, func(string) bool { return true })
	for _, v := range everyView(t, s.Layers) {
		for _, sel := range selections(s.Layers, s.Heads, len(ids)) {
			grids, err := v.Build(keep(full, v.Hooks(sel.Layers, s.Layers, false)), sel)
			if err != nil {
				t.Errorf("%s of %+v: %v", v.Name, sel, err)
			}
			if len(grids) == 0 {
				t.Errorf("%s of %+v shows nothing", v.Name, sel)
			}
			for _, g := range grids {
				checkGrid(t, g)
			}
		}
	}
}

// TestLongHooksAreEnough: the same of a long text.
func TestLongHooksAreEnough(t *testing.T) {
	s := tiny()
	ids := []int32{1, 5, 0, 3, 3, 6}
	full := runLong(t, s, ids)
	for _, v := range view.Suite() {
		for _, sel := range selections(s.Layers, s.Heads, len(ids)) {
			sel.Told.Focus = len(ids) - 1
			grids, err := v.Build(keep(full, v.Hooks(sel.Layers, s.Layers, true)), sel)
			if v.Name == "surprise" { // it needs every position's logits
				if err == nil {
					t.Error("surprise is shown without the logits")
				}
				continue
			}
			if err != nil || len(grids) == 0 {
				t.Errorf("%s of %+v: %d grids, %v", v.Name, sel, len(grids), err)
			}
			for _, g := range grids {
				checkGrid(t, g)
			}
		}
	}
	if err := full.Check(); err != nil {
		t.Error(err)
	}
}

// keep leaves only these steps.
func keep(full *trace.Trace, names []string) *trace.Trace {
	kept := &trace.Trace{Meta: full.Meta, Tokens: full.Tokens}
	for _, s := range full.Steps {
		if slices.Contains(names, s.Name) {
			kept.Steps = append(kept.Steps, s)
		}
	}
	return kept
}

// spare lists what views need for other reasons than their own grids.
func spare() map[string][]string {
	return map[string][]string{
		"heads":   {trace.HeadsOut},                                                                               // shown where the family has it
		"embed":   {trace.PosEmbed},                                                                               // shown where the family has it
		"qkv":     {trace.Pattern, trace.QNorm, trace.KNorm, trace.RotQ, trace.RotK, trace.KVLatent, trace.KRope}, // in the walk, to find the key that answers best; what heads share
		"scores":  {trace.Softcapped, trace.Biased},                                                               // shown where the family has them
		"pattern": {trace.Sink},                                                                                   // the same
		"values":  {trace.Pattern},                                                                                // in the walk, to find the tokens that matter
		"delta":   {trace.ResidPre, trace.HeadsOut, trace.AttnOut},                                                // for the nearest words, when a trace is made
		"mlp":     {trace.MLPLinear, trace.Router, trace.Experts, trace.Shared},                                   // shown where the family has them
		"layers":  {trace.ResidMid},                                                                               // for those who read the numbers
	}
}

// TestHooksAreNeeded: without any one of them a view names it in an error, or
// the list above says what it is for.
func TestHooksAreNeeded(t *testing.T) {
	s := tiny()
	s.Layers = 1
	ids := []int32{1, 5, 0}
	full := run(t, s, ids, func(string) bool { return true })
	sel := view.Select{Layers: []int{0}, Heads: upTo(s.Heads), Top: 2, Temperature: 1}
	for _, v := range everyView(t, s.Layers) {
		needs := v.Hooks(sel.Layers, s.Layers, false)
		for i, name := range needs {
			_, err := v.Build(keep(full, slices.Delete(slices.Clone(needs), i, i+1)), sel)
			_, hook := trace.Split(name)
			isSpare := slices.Contains(spare()[v.Name], hook)
			switch {
			case (err == nil) != isSpare:
				t.Errorf("%s without %s: %v, spare: %v", v.Name, name, err, isSpare)
			case err != nil && !strings.Contains(err.Error(), name):
				t.Errorf("%s without %s: %v", v.Name, name, err)
			}
		}
	}
}

// TestNothingRecorded: every view says what it misses, and none panics.
func TestNothingRecorded(t *testing.T) {
	h := sentence("a", " b")
	for _, v := range everyView(t, 2) {
		_, err := v.Build(h, told(1, 1, 1))
		if (err != nil) != (v.Name != "tokens") {
			t.Errorf("%s: %v", v.Name, err)
		}
		if err != nil && !strings.Contains(err.Error(), "does not hold ") {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
}

// TestOneToken and many: every view has something to say.
func TestOneTokenAndMany(t *testing.T) {
	if testing.Short() {
		t.Skip("300 tokens")
	}
	for _, n := range []int{1, 2, 300} {
		ids := make([]int32, n)
		for i := range ids {
			ids[i] = int32(i*i) % 7
		}
		s := tiny()
		s.Layers = 2
		h := run(t, s, ids, func(string) bool { return true })
		for _, v := range everyView(t, s.Layers) {
			for _, sel := range selections(s.Layers, s.Heads, n)[4:8] {
				grids, err := v.Build(h, sel)
				if err != nil {
					t.Errorf("%d tokens, %s: %v", n, v.Name, err)
				}
				for _, g := range grids {
					checkGrid(t, g)
				}
			}
		}
	}
}

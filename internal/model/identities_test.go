package model_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"attn/internal/kernels"
	"attn/internal/kernels/ref"
	"attn/internal/model"
	"attn/internal/trace"
)

// TestIdentities holds every trace of random models of any shape, under any
// mask, on both backends, to attention's identities; and both backends to the
// same numbers.
func TestIdentities(t *testing.T) {
	fast := openBackend(t, "cpu", 2)
	rapid.Check(t, func(r *rapid.T) {
		kv := rapid.IntRange(1, 3).Draw(r, "kv heads")
		shape := model.Shape{
			Layers: rapid.IntRange(1, 3).Draw(r, "layers"), KVHeads: kv, Heads: kv * rapid.IntRange(1, 3).Draw(r, "group"),
			DModel: rapid.IntRange(2, 21).Draw(r, "d_model"), DHead: rapid.IntRange(1, 9).Draw(r, "d_head"),
			DMLP: rapid.IntRange(1, 33).Draw(r, "d_mlp"), DVocab: rapid.IntRange(2, 37).Draw(r, "vocabulary"),
			Context: 16, Seed: rapid.Uint64().Draw(r, "seed"),
		}
		m, err := model.Random(shape, nil)
		if err != nil {
			r.Fatal(err)
		}
		m = m.WithMask(kernels.Mask{Causal: rapid.Bool().Draw(r, "causal"), Window: rapid.IntRange(0, 4).Draw(r, "window")})
		var tokens []trace.Token
		for i, id := range rapid.SliceOfN(rapid.Int32Range(0, int32(shape.DVocab-1)), 1, 16).Draw(r, "ids") {
			tokens = append(tokens, trace.Token{Pos: i, ID: id})
		}
		want, got := record(t, m, ref.New(), tokens), record(t, m, fast, tokens)
		for name, made := range map[string]*trace.Trace{"ref": want, "cpu": got} {
			if err := made.Check(); err != nil {
				r.Fatalf("%s: %v", name, err)
			}
		}
		if flat(want) {
			return
		}
		for _, d := range trace.Diff(got, want, trace.Tolerance{}) {
			if d.Missing || d.Max > 1e-5*max(1, d.Scale) {
				r.Fatalf("cpu against ref: %+v", d)
			}
		}
	})
}

// flat reports whether a norm divides by little: it then makes the last bit of
// its input large, and two right backends differ by more than their own errors.
func flat(t *trace.Trace) bool {
	for _, s := range t.Steps {
		if strings.HasSuffix(s.Name, "hook_scale") && slices.Min(s.Whole().Data) < .5 {
			return true
		}
	}
	return false
}

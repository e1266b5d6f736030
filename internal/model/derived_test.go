package model_test

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"attn/internal/kernels"
	"attn/internal/kernels/ref"
	"attn/internal/model"
	"attn/internal/trace"
)

// TestDerivedStepsAreTheOps: scaled and masked scores, which a trace works out when
// they are read, are the very bits that the backend's ops make.
func TestDerivedStepsAreTheOps(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/tiny/*/config.json")
	if err != nil || len(paths) < 3 {
		t.Fatalf("%d folders, %v", len(paths), err)
	}
	for _, be := range []kernels.Backend{ref.New(), openCPU(t, 2)} {
		for _, path := range paths {
			folder := filepath.Dir(path)
			m, err := model.Open(folder)
			if err != nil {
				t.Fatal(err)
			}
			ids := make([]int32, min(9, m.Config.Context))
			for i := range ids {
				ids[i] = int32(i % m.Config.DVocab)
			}
			run := func(wants func(step string) bool) *trace.Trace {
				rec := trace.NewRecorder(make([]trace.Token, len(ids)), wants)
				if _, err := m.Forward(context.Background(), be, ids, rec); err != nil {
					t.Fatal(err)
				}
				return rec.Trace()
			}
			all := run(func(string) bool { return true })
			for _, name := range []string{trace.Scaled, trace.AttnScores} {
				step := trace.InBlock(0, name)
				got, ok := all.Held(step)
				if !ok || got.Value.Data != nil {
					t.Fatalf("%s: %s is not derived", folder, step)
				}
				want, _ := run(func(other string) bool { return other == step }).Held(step)
				if len(want.Value.Data) == 0 {
					t.Fatalf("%s: %s alone is derived", folder, step)
				}
				for i, v := range got.Whole().Data {
					if math.Float32bits(v) != math.Float32bits(want.Value.Data[i]) {
						t.Fatalf("%s, %s: number %d of %s is %v, the op makes %v", be.Name(), folder, i, step, v, want.Value.Data[i])
					}
				}
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

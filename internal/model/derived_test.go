package model_test

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"attn/internal/kernels"
	"attn/internal/model"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// plain is a backend without its optional parts: a pass records what its ops make.
type plain struct{ kernels.Backend }

// passOn records what is wanted of a few tokens.
func passOn(t *testing.T, m *model.Model, be kernels.Backend, wants func(step string) bool) *trace.Trace {
	t.Helper()
	ids := make([]int32, min(9, m.Config.Context))
	for i := range ids {
		ids[i] = int32(i % m.Config.DVocab)
	}
	rec := trace.NewRecorder(make([]trace.Token, len(ids)), wants)
	if _, err := m.Forward(context.Background(), be, ids, rec); err != nil {
		t.Fatal(err)
	}
	return rec.Trace()
}

// TestDerivedStepsAreTheOps: scores and what heads write, which a trace works out when
// they are read, are the very bits that the backend's ops make on the way.
func TestDerivedStepsAreTheOps(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/tiny/*/config.json")
	if err != nil || len(paths) < 3 {
		t.Fatalf("%d folders, %v", len(paths), err)
	}
	be := openCPU(t, 2)
	for _, path := range paths {
		folder := filepath.Dir(path)
		m, err := model.Open(folder)
		if err != nil {
			t.Fatal(err)
		}
		derived := map[string]bool{}
		for _, name := range model.Derived() {
			derived[trace.InBlock(0, name)] = true
		}
		every := func(string) bool { return true }
		got, want := passOn(t, m, be, every), passOn(t, m, plain{be}, every)
		if len(got.Steps) != len(want.Steps) {
			t.Fatalf("%s: %d steps and %d", folder, len(got.Steps), len(want.Steps))
		}
		for i, step := range got.Steps {
			if step.Name != want.Steps[i].Name || tensor.ShapeString(step.Value.Shape) != tensor.ShapeString(want.Steps[i].Value.Shape) {
				t.Fatalf("%s: step %d is %s %v, the ops make %s %v", folder, i, step.Name, step.Value.Shape, want.Steps[i].Name, want.Steps[i].Value.Shape)
			}
			if layer, _ := trace.Split(step.Name); layer == 0 && derived[step.Name] != (step.Value.Data == nil) {
				t.Errorf("%s: %s: derived is %v", folder, step.Name, step.Value.Data == nil)
			}
			for j, v := range step.Whole().Data {
				if math.Float32bits(v) != math.Float32bits(want.Steps[i].Value.Data[j]) {
					t.Fatalf("%s: number %d of %s is %v, the op makes %v", folder, j, step.Name, v, want.Steps[i].Value.Data[j])
				}
			}
		}
		if err := got.Err(); err != nil {
			t.Error(err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestDerivedStepsWithoutTheBackend: what is read when the backend is closed is an
// error, not a number.
func TestDerivedStepsWithoutTheBackend(t *testing.T) {
	m, err := model.Random(model.Shape{Layers: 1, DVocab: 20}, nil)
	if err != nil {
		t.Fatal(err)
	}
	be := openCPU(t, 1)
	tr := passOn(t, m, be, func(string) bool { return true })
	if err := be.Close(); err != nil {
		t.Fatal(err)
	}
	up, ok := tr.InBlock(0, trace.VUp)
	if !ok || up.Data[0] == up.Data[0] || tr.Err() == nil {
		t.Errorf("got %v of %v, and %v", ok, up.Data[:1], tr.Err())
	}
}

// TestActivationsAloneAreNumbers: what they are made of is larger, and is not held for
// their sake.
func TestActivationsAloneAreNumbers(t *testing.T) {
	m, err := model.Open("../../testdata/tiny/llama")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	post := trace.InBlock(0, trace.MLPPost)
	step, ok := passOn(t, m, openCPU(t, 1), func(step string) bool { return step == post }).Held(post)
	if !ok || step.Value.Data == nil {
		t.Errorf("held %v, numbers %d", ok, len(step.Value.Data))
	}
}

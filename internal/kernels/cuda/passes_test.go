package cuda

import (
	"context"
	"math"
	"slices"
	"testing"

	"attn/internal/kernels"
	"attn/internal/kernels/ref"
	"attn/internal/model"
	"attn/internal/trace"
)

// TestPasses holds whole traces to package ref's, through the driver's calls: norms
// before and after, rotations, windows, sinks, latent vectors, experts; step by step,
// and with attention in one op. The second pass finds the memory of the first.
func TestPasses(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED in a short run, for the interpreter is slow; go test ./... runs it")
	}
	everything := func(string) bool { return true }
	fused := func(step string) bool {
		_, name := trace.Split(step)
		return !slices.Contains(trace.WholeMaps(), name)
	}
	for _, family := range []string{"gpt2-odd", "gemma2", "falcon-alibi", "gpt_oss", "mixtral", "deepseek_v3"} {
		m, err := model.Open("../../../testdata/tiny/" + family)
		if err != nil {
			t.Fatal(err)
		}
		be := newFakeGPU(t).open()
		for _, wanted := range []func(string) bool{everything, fused} {
			sameTrace(t, family, passOn(t, m, be, wanted), passOn(t, m, ref.New(), wanted))
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}

// passOn runs a model over seven tokens.
func passOn(t *testing.T, m *model.Model, be kernels.Backend, wanted func(step string) bool) *trace.Trace {
	t.Helper()
	rec := trace.NewRecorder(make([]trace.Token, 7), wanted)
	if _, err := m.Forward(context.Background(), be, []int32{1, 2, 3, 4, 5, 6, 7}, rec); err != nil {
		t.Fatal(err)
	}
	return rec.Trace()
}

// sameTrace holds each step's numbers to within 1e-5 of the largest.
func sameTrace(t *testing.T, family string, got, want *trace.Trace) {
	t.Helper()
	if len(got.Steps) != len(want.Steps) {
		t.Fatalf("%s: %d steps, want %d", family, len(got.Steps), len(want.Steps))
	}
	for i, step := range want.Steps {
		numbers, largest := got.Steps[i].Value.Data, 1.0
		if got.Steps[i].Name != step.Name || len(numbers) != len(step.Value.Data) {
			t.Fatalf("%s: step %d is %s of %d numbers, want %s of %d", family, i, got.Steps[i].Name, len(numbers), step.Name, len(step.Value.Data))
		}
		for _, v := range step.Value.Data {
			if !math.IsInf(float64(v), 0) {
				largest = max(largest, math.Abs(float64(v)))
			}
		}
		for j, v := range step.Value.Data {
			if v != numbers[j] && !(math.Abs(float64(v)-float64(numbers[j])) <= 1e-5*largest) {
				t.Errorf("%s: %s, number %d: %v, want %v", family, step.Name, j, numbers[j], v)
				break
			}
		}
	}
}

package analyze_test

import (
	"bytes"
	"math"
	"os"
	"testing"

	"attn/internal/analyze"
	"attn/internal/trace"
)

// TestAdded: what the heads and the bias add is what attention writes into the
// stream, with a norm on the way or without.
func TestAdded(t *testing.T) {
	for _, name := range []string{"gemma3_text", "olmo2", "llama", "deepseek_v3"} {
		data, err := os.ReadFile("../../testdata/tiny/" + name + "/trace.safetensors")
		if err != nil {
			t.Fatal(err)
		}
		tr, err := trace.Load(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		out, _ := tr.InBlock(1, trace.AttnOut)
		const pos = 4
		sum := make([]float64, tr.Meta.Model.DModel)
		for head := range tr.Meta.Model.Heads {
			for i, v := range analyze.Added(tr, 1, head, pos) {
				sum[i] += float64(v)
			}
		}
		for i, want := range out.Row(pos) { // none of these has a bias there
			if math.Abs(sum[i]-float64(want)) > 1e-5*math.Max(1, math.Abs(float64(want))) {
				t.Errorf("%s: the heads add %v to component %d, attention writes %v", name, sum[i], i, want)
			}
		}
	}
	if analyze.Added(&trace.Trace{}, 0, 0, 0) != nil {
		t.Error("something is added in an empty trace")
	}
}

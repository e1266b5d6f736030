package trace_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"attn/internal/trace"
)

// reference is transformers' trace of a tiny model.
func reference(t *testing.T, name string) *trace.Trace {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../testdata/tiny", name, "trace.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return loaded(t, data)
}

func loaded(t *testing.T, data []byte) *trace.Trace {
	t.Helper()
	tr, err := trace.Load(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// TestLatentKeysShareTheirEnd: and a value may be narrower than a key.
func TestLatentKeysShareTheirEnd(t *testing.T) {
	tr := reference(t, "deepseek_v3-half")
	tr.Meta.Scales = nil
	if err := tr.Check(); err != nil {
		t.Error(err)
	}
	if m := tr.Meta.Model; m.DHead != 10 || m.ValueWidth() != 7 {
		t.Errorf("keys have %d numbers, values %d", m.DHead, m.ValueWidth())
	}
	k, _ := tr.InBlock(1, trace.K)
	k.Row(4, 2)[9]++
	if err := tr.Check(); err == nil || !strings.Contains(err.Error(), "blocks.1.attn.hook_k: position 4, head 2 ends in") {
		t.Errorf("the error is %v", err)
	}
}

// TestNormsAfterEachSum: what they make is the stream; a saved trace still says
// so, and its steps follow from what they follow from.
func TestNormsAfterEachSum(t *testing.T) {
	tr := reference(t, "opt-post-norm")
	err := tr.Check()
	if err == nil || !strings.Contains(err.Error(), "handover") || !strings.Contains(err.Error(), "mlp: ") {
		t.Errorf("as a trace of norms before: %v", err)
	}
	tr.Meta.PostNorm = true
	var saved bytes.Buffer
	if err := tr.Save(&saved); err != nil {
		t.Fatal(err)
	}
	tr = loaded(t, saved.Bytes())
	if err := tr.Check(); err != nil || !tr.Meta.PostNorm {
		t.Errorf("post-norm %v: %v", tr.Meta.PostNorm, err)
	}

	rec := trace.NewRecorder(tr.Tokens, nil)
	rec.Describe(tr.Meta)
	for _, s := range tr.Steps {
		rec.Wants(s.Name)
	}
	for _, s := range tr.Steps {
		rec.Record(s.Name, s.Value)
	}
	for _, s := range rec.Trace().Steps {
		want, ok := map[string][]string{
			"blocks.1.hook_resid_pre":      {"blocks.0.ln2.hook_normalized"},
			"blocks.1.attn.hook_q":         {"blocks.1.hook_resid_pre"},
			"blocks.1.ln1.hook_normalized": {"blocks.1.hook_resid_mid"},
			"blocks.1.hook_resid_post":     {"blocks.1.ln1.hook_normalized", "blocks.1.hook_mlp_out"},
			"unembed.hook_out":             {"blocks.1.ln2.hook_normalized"},
		}[s.Name]
		if ok && !slices.Equal(s.Inputs, want) {
			t.Errorf("%s follows from %v, want %v", s.Name, s.Inputs, want)
		}
	}
}

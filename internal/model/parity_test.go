package model_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"attn/internal/kernels"
	"attn/internal/kernels/all"
	"attn/internal/model"
	"attn/internal/model/builtin"
	"attn/internal/trace"
)

// reference is a model and the trace that Hugging Face's transformers made of
// it (tools/reference).
type reference struct {
	name string
	open func() (*model.Model, error)
}

// references are the built-in model and the folders of testdata/tiny.
func references(t *testing.T) []reference {
	t.Helper()
	folders, err := filepath.Glob("../../testdata/tiny/*/config.json")
	if err != nil || len(folders) < 3 {
		t.Fatalf("%d references, %v", len(folders), err)
	}
	all := []reference{{"story", func() (*model.Model, error) { return builtin.Open("story") }}}
	for _, config := range folders {
		dir := filepath.Dir(config)
		all = append(all, reference{filepath.Base(dir), func() (*model.Model, error) { return model.Open(dir) }})
	}
	return all
}

func loadReference(t *testing.T, name string) *trace.Trace {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../testdata/tiny", name, "trace.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := trace.Load(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return want
}

func everything(string) bool { return true }

// record runs a model over a sentence and keeps every step.
func record(t testing.TB, m *model.Model, be kernels.Backend, tokens []trace.Token) *trace.Trace {
	t.Helper()
	ids := make([]int32, len(tokens))
	for i, token := range tokens {
		ids[i] = token.ID
	}
	rec := trace.NewRecorder(tokens, everything)
	c := m.Config
	rec.Describe(trace.Meta{
		Model: trace.Model{
			Name: c.Name, Family: c.Family, Layers: c.Layers, Heads: c.Heads, KVHeads: c.KVHeads,
			DModel: c.DModel, DHead: c.DHead, DValue: c.DValue, DVocab: c.DVocab,
		},
		Mask: c.Mask, Masks: c.Masks, Scales: c.Scales, Parallel: c.Parallel, PostNorm: c.PostNorm,
	})
	if _, err := m.Forward(context.Background(), be, ids, rec); err != nil {
		t.Fatal(err)
	}
	return rec.Trace()
}

func openBackend(t testing.TB, name string, threads int) kernels.Backend {
	t.Helper()
	be, err := all.Open(name, all.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := be.Close(); err != nil {
			t.Error(err)
		}
	})
	return be
}

// TestParity holds every step of every reference to transformers' numbers.
func TestParity(t *testing.T) {
	tolerance := trace.Tolerance{Abs: 1e-5, Rel: 1e-5}
	for _, r := range references(t) {
		for _, backend := range []string{"ref", "cpu"} {
			t.Run(r.name+"/"+backend, func(t *testing.T) {
				want := loadReference(t, r.name)
				m, err := r.open()
				if err != nil {
					t.Fatal(err)
				}
				defer m.Close()
				got := record(t, m, openBackend(t, backend, 0), want.Tokens)
				if err := got.Check(); err != nil {
					t.Error(err)
				}
				for _, step := range got.Steps {
					if _, ok := want.Find(step.Name); !ok {
						t.Errorf("transformers' trace has no %s", step.Name)
					}
				}
				worst := trace.Divergence{}
				for _, d := range trace.Diff(got, want, tolerance) {
					// the bound: 1e-5 · max(1, max|reference|)
					if d.Missing || d.Max > 1e-5*max(1, d.Scale) {
						t.Fatalf("first diverging step: %+v", d)
					}
					if d.Max/max(1, d.Scale) > worst.Max/max(1, worst.Scale) {
						worst = d
					}
				}
				t.Logf("furthest: %s, %.1e of at most %.3g", worst.Step, worst.Max, worst.Scale)
			})
		}
	}
}

// TestReferenceIdentities checks that the reference's own numbers satisfy the
// identities: the names mean the same on both sides.
func TestReferenceIdentities(t *testing.T) {
	for _, r := range references(t) {
		want := loadReference(t, r.name)
		m, err := r.open()
		if err != nil {
			t.Fatal(err)
		}
		c := m.Config
		want.Meta.Scales, want.Meta.Mask, want.Meta.Masks, want.Meta.Parallel, want.Meta.PostNorm = c.Scales, c.Mask, c.Masks, c.Parallel, c.PostNorm
		if err := want.Check(); err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
		m.Close()
	}
}

// TestOlderConfigs: a config as files of transformers before version 5 have it
// is read as the newer form is.
func TestOlderConfigs(t *testing.T) {
	older, err := filepath.Glob("../../testdata/tiny/*/hub.json")
	if err != nil || len(older) < 30 {
		t.Fatalf("%d older configs, %v", len(older), err)
	}
	for _, path := range older {
		folder := filepath.Dir(path)
		var read [2]string
		for i, file := range []string{path, filepath.Join(folder, "config.json")} {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, names, err := model.ParseConfig(data)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			read[i] = fmt.Sprintf("%+v %+v", c, names)
			for _, r := range c.Ropes {
				if r != nil {
					read[i] += fmt.Sprintf(" %+v", *r)
				}
			}
		}
		if a, b := pointers.ReplaceAllString(read[0], ""), pointers.ReplaceAllString(read[1], ""); a != b {
			t.Errorf("%s:\n%s\nand config.json:\n%s", path, a, b)
		}
	}
}

// pointers are what Printf writes for the ropes' addresses.
var pointers = regexp.MustCompile(`0x[0-9a-f]+`)

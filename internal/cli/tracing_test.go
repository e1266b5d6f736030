package cli

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"attn/internal/model"
	"attn/internal/model/builtin"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// TestRecordsNoMoreThanMayBePicked: a layer that can be neither shown nor picked
// costs no memory.
func TestRecordsNoMoreThanMayBePicked(t *testing.T) {
	m, err := builtin.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if m.Walk == nil {
		t.Fatal("the built-in model names no walk")
	}
	unnamed := *m
	unnamed.Walk = nil
	const shown = 1
	for _, tt := range []struct {
		name        string
		layer, head string
		walk        bool
		want        []int // the layers of which patterns are recorded
	}{
		{"layer and head", "1", "0", true, []int{shown}},
		{"a layer alone", "1", "", true, []int{shown}},
		{"two layers", "1,3", "", false, []int{1, 3}},
		{"the walk's", "", "", true, []int{m.Walk.Layer}},
		{"a head, so not the walk's", "", "0", true, []int{0, 1, 2, 3}},
		{"nothing", "", "", false, []int{0, 1, 2, 3}},
	} {
		runs := m
		if !tt.walk {
			runs = &unnamed
		}
		r := recording{showing: showing{layer: tt.layer, head: tt.head, steps: []string{"pattern"}}}
		open, err := r.candidates(runs)
		if err != nil {
			t.Fatal(err)
		}
		wanted, err := r.wanted(open, m.Config.Layers, false)
		if err != nil {
			t.Fatal(err)
		}
		var layers []int
		for _, name := range slices.Sorted(maps.Keys(wanted)) {
			if strings.HasSuffix(name, trace.Pattern) {
				layer, _ := trace.Split(name)
				layers = append(layers, layer)
			}
		}
		if !slices.Equal(layers, tt.want) {
			t.Errorf("%s: patterns of %v, not %v", tt.name, layers, tt.want)
		}
	}
}

// TestNarrowing: letting go of layers during the pass picks what looking at all
// of them at the end does, and holds the steps of two at most.
func TestNarrowing(t *testing.T) {
	for seed := range uint64(12) {
		m, err := openRandom(model.Shape{Layers: 5, Heads: 3, DModel: 24, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		be, err := (&deviceFlags{Device: "cpu"}).open()
		if err != nil {
			t.Fatal(err)
		}
		defer be.Close()
		tokens, err := (&source{Text: chapter}).tokens(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		for _, choice := range []showing{{}, {head: "1"}, {focus: "creature"}, {head: "0,2", focus: "forest"}} {
			choice.layout, choice.top, choice.temperature = "3b1b", 8, 1
			choice.steps = []string{"qkv", "scores"}
			got, sel, err := recording{showing: choice}.makeTrace(t.Context(), m, be, chapter, tokens)
			if err != nil {
				t.Fatal(err)
			}
			all, want, err := recording{showing: choice, record: []string{"all"}}.makeTrace(t.Context(), m, be, chapter, tokens)
			if err != nil {
				t.Fatal(err)
			}
			if sel.Told != want.Told {
				t.Errorf("seed %d, %+v: %+v is picked, not %+v", seed, choice, sel.Told, want.Told)
			}
			for _, step := range got.Steps {
				if layer, _ := trace.Split(step.Name); layer >= 0 && layer != want.Told.Layer {
					t.Errorf("seed %d: %s is kept", seed, step.Name)
				}
				if same, ok := all.Find(step.Name); !ok || !slices.Equal(same.Data, step.Whole().Data) {
					t.Errorf("seed %d: %s is another", seed, step.Name)
				}
			}
		}
	}
}

// TestLastAlone: of the logits, no more is held than what is shown, unless the
// trace itself is what was asked for.
func TestLastAlone(t *testing.T) {
	m, err := builtin.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	be, err := (&deviceFlags{Device: "cpu"}).open()
	if err != nil {
		t.Fatal(err)
	}
	defer be.Close()
	tokens, err := (&source{Text: chapter}).tokens(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		r    recording
		rows int
	}{
		{"the walk", recording{}, 1},
		{"predict", recording{showing: showing{steps: []string{"pattern", "predict"}}}, 1},
		{"surprise", recording{showing: showing{steps: []string{"predict", "surprise"}}}, len(tokens)},
		{"the step itself", recording{showing: showing{steps: []string{"predict", trace.Logits}}}, len(tokens)},
		{"recorded", recording{record: []string{"unembed.*"}}, len(tokens)},
		{"all", recording{record: []string{"all"}}, len(tokens)},
		{"kept", recording{whole: true}, len(tokens)},
	} {
		tt.r.layout, tt.r.top, tt.r.temperature = "3b1b", 8, 1
		got, sel, err := tt.r.makeTrace(t.Context(), m, be, chapter, tokens)
		if err != nil {
			t.Fatal(err)
		}
		if logits, ok := got.Held(trace.Logits); !ok || logits.Value.Shape[0].Size != tt.rows {
			t.Errorf("%s: logits %s, %d rows are shown", tt.name, tensor.ShapeString(logits.Value.Shape), tt.rows)
		}
		if _, err := tt.r.grids(got, sel); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestNarrowingHoldsTwoLayers counts the layers of which something is held.
func TestNarrowingHoldsTwoLayers(t *testing.T) {
	m, err := openRandom(model.Shape{Layers: 6, Heads: 2, DModel: 8, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	r := recording{showing: showing{steps: []string{"qkv"}}}
	wanted, err := r.wanted(span(0, 5), 6, false)
	if err != nil {
		t.Fatal(err)
	}
	tokens := []trace.Token{{Pos: 0}, {Pos: 1}}
	rec, err := r.recorder(trace.Meta{Model: trace.Model{Layers: 6, Heads: 2}}, tokens, wanted, span(0, 5), false)
	if err != nil {
		t.Fatal(err)
	}
	for layer := range m.Config.Layers {
		for _, name := range []string{trace.Q, trace.K, trace.Pattern} {
			if name = trace.InBlock(layer, name); rec.Wants(name) {
				rec.Record(name, tensor.New(tensor.D(tensor.Head, 2), tensor.D(tensor.QueryPos, 2), tensor.D(tensor.KeyPos, 2)))
			}
		}
		held := map[int]bool{}
		for _, step := range rec.Trace().Steps {
			of, _ := trace.Split(step.Name)
			held[of] = true
		}
		if len(held) > 2 {
			t.Errorf("in layer %d steps of %d layers are held", layer, len(held))
		}
	}
}

// TestWhatCannotBeWorkedOut: the error says why a step has no numbers, in every format
// and in a file.
func TestWhatCannotBeWorkedOut(t *testing.T) {
	gone := errors.New("the model's file has changed")
	step := trace.InBlock(0, trace.VUp)
	broken := func() *trace.Trace {
		rec := trace.NewRecorder([]trace.Token{{Text: "one"}}, func(string) bool { return true })
		rec.Describe(trace.Meta{Model: trace.Model{Layers: 1, Heads: 1, KVHeads: 1, DModel: 2, DHead: 1, DVocab: 3}})
		shape := []tensor.Dim{tensor.D(tensor.Pos, 1), tensor.D(tensor.Head, 1), tensor.D(tensor.DModel, 2)}
		rec.RecordDerived(step, shape, func([]float32) error { return gone })
		return rec.Trace()
	}
	for _, format := range []string{formatText, formatJSON, formatCSV} {
		for _, shown := range []string{step, "tokens"} { // what is shown reads it, or what is written
			if format == formatText && shown == "tokens" {
				continue // nobody reads it
			}
			out := &outputFlags{Format: format, Output: filepath.Join(t.TempDir(), "out")}
			s := showing{steps: []string{shown}, layout: "3b1b", top: 1, temperature: 1}
			tr := broken()
			sel, err := s.selection(tr)
			if err != nil {
				t.Fatal(err)
			}
			err = s.write(NewApp(io.Discard, io.Discard), tr, sel, out, &lookFlags{})
			if !errors.Is(err, gone) {
				t.Errorf("%s of %s: %v", format, shown, err)
			}
			if _, err := os.Stat(out.Output); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s of %s: a file was written: %v", format, shown, err)
			}
		}
	}
}

package model

import (
	"context"
	"errors"
	"testing"

	"attn/internal/kernels"
	"attn/internal/kernels/ref"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// late is a backend that brings results back when it is asked to settle, and no
// sooner.
type late struct {
	*ref.Backend
	owed   []func()
	counts int   // results that were asked for later
	full   error // what Fit says
	asked  int   // bytes that Fit was asked about
}

func (l *late) Later(a kernels.Array) tensor.Tensor {
	now := l.Get(a)
	t := tensor.New(now.Shape...)
	l.owed = append(l.owed, func() { copy(t.Data, now.Data) })
	l.counts++
	return t
}

func (l *late) Settle() {
	for _, pay := range l.owed {
		pay()
	}
	l.owed = nil
}

func (l *late) Fit(bytes int) error {
	l.asked = bytes
	return l.full
}

// TestLaterIsTheSame holds that a trace whose steps came back beside the ops is
// the trace that waits for each, and that who looks early can wait.
func TestLaterIsTheSame(t *testing.T) {
	random, err1 := Random(Shape{Layers: 2, DVocab: 50, Seed: 3}, nil)
	routed, err2 := Open("../../testdata/tiny/mixtral") // its experts read what the router scores
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	defer routed.Close()
	for _, m := range []*Model{random, routed} {
		laterIsTheSame(t, m)
	}
}

func laterIsTheSame(t *testing.T, m *Model) {
	t.Helper()
	run := func(be kernels.Backend, early bool) *trace.Trace {
		tokens := make([]trace.Token, 5)
		var rec *trace.Recorder
		rec = trace.NewRecorder(tokens, func(name string) bool {
			if early && name == trace.Logits {
				rec.Settle()
				first := rec.Trace().Steps[0].Value.Data
				if first[0] == 0 && first[1] == 0 {
					t.Error("after Settle the first step is not there")
				}
			}
			return true
		})
		if _, err := m.Forward(context.Background(), be, []int32{1, 2, 3, 4, 5}, rec); err != nil {
			t.Fatal(err)
		}
		rec.Settle() // after the pass there is nothing to wait for
		return rec.Trace()
	}
	want := run(ref.New(), false)
	be := &late{Backend: ref.New()}
	got := run(be, true)
	if be.counts < len(want.Steps)/2 {
		t.Errorf("%d of %d steps came later", be.counts, len(want.Steps))
	}
	if be.owed != nil || len(got.Steps) != len(want.Steps) {
		t.Fatalf("%d results are owed, %d steps of %d", len(be.owed), len(got.Steps), len(want.Steps))
	}
	for i, step := range want.Steps {
		other := got.Steps[i].Whole().Data
		for j, v := range step.Whole().Data {
			if other[j] != v {
				t.Fatalf("%s: number %d is %v, want %v", step.Name, j, other[j], v)
			}
		}
	}
	if be.asked != 4*int(m.Parameters) {
		t.Errorf("room for %d bytes was asked for, %d parameters", be.asked, m.Parameters)
	}
}

// TestTooLarge holds that a model that does not fit is refused before anything
// is computed.
func TestTooLarge(t *testing.T) {
	m, err := Random(Shape{Layers: 1, DVocab: 50}, nil)
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("it does not fit")
	be := &late{Backend: ref.New(), full: full}
	rec := trace.NewRecorder(make([]trace.Token, 1), func(string) bool { return true })
	if _, err := m.Forward(context.Background(), be, []int32{1}, rec); !errors.Is(err, full) || be.counts != 0 || len(rec.Trace().Steps) != 0 {
		t.Errorf("got %v after %d results", err, be.counts)
	}
}

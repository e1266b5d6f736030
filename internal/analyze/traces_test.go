package analyze_test

import (
	"context"
	"testing"

	"attn/internal/kernels/all"
	"attn/internal/model"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// blank is a trace of n tokens of a small model, with no steps yet: 2 layers,
// 2 heads, 2 numbers per vector, 4 words.
func blank(n int) *trace.Trace {
	t := &trace.Trace{Meta: trace.Meta{
		Model: trace.Model{Layers: 2, Heads: 2, KVHeads: 2, DModel: 2, DHead: 1, DVocab: 4},
		Mask:  tensor.Mask{Causal: true},
		Words: map[int32]string{0: " the", 1: " cat"},
	}}
	for i := range n {
		t.Tokens = append(t.Tokens, trace.Token{Pos: i, ID: int32(i % 4), Text: " word"})
	}
	return t
}

// put adds a step of the given sizes.
func put(t *trace.Trace, name string, sizes []int, values ...float32) {
	hook, _ := trace.FindHook(name)
	var shape []tensor.Dim
	for i, axis := range hook.Axes {
		shape = append(shape, tensor.D(axis, sizes[i]))
	}
	t.Steps = append(t.Steps, trace.Step{Name: name, Value: tensor.Tensor{Shape: shape, Data: values}})
}

// run traces a random model over tokens, and keeps every step.
func run(t testing.TB, s model.Shape, ids []int32) *trace.Trace {
	t.Helper()
	m, err := model.Random(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	be, err := all.Open("ref", all.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer be.Close() // holds nothing
	tokens := make([]trace.Token, len(ids))
	for i, id := range ids {
		tokens[i] = trace.Token{Pos: i, ID: id}
	}
	rec := trace.NewRecorder(tokens, func(string) bool { return true })
	c := m.Config
	rec.Describe(trace.Meta{
		Model: trace.Model{Layers: c.Layers, Heads: c.Heads, KVHeads: c.KVHeads, DModel: c.DModel, DHead: c.DHead, DVocab: c.DVocab},
		Mask:  c.Mask, Scales: c.Scales,
	})
	if _, err := m.Forward(context.Background(), be, ids, rec); err != nil {
		t.Fatal(err)
	}
	tr := rec.Trace()
	if err := tr.Complete(); err != nil {
		t.Fatal(err)
	}
	return tr
}

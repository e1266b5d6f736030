package analyze_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"attn/internal/analyze"
	"attn/internal/trace"
)

// ln gives logits whose softmax is p.
func ln(p ...float64) []float32 {
	logits := make([]float32, len(p))
	for i, v := range p {
		logits[i] = float32(math.Log(v))
	}
	return logits
}

func TestSoftmax(t *testing.T) {
	inf := float32(math.Inf(-1))
	for _, tt := range []struct {
		name        string
		x           []float32
		temperature float64
		want        []float64
	}{
		{"quarters", ln(.25, .5, .25), 1, []float64{.25, .5, .25}},
		{"equal", []float32{7, 7}, 1, []float64{.5, .5}},
		{"one", []float32{-3}, 1, []float64{1}},
		{"shifted", []float32{1000, 1000 - float32(math.Ln2)}, 1, []float64{2. / 3, 1. / 3}},
		{"extreme", []float32{math.MaxFloat32, -math.MaxFloat32}, 1, []float64{1, 0}},
		{"masked", []float32{inf, 0, 0}, 1, []float64{0, .5, .5}},
		{"colder", ln(.8, .2), .5, []float64{16. / 17, 1. / 17}},
		{"warmer", ln(.8, .2), 2, []float64{2. / 3, 1. / 3}},
		{"freezing", []float32{1, 2}, 1e-300, []float64{0, 1}},
		{"boiling", []float32{1, 2}, math.Inf(1), []float64{.5, .5}},
	} {
		got := analyze.Softmax(tt.x, tt.temperature)
		for i := range tt.want {
			if !near(got[i], tt.want[i], 1e-4) {
				t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
				break
			}
		}
	}
}

func TestSoftmaxSumsTo1(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		x := rapid.SliceOfN(rapid.Float32(), 1, 50).Draw(rt, "x")
		temperature := rapid.Float64Range(1e-3, 1e3).Draw(rt, "temperature")
		sum := 0.0
		for _, p := range analyze.Softmax(x, temperature) {
			sum += p
			if !(p >= 0 && p <= 1) {
				rt.Errorf("a probability of %v", p)
			}
		}
		if !near(sum, 1, 1e-12) {
			rt.Errorf("they sum to %v", sum)
		}
	})
}

// guessing is a trace of 4 tokens, 0 to 3, with what each position predicts:
// half for word 2; the right word, 2; nothing in particular; anything.
func guessing() *trace.Trace {
	h := blank(4)
	logits := slices.Concat(ln(.125, .25, .5, .125), []float32{0, 0, 9000, 0}, []float32{5, 5, 5, 5}, ln(.125, .5, .25, .125))
	put(h, trace.Logits, []int{4, 4}, logits...)
	return h
}

func TestPredictions(t *testing.T) {
	got, err := analyze.Predictions(guessing(), 3, 3, 1)
	if err != nil || len(got) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	want := []analyze.Prediction{
		{ID: 1, Text: " cat", Logit: math.Log(.5), Probability: .5},
		{ID: 2, Text: "#2", Logit: math.Log(.25), Probability: .25},
		{ID: 0, Text: " the", Logit: math.Log(.125), Probability: .125},
	}
	for i, p := range got {
		if p.ID != want[i].ID || p.Text != want[i].Text || !near(p.Logit, want[i].Logit, 1e-6) || !near(p.Probability, want[i].Probability, 1e-6) {
			t.Errorf("candidate %d is %+v, want %+v", i, p, want[i])
		}
	}
	cold, err := analyze.Predictions(guessing(), 3, 99, .5)
	if err != nil || len(cold) != 4 || !near(cold[0].Probability, 16./22, 1e-6) || !near(cold[0].Logit, math.Log(.5), 1e-6) {
		t.Errorf("at temperature ½: %+v, %v", cold, err)
	}
	if _, err := analyze.Predictions(blank(1), 0, 3, 1); err == nil || !strings.Contains(err.Error(), trace.Logits) {
		t.Errorf("without logits: %v", err)
	}
}

// TestSurprisesByHand: 2 bits, 0 bits and 2 bits.
func TestSurprisesByHand(t *testing.T) {
	got, err := analyze.Surprises(guessing())
	if err != nil || len(got) != 4 {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, want := range []struct {
		guess             int32
		sure              float64
		next              int32
		probability, bits float64
		rank              int
	}{
		{2, .5, 1, .25, 2, 2},
		{2, 1, 2, 1, 0, 1},
		{0, .25, 3, .25, 2, 4}, // of four equals the guess is the first
	} {
		s := got[i]
		if s.Pos != i || s.Guess.ID != want.guess || !near(s.Guess.Probability, want.sure, 1e-6) || !s.HasNext || s.Next.ID != want.next ||
			!near(s.Probability, want.probability, 1e-6) || !near(s.Bits, want.bits, 1e-6) || math.Signbit(s.Bits) || s.Rank != want.rank {
			t.Errorf("position %d: %+v, want %+v", i, s, want)
		}
	}
	if last := got[3]; last.HasNext || last.Guess.ID != 1 || last.Bits != 0 {
		t.Errorf("the last position: %+v", last)
	}
}

// TestSurprisesThatNoProbabilityHolds: the bits are finite all the same.
func TestSurprisesThatNoProbabilityHolds(t *testing.T) {
	h := blank(2)
	put(h, trace.Logits, []int{2, 4}, 9000, 0, 0, 0, 0, 0, 0, 0)
	got, err := analyze.Surprises(h)
	if err != nil || got[0].Probability != 0 || !near(got[0].Bits, 9000/math.Ln2, 1e-6) || got[0].Rank != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSurprisesRefuse(t *testing.T) {
	if _, err := analyze.Surprises(blank(2)); err == nil || !strings.Contains(err.Error(), trace.Logits) {
		t.Errorf("without logits: %v", err)
	}
	for _, id := range []int32{-1, 4, math.MaxInt32} {
		h := guessing()
		h.Tokens[2].ID = id
		if _, err := analyze.Surprises(h); err == nil || !strings.Contains(err.Error(), "at position 2") {
			t.Errorf("a token of id %d: %v", id, err)
		}
	}
}

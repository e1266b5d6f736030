package view_test

import (
	"math"
	"strings"
	"testing"

	"attn/internal/trace"
)

// guessing is a trace whose positions predict: word 1 with ½, word 3 for sure,
// and quarters of words 0, 1 and 2, with ⅛ for 3 and more for 2.
func guessing() *trace.Trace {
	h := sentence("The", "s", "  ")
	var logits []float32
	for _, p := range []float64{.25, .5, .125, .125, 1e-9, 1e-9, 1e-9, 1 - 3e-9, .25, .125, .5, .125} {
		logits = append(logits, float32(math.Log(p)))
	}
	put(h, trace.Logits, logits...)
	return h
}

func TestPredictView(t *testing.T) {
	sel := told(0, 0, 0)
	sel.Top = 2
	g := one(t, "predict", guessing(), sel)
	if got := texts(g.Table.Rows); got != "␣␣|the" {
		t.Errorf("the candidates are %s", got)
	}
	numbers(t, g, "probability", .5, .25)
	numbers(t, g, "logit", float64(float32(math.Log(.5))), float64(float32(math.Log(.25))))
	says(t, "title", g.Title, "“␣␣”") // after the last token, not the told one
	says(t, "note", strings.Join(g.Notes, ""), "25")
	if strings.Contains(g.Formula, "/") {
		t.Errorf("at temperature 1 the formula is %s", g.Formula)
	}

	sel.Temperature, sel.Top = .5, 1000
	g = one(t, "predict", guessing(), sel)
	if got := texts(g.Table.Rows); got != "␣␣|the|‿s|#3" {
		t.Errorf("all candidates are %s", got)
	}
	numbers(t, g, "probability", 16./22, 4./22, 1./22, 1./22)
	says(t, "formula", g.Formula, "/ 0.5")
	says(t, "note", strings.Join(g.Notes, ""), " 0")
}

// TestSurpriseView: the tokens that came are words 1 and 2.
func TestSurpriseView(t *testing.T) {
	g := one(t, "surprise", guessing(), told(0, 0, 1))
	if got := texts(g.Table.Rows); got != "The|>‿s|␣␣" {
		t.Errorf("the rows are %s", got)
	}
	words(t, g, "predicts", "‿s", "#3", "␣␣")
	words(t, g, "what came", "‿s", "␣␣", "")
	numbers(t, g, "with", .5, 1, .5)
	numbers(t, g, "had", .5, 1e-9, nan)
	numbers(t, g, "rank", 1, 4, nan)
	if bits := column(t, g, "surprise, bits").Numbers; abs(bits[0]-1) > 1e-6 || abs(bits[1]-29.897352854) > 1e-4 || !math.IsNaN(bits[2]) {
		t.Errorf("the bits are %v", bits)
	}
	says(t, "note", strings.Join(g.Notes, ""), "1 of 2 foreseen", "15.45 bits", "10.71 nats")
}

// Package analyze turns a trace into numbers that explain it. Its functions
// are pure: they read a trace and compute, with no model and no backend.
package analyze

import (
	"fmt"
	"math"

	"attn/internal/trace"
)

// Share is what one source token gives to the focus token through one head.
type Share struct {
	Pos    int     // the source token
	Weight float64 // the pattern's weight, 0 to 1
	Value  float64 // |W_O v|: the length of what the source passes on
	Part   float64 // |weight · W_O v|: the length of what arrives
	Along  float64 // its projection on Δe as a fraction of |Δe|; all shares sum to 1
}

// Ledger accounts for one head's change of one token: Δe = Σ weight · W_O v
// over the sources (Kobayashi et al. 2020 measure attention by these parts).
type Ledger struct {
	Layer, Head, Focus int
	Shares             []Share   // one per token, in the sentence's order
	Delta              []float32 // Δe [d_model], as the model computed it
	Length             float64   // |Δe|
	Residue            float64   // the largest |Σ parts − Δe| of any component
}

// NewLedger reads the pattern, the values and the result of a head.
func NewLedger(t *trace.Trace, layer, head, focus int) (Ledger, error) {
	pattern, ok1 := t.InBlock(layer, trace.Pattern)
	values, ok2 := t.InBlock(layer, trace.VUp)
	result, ok3 := t.InBlock(layer, trace.Result)
	for _, part := range []struct {
		name string
		ok   bool
	}{{trace.Pattern, ok1}, {trace.VUp, ok2}, {trace.Result, ok3}} {
		if !part.ok {
			return Ledger{}, fmt.Errorf("the trace does not hold %s", trace.InBlock(layer, part.name))
		}
	}
	l := Ledger{Layer: layer, Head: head, Focus: focus, Delta: result.Row(focus, head)}
	l.Length = Length(l.Delta)
	sum := make([]float64, len(l.Delta))
	for pos, weight := range pattern.Row(head, focus) {
		value := values.Row(pos, head)
		s := Share{Pos: pos, Weight: float64(weight), Value: Length(value)}
		s.Part = s.Weight * s.Value
		for i, v := range value {
			part := float64(weight) * float64(v)
			sum[i] += part
			s.Along += part * float64(l.Delta[i])
		}
		if l.Length > 0 {
			s.Along /= l.Length * l.Length
		}
		l.Shares = append(l.Shares, s)
	}
	for i, want := range l.Delta {
		l.Residue = math.Max(l.Residue, math.Abs(sum[i]-float64(want)))
	}
	return l, nil
}

// Length is the Euclidean length |v|.
func Length(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

// Dot is a · b in float64.
func Dot(a, b []float32) float64 {
	sum := 0.0
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return sum
}

// Cosine is a · b / (|a| |b|), or 0 when either is zero.
func Cosine(a, b []float32) float64 {
	size := Length(a) * Length(b)
	if size == 0 {
		return 0
	}
	return Dot(a, b) / size
}

// Along is the projection of part on whole as a fraction of whole's length:
// the fractions of all parts sum to 1. It is 0 when whole is zero.
func Along(part, whole []float32) float64 {
	size := Dot(whole, whole)
	if size == 0 {
		return 0
	}
	return Dot(part, whole) / size
}

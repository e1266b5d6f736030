// Package analyze turns a trace into numbers that explain it. Its functions
// are pure: they read a trace and compute, with no model and no backend.
package analyze

import (
	"fmt"
	"math"
	"slices"

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
	Shares             []Share   // one per token, in the sentence's order, as far as the trace tells them
	Others             *Share    // all other tokens together, with no value of their own; nil when there are none
	Delta              []float32 // Δe [d_model], as the model computed it
	Length             float64   // |Δe|
	Residue            float64   // the largest |Σ parts − Δe| of any component
}

// NewLedger reads the pattern, the values and the result of a head.
func NewLedger(t *trace.Trace, layer, head, focus int) (Ledger, error) {
	attended, ok := AttendedBy(t, layer, head, focus)
	if !ok {
		return Ledger{}, notHeld(layer, trace.Pattern)
	}
	delta, ok := t.At(trace.InBlock(layer, trace.Result), focus, head)
	if !ok {
		return Ledger{}, notHeld(layer, trace.Result)
	}
	l := Ledger{Layer: layer, Head: head, Focus: focus, Delta: delta, Length: Length(delta)}
	sum := make([]float64, len(delta))
	for i, pos := range attended.Keys {
		value, ok := t.At(trace.InBlock(layer, trace.VUp), pos, head)
		if !ok {
			return Ledger{}, notHeld(layer, trace.VUp)
		}
		l.Shares = append(l.Shares, l.share(pos, attended.Weights[i], value, sum))
	}
	slices.SortFunc(l.Shares, func(a, b Share) int { return a.Pos - b.Pos })
	if attended.Rest > 0 {
		l.Others = l.rest(attended.Rest, sum)
		return l, nil
	}
	for i, want := range delta {
		l.Residue = math.Max(l.Residue, math.Abs(sum[i]-float64(want)))
	}
	return l, nil
}

// share works out what one token gives, and adds it to sum.
func (l *Ledger) share(pos int, weight float64, value []float32, sum []float64) Share {
	s := Share{Pos: pos, Weight: weight, Value: Length(value)}
	s.Part = s.Weight * s.Value
	for i, v := range value {
		part := weight * float64(v)
		sum[i] += part
		s.Along += part * float64(l.Delta[i])
	}
	if l.Length > 0 {
		s.Along /= l.Length * l.Length
	}
	return s
}

// rest is what Δe has beyond the shares that are told of.
func (l *Ledger) rest(weight float64, sum []float64) *Share {
	s := Share{Pos: -1, Weight: weight, Value: math.NaN()}
	for i, whole := range l.Delta {
		left := float64(whole) - sum[i]
		s.Part += left * left
		s.Along += left * float64(whole)
	}
	s.Part = math.Sqrt(s.Part)
	if l.Length > 0 {
		s.Along /= l.Length * l.Length
	}
	return &s
}

func notHeld(layer int, name string) error {
	return fmt.Errorf("the trace does not hold %s", trace.InBlock(layer, name))
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

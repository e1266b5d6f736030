package analyze

import (
	"math"

	"attn/internal/trace"
)

// Attended is what one query takes from the keys: from those that the trace
// tells of one by one, and from all others together.
type Attended struct {
	Keys    []int
	Weights []float64
	Rest    float64 // on other keys
	Bits    float64 // the entropy of all weights; 0 looks at one key only; NaN when the trace does not tell
}

// AttendedBy reads it from the pattern, or, of a text too long for patterns,
// from the list of the keys with the most weight.
func AttendedBy(t *trace.Trace, layer, head, query int) (Attended, bool) {
	if pattern, ok := t.InBlock(layer, trace.Pattern); ok {
		return wholeRow(pattern.Row(head, query)), true
	}
	keys, ok1 := t.At(trace.InBlock(layer, trace.TopKeys), query, head)
	weights, ok2 := t.At(trace.InBlock(layer, trace.TopWeights), query, head)
	if !ok1 || !ok2 {
		return Attended{}, false
	}
	a := Attended{Bits: math.NaN()}
	for i, k := range keys[:min(len(keys), len(weights))] {
		if k >= 0 {
			a.Keys, a.Weights = append(a.Keys, int(k)), append(a.Weights, float64(weights[i]))
		}
	}
	if rest, ok := t.InBlock(layer, trace.TopRest); ok {
		a.Rest = float64(rest.At(head, query))
	}
	if entropy, ok := t.InBlock(layer, trace.Entropy); ok {
		a.Bits = float64(entropy.At(head, query)) / math.Ln2
	}
	return a, true
}

// wholeRow reads a row of a pattern.
func wholeRow(row []float32) Attended {
	a := Attended{}
	for k, w := range row {
		weight := float64(w)
		a.Keys, a.Weights = append(a.Keys, k), append(a.Weights, weight)
		if weight > 0 {
			a.Bits -= weight * math.Log2(weight)
		}
	}
	a.Bits = math.Max(0, a.Bits) // weights of 1 and a rounding error have less than none
	return a
}

// Strongest is the key with the most weight, and that weight; of two alike the
// one told of first.
func (a Attended) Strongest() (key int, weight float64) {
	for i, w := range a.Weights {
		if w > weight {
			key, weight = a.Keys[i], w
		}
	}
	return key, weight
}

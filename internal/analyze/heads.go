package analyze

import (
	"math"

	"attn/internal/trace"
)

// Look is what one head does at one query.
type Look struct {
	Layer, Head int
	Top         int     // the key it looks at most
	TopWeight   float64 // that key's weight
	Back        float64 // the weight on other tokens than the query itself, as far as the trace tells it apart
	Bits        float64 // the entropy of the weights: 0 looks at one token only
	Length      float64 // |Δe|, or NaN when the result was not recorded
	Along       float64 // Δe's projection on what the heads sum to, as a fraction of it; NaN likewise
}

// Looks returns what every head of a layer does at a query.
func Looks(t *trace.Trace, layer, query int) []Look {
	var looks []Look
	for head := range t.Meta.Model.Heads {
		attended, ok := AttendedBy(t, layer, head, query)
		if !ok {
			return nil
		}
		l := Look{Layer: layer, Head: head, Bits: attended.Bits, Back: attended.Rest, Length: math.NaN(), Along: math.NaN()}
		l.Top, l.TopWeight = attended.Strongest()
		for i, k := range attended.Keys {
			if k != query {
				l.Back += attended.Weights[i]
			}
		}
		if delta, ok := t.At(trace.InBlock(layer, trace.Result), query, head); ok {
			l.Length = Length(delta)
			if out, ok := t.HeadsSumAt(layer, query); ok {
				l.Along = Along(delta, out)
			}
		}
		looks = append(looks, l)
	}
	return looks
}

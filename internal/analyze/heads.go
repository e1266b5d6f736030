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
	Back        float64 // the weight on other tokens than the query itself
	Bits        float64 // the entropy of the weights: 0 looks at one token only
	Length      float64 // |Δe|, or NaN when the result was not recorded
	Along       float64 // Δe's projection on what the heads sum to, as a fraction of it; NaN likewise
}

// Looks returns what every head of a layer does at a query.
func Looks(t *trace.Trace, layer, query int) []Look {
	pattern, ok := t.InBlock(layer, trace.Pattern)
	if !ok {
		return nil
	}
	result, haveResult := t.InBlock(layer, trace.Result)
	out, haveOut := t.HeadsSum(layer)
	looks := make([]Look, t.Meta.Model.Heads)
	for head := range looks {
		l := Look{Layer: layer, Head: head, Length: math.NaN(), Along: math.NaN()}
		for k, w := range pattern.Row(head, query) {
			weight := float64(w)
			if weight > l.TopWeight {
				l.Top, l.TopWeight = k, weight
			}
			if k != query {
				l.Back += weight
			}
			if weight > 0 {
				l.Bits -= weight * math.Log2(weight)
			}
		}
		l.Bits = math.Max(0, l.Bits) // weights of 1 and a rounding error have less than none
		if haveResult {
			delta := result.Row(query, head)
			l.Length = Length(delta)
		}
		if haveResult && haveOut {
			l.Along = Along(result.Row(query, head), out.Row(query))
		}
		looks[head] = l
	}
	return looks
}

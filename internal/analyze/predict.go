package analyze

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"attn/internal/tensor"
	"attn/internal/trace"
)

// Prediction is one candidate for the next token.
type Prediction struct {
	ID          int32
	Text        string
	Logit       float64
	Probability float64
}

// Predictions returns the top candidates for the token after position pos, the
// likeliest first: softmax(logits / temperature). It needs unembed.hook_out.
func Predictions(t *trace.Trace, pos, top int, temperature float64) ([]Prediction, error) {
	logits, err := logitsAt(t, pos)
	if err != nil {
		return nil, err
	}
	best := tensor.Largest(logits, top)
	probabilities := Softmax(logits, temperature)
	found := make([]Prediction, len(best))
	for i, id := range best {
		found[i] = Prediction{ID: id, Text: t.WordText(id), Logit: float64(logits[id]), Probability: probabilities[id]}
	}
	return found, nil
}

func logitsAt(t *trace.Trace, pos int) ([]float32, error) {
	logits, ok := t.At(trace.Logits, pos)
	if !ok {
		return nil, fmt.Errorf("the trace does not hold %s", trace.Logits)
	}
	return logits, nil
}

// Softmax is exp(x / temperature − max) / Σ in float64; temperature is
// positive.
func Softmax(x []float32, temperature float64) []float64 {
	largest := math.Inf(-1)
	for _, v := range x {
		largest = math.Max(largest, float64(v))
	}
	out, sum := make([]float64, len(x)), 0.0
	for i, v := range x {
		out[i] = math.Exp((float64(v) - largest) / temperature)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// Surprise says how well one token was foreseen by the tokens before it.
type Surprise struct {
	Pos         int        // the position that predicts
	Guess       Prediction // its likeliest next token
	Next        trace.Token
	HasNext     bool // false at the last position
	Probability float64
	Bits        float64 // −log2 probability
	Rank        int     // 1 when the guess was right
}

// Surprises returns, for every position, what it predicts and how probable the
// token was that really came: the numbers that training pushes up, all of them
// in one pass.
func Surprises(t *trace.Trace) ([]Surprise, error) {
	found := make([]Surprise, len(t.Tokens))
	for pos := range t.Tokens {
		logits, err := logitsAt(t, pos)
		if err != nil {
			return nil, err
		}
		guess, err := Predictions(t, pos, 1, 1)
		if err != nil {
			return nil, err
		}
		s := Surprise{Pos: pos, Guess: guess[0]}
		if pos+1 < len(t.Tokens) {
			s.Next, s.HasNext = t.Tokens[pos+1], true
			if int(s.Next.ID) >= len(logits) || s.Next.ID < 0 {
				return nil, fmt.Errorf("token %d at position %d is outside the vocabulary", s.Next.ID, pos+1)
			}
			s.Bits = surprisal(logits, s.Next.ID)
			s.Probability = math.Exp2(-s.Bits)
			s.Rank = 1 + rank(logits, s.Next.ID)
		}
		found[pos] = s
	}
	return found, nil
}

// surprisal is −log₂ softmax(x)[id], taken without the probability itself,
// which may be too small for a number to hold.
func surprisal(x []float32, id int32) float64 {
	largest, sum := float64(slices.Max(x)), 0.0
	for _, v := range x {
		sum += math.Exp(float64(v) - largest)
	}
	return (math.Log(sum) + largest - float64(x[id])) / math.Ln2
}

// rank counts the values that tensor.Largest would list before x[id].
func rank(x []float32, id int32) int {
	n := 0
	for i, v := range x {
		if c := cmp.Compare(v, x[id]); c > 0 || c == 0 && i < int(id) {
			n++
		}
	}
	return n
}

package view

import (
	"fmt"

	"attn/internal/analyze"
	"attn/internal/trace"
)

func predictView() View {
	return View{
		Name:      "predict",
		Doc:       "the likeliest next words after the last token",
		NeedsLast: []string{trace.Logits},
		Build: func(t *trace.Trace, sel Select) ([]Grid, error) {
			last := len(t.Tokens) - 1
			found, err := analyze.Predictions(t, last, sel.Top, sel.Temperature)
			if err != nil {
				return nil, err
			}
			return []Grid{Predictions(found, fmt.Sprintf("Next word after %s", quoted(t, last)), sel.Temperature)}, nil
		},
	}
}

// Predictions shows candidates for the next word.
func Predictions(found []analyze.Prediction, title string, temperature float64) Grid {
	probability := Column{Title: "probability", Kind: Percent, Max: 1, Decimals: 1}
	logit := Column{Title: "logit", Kind: Number, Decimals: 2}
	table := &Table{}
	sum := 0.0
	for _, p := range found {
		table.Rows = append(table.Rows, Label{Text: candidateText(p.Text), Pos: -1})
		logit.Numbers = append(logit.Numbers, p.Logit)
		probability.Numbers = append(probability.Numbers, p.Probability)
		sum += p.Probability
	}
	table.Columns = []Column{logit, probability}
	formula := "softmax(W_U norm(e))"
	if temperature != 1 {
		formula = fmt.Sprintf("softmax(W_U norm(e) / %.3g)", temperature)
	}
	return Grid{
		View: "predict", Title: title, Formula: formula, Step: trace.Logits, Table: table,
		Notes: []string{fmt.Sprintf("all other words together: %.2g %%", 100*max(0, 1-sum))},
	}
}

// candidateText shows a vocabulary entry with no word before it to lean on: a
// piece that would continue the last word gets a tie in front.
func candidateText(text string) string {
	if text != "" && isWordByte(text[0]) {
		return "‿" + text
	}
	return wordText(text)
}

func surpriseView() View {
	return View{
		Name:  "surprise",
		Doc:   "what every position predicts at once, as in training, and what really came",
		Needs: []string{trace.Logits},
		Build: buildSurprise,
	}
}

func buildSurprise(t *trace.Trace, sel Select) ([]Grid, error) {
	found, err := analyze.Surprises(t)
	if err != nil {
		return nil, err
	}
	guess := Column{Title: "predicts", Kind: Word}
	confidence := Column{Title: "with", Kind: Percent, Decimals: 1}
	next := Column{Title: "what came", Kind: Word, Role: Embedding}
	probability := Column{Title: "had", Kind: Percent, Max: 1, Decimals: 1}
	bits := Column{Title: "surprise, bits", Kind: Number, Decimals: 2}
	rank := Column{Title: "rank", Kind: Integer}
	table := &Table{Rows: tokenLabels(t, Plain, sel.Told.Focus)}
	total, right := 0.0, 0
	for _, s := range found {
		guess.Words = append(guess.Words, candidateText(s.Guess.Text))
		confidence.Numbers = append(confidence.Numbers, s.Guess.Probability)
		if !s.HasNext {
			next.Words = append(next.Words, "")
			for _, column := range []*Column{&probability, &bits, &rank} {
				column.Numbers = append(column.Numbers, nan)
			}
			continue
		}
		next.Words = append(next.Words, TokenText(t, s.Next.Pos))
		probability.Numbers = append(probability.Numbers, s.Probability)
		bits.Numbers = append(bits.Numbers, s.Bits)
		rank.Numbers = append(rank.Numbers, float64(s.Rank))
		total += s.Bits
		if s.Rank == 1 {
			right++
		}
	}
	table.Columns = []Column{guess, confidence, next, probability, bits, rank}
	g := Grid{
		View: "surprise", Title: "Every position predicts at once", Formula: "surprise = −log₂ p(the token that came)",
		Step: trace.Logits, Table: table,
	}
	if n := len(found) - 1; n > 0 {
		g.Notes = []string{fmt.Sprintf("%d of %d foreseen; %.2f bits a token on average, the loss that training lowers (%.2f nats)", right, n, total/float64(n), total/float64(n)*ln2)}
	}
	return []Grid{g}, nil
}

const ln2 = 0.6931471805599453

package view

import (
	"fmt"
	"math"

	"attn/internal/analyze"
	"attn/internal/tensor"
	"attn/internal/trace"
)

func qkvView() View {
	return View{
		Name:  "qkv",
		Doc:   "what each token asks (query), how it answers (key), what it passes on (value)",
		Needs: []string{trace.Q, trace.K, trace.V, trace.Pattern, trace.KVLatent, trace.KRope},
		Build: func(t *trace.Trace, sel Select) ([]Grid, error) {
			if sel.Brief {
				return briefQKV(t, sel)
			}
			return eachVector(t, sel)
		},
	}
}

// vectors are one head's queries, keys and values.
type vectors struct {
	q, k, v tensor.Tensor
	kv      int // the head of k and v that the query head reads
}

func vectorsOf(t *trace.Trace, layer, head int) (vectors, error) {
	steps, err := blockSteps(t, layer, trace.Q, trace.K, trace.V)
	if err != nil {
		return vectors{}, err
	}
	kv := head / (t.Meta.Model.Heads / t.Meta.Model.KVHeads)
	return vectors{q: steps[0], k: steps[1], v: steps[2], kv: kv}, nil
}

// briefQKV shows the told token's query beside the key that answers it best,
// and works their product out.
func briefQKV(t *trace.Trace, sel Select) ([]Grid, error) {
	told := sel.Told
	s, err := vectorsOf(t, told.Layer, told.Head)
	if err != nil {
		return nil, err
	}
	key := told.Focus
	if best := strongest(t, told, 1); len(best) > 0 {
		key = best[0]
	}
	q, k, v := s.q.Row(told.Focus, told.Head), s.k.Row(key, s.kv), s.v.Row(key, s.kv)
	raw := analyze.Dot(q, k)
	scale := float64(t.Scale(told.Layer))
	return []Grid{{
		View: "qkv", Title: "Query, key, value in " + headName(told.Layer, told.Head),
		Formula: vectorFormula(t),
		Step:    trace.InBlock(told.Layer, trace.Q),
		Table: &Table{
			Rows: []Label{
				{Text: "query", Pos: -1, Role: Query}, {Text: "key", Pos: -1, Role: Key}, {Text: "value", Pos: -1, Role: Value},
			},
			Columns: []Column{
				{Title: "of", Kind: Word, Words: []string{TokenText(t, told.Focus), TokenText(t, key), TokenText(t, key)}},
				{Title: "says", Kind: Word, Role: Muted, Words: []string{"what am I looking for?", "what can I be found by?", "what do I pass on?"}},
				{Title: "length", Kind: Number, Decimals: 2, Numbers: []float64{analyze.Length(q), analyze.Length(k), analyze.Length(v)}},
				{Title: "vector", Kind: Strip, Vectors: [][]float32{q, k, v}},
			},
		},
		Notes: append(sharing(t, told.Layer, told.Head, s.kv),
			fmt.Sprintf("q·k = %s  %s = %s: how well %s answers %s", number(raw), divisor(t, told.Layer), number(raw*scale), quoted(t, key), quoted(t, told.Focus))),
	}}, nil
}

// divisor writes a layer's scale: "÷ √32", or the plain factor when it is not
// the usual one.
func divisor(t *trace.Trace, layer int) string {
	scale, width := float64(t.Scale(layer)), t.Meta.Model.DHead
	if math.Abs(scale*math.Sqrt(float64(width))-1) < 1e-6 {
		return fmt.Sprintf("÷ √%d", width)
	}
	return fmt.Sprintf("× %.4g", scale)
}

func number(v float64) string { return fmt.Sprintf("%.2f", v) }

// eachVector shows every token's query, key and value, of every head shown.
func eachVector(t *trace.Trace, sel Select) ([]Grid, error) {
	return eachHead(sel, func(layer, head int) (Grid, error) {
		s, err := vectorsOf(t, layer, head)
		if err != nil {
			return Grid{}, err
		}
		columns := []Column{
			{Title: "q", Kind: Strip, Role: Query}, {Title: "k", Kind: Strip, Role: Key}, {Title: "v", Kind: Strip, Role: Value},
		}
		for pos := range t.Tokens {
			columns[0].Vectors = append(columns[0].Vectors, s.q.Row(pos, head))
			columns[1].Vectors = append(columns[1].Vectors, s.k.Row(pos, s.kv))
			columns[2].Vectors = append(columns[2].Vectors, s.v.Row(pos, s.kv))
		}
		g := Grid{
			View: "qkv", Title: "Queries, keys and values in " + headName(layer, head),
			Formula: vectorFormula(t),
			Step:    trace.InBlock(layer, trace.Q),
			Table:   &Table{Rows: tokenLabels(t, Plain, sel.Told.Focus), Columns: columns},
			Notes:   sharing(t, layer, head, s.kv),
		}
		return g, nil
	})
}

// vectorFormula says where the vectors come from and how long they are.
func vectorFormula(t *trace.Trace) string {
	m := t.Meta.Model
	if m.ValueWidth() == m.DHead {
		return fmt.Sprintf("q = W_Q e   k = W_K e   v = W_V e, %d numbers each", m.DHead)
	}
	return fmt.Sprintf("q = W_Q e   k = W_K e, %d numbers each   v = W_V e, %d", m.DHead, m.ValueWidth())
}

// sharing says what of the keys and values a head shares with others.
func sharing(t *trace.Trace, layer, head, kv int) (notes []string) {
	if m := t.Meta.Model; m.KVHeads != m.Heads {
		notes = append(notes, fmt.Sprintf("grouped-query attention: query head %d reads key/value head %d of %d", head, kv, m.KVHeads))
	}
	if latent, ok := t.InBlock(layer, trace.KVLatent); ok {
		notes = append(notes, fmt.Sprintf("latent attention: all heads' keys and values come out of one vector of %d numbers", latent.Size(tensor.DLatent)))
	}
	if rope, ok := t.InBlock(layer, trace.KRope); ok {
		notes = append(notes, fmt.Sprintf("the last %d numbers of each key, which turn with its place, are the same in all heads", rope.Size(tensor.DRope)))
	}
	return notes
}

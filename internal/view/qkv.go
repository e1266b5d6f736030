package view

import (
	"fmt"
	"math"

	"attn/internal/analyze"
	"attn/internal/trace"
)

func qkvView() View {
	return View{
		Name:  "qkv",
		Doc:   "what each token asks (query), how it answers (key), what it passes on (value)",
		Needs: []string{trace.Q, trace.K, trace.V, trace.Pattern},
		Long:  []string{trace.Q, trace.K, trace.V, trace.TopKeys, trace.TopWeights},
		Build: func(t *trace.Trace, sel Select) ([]Grid, error) {
			if sel.Brief {
				return briefQKV(t, sel)
			}
			return eachVector(t, sel)
		},
	}
}

// keyHead is the head of keys and values that a query head reads.
func keyHead(t *trace.Trace, head int) int { return head / (t.Meta.Model.Heads / t.Meta.Model.KVHeads) }

// briefQKV shows the told token's query beside the key that answers it best,
// and works their product out.
func briefQKV(t *trace.Trace, sel Select) ([]Grid, error) {
	told := sel.Told
	key := told.Focus
	if best := strongest(t, told, 1); len(best) > 0 {
		key = best[0]
	}
	var vectors [3][]float32
	for i, of := range []struct {
		name      string
		pos, head int
	}{{trace.Q, told.Focus, told.Head}, {trace.K, key, keyHead(t, told.Head)}, {trace.V, key, keyHead(t, told.Head)}} {
		row, err := rowAt(t, told.Layer, of.name, of.pos, of.head)
		if err != nil {
			return nil, err
		}
		vectors[i] = row
	}
	q, k, v := vectors[0], vectors[1], vectors[2]
	raw := analyze.Dot(q, k)
	scale := float64(t.Scale(told.Layer))
	return []Grid{{
		View: "qkv", Title: "Query, key, value in " + headName(told.Layer, told.Head),
		Formula: fmt.Sprintf("q = W_Q e   k = W_K e   v = W_V e, %d numbers each", t.Meta.Model.DHead),
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
		Notes: []string{fmt.Sprintf("q·k = %s  %s = %s: how well %s answers %s", number(raw), divisor(t, told.Layer), number(raw*scale), quoted(t, key), quoted(t, told.Focus))},
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
		columns := []Column{
			{Title: "q", Kind: Strip, Role: Query}, {Title: "k", Kind: Strip, Role: Key}, {Title: "v", Kind: Strip, Role: Value},
		}
		var labels []Label
		for _, pos := range heldRows(t, trace.InBlock(layer, trace.V), everyToken(t)) {
			labels = append(labels, tokenLabel(t, pos, Plain, sel.Told.Focus))
			for i, name := range []string{trace.Q, trace.K, trace.V} {
				of := head
				if i > 0 {
					of = keyHead(t, head)
				}
				row, ok := t.At(trace.InBlock(layer, name), pos, of)
				if !ok && pos == sel.Told.Focus {
					return Grid{}, notRecorded(trace.InBlock(layer, name))
				}
				columns[i].Vectors = append(columns[i].Vectors, row)
			}
		}
		g := Grid{
			View: "qkv", Title: "Queries, keys and values in " + headName(layer, head),
			Formula: fmt.Sprintf("q = W_Q e   k = W_K e   v = W_V e, %d numbers each", t.Meta.Model.DHead),
			Step:    trace.InBlock(layer, trace.Q),
			Table:   &Table{Rows: labels, Columns: columns},
		}
		if t.Meta.Model.KVHeads != t.Meta.Model.Heads {
			g.Notes = []string{fmt.Sprintf("grouped-query attention: query head %d reads key/value head %d of %d", head, keyHead(t, head), t.Meta.Model.KVHeads)}
		}
		return g, nil
	})
}

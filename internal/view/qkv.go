package view

import (
	"fmt"
	"math"
	"slices"

	"attn/internal/analyze"
	"attn/internal/tensor"
	"attn/internal/trace"
)

func qkvView() View {
	return View{
		Name: "qkv",
		Doc:  "what each token asks (query), how it answers (key), what it passes on (value)",
		Needs: []string{
			trace.Q, trace.K, trace.V, trace.Pattern,
			trace.QNorm, trace.KNorm, trace.RotQ, trace.RotK, trace.KVLatent, trace.KRope,
		},
		Build: func(t *trace.Trace, sel Select) ([]Grid, error) {
			if sel.Brief {
				return briefQKV(t, sel)
			}
			return eachVector(t, sel)
		},
	}
}

// vectors are one head's queries, keys and values. Queries and keys go through
// stages before they meet: as they were made, normed, turned.
type vectors struct {
	q, k []stage
	v    tensor.Tensor
	kv   int // the head of k and v that the query head reads
}

// stage is what became of queries or keys: "" is as they were made.
type stage struct {
	name, says string
	value      tensor.Tensor
}

// stagesOf lists those that the trace holds.
func stagesOf(t *trace.Trace, layer int, made tensor.Tensor, norm, rotated string) []stage {
	list := []stage{{value: made}}
	if value, ok := t.InBlock(layer, norm); ok {
		list = append(list, stage{" normed", "brought to one size", value})
	}
	if value, ok := t.InBlock(layer, rotated); ok {
		list = append(list, stage{" turned", "by as much as its place says", value})
	}
	return list
}

// last is the stage in which queries and keys meet.
func last(stages []stage) stage { return stages[len(stages)-1] }

func vectorsOf(t *trace.Trace, layer, head int) (vectors, error) {
	steps, err := blockSteps(t, layer, trace.Q, trace.K, trace.V)
	if err != nil {
		return vectors{}, err
	}
	kv := head / (t.Meta.Model.Heads / t.Meta.Model.KVHeads)
	return vectors{
		q: stagesOf(t, layer, steps[0], trace.QNorm, trace.RotQ),
		k: stagesOf(t, layer, steps[1], trace.KNorm, trace.RotK),
		v: steps[2], kv: kv,
	}, nil
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
	b := &vectorRows{}
	b.add("query", "what am I looking for?", Query, TokenText(t, told.Focus), s.q, told.Focus, told.Head)
	b.add("key", "what can I be found by?", Key, TokenText(t, key), s.k, key, s.kv)
	b.add("value", "what do I pass on?", Value, TokenText(t, key), []stage{{value: s.v}}, key, s.kv)
	raw := analyze.Dot(last(s.q).value.Row(told.Focus, told.Head), last(s.k).value.Row(key, s.kv))
	scale := float64(t.Scale(told.Layer))
	return []Grid{{
		View: "qkv", Title: "Query, key, value in " + headName(told.Layer, told.Head),
		Formula: vectorFormula(t),
		Step:    trace.InBlock(told.Layer, trace.Q),
		Table:   b.table(),
		Notes: append(sharing(t, told.Layer, told.Head, s.kv),
			fmt.Sprintf("q·k = %s  %s = %s: how well %s answers %s", number(raw), divisor(t, told.Layer), number(raw*scale), quoted(t, key), quoted(t, told.Focus))),
	}}, nil
}

// vectorRows gathers rows of vectors, one for each stage.
type vectorRows struct {
	rows                     []Label
	of, says, length, vector Column
}

func (b *vectorRows) add(name, says string, role Role, token string, stages []stage, pos, head int) {
	for _, s := range stages {
		if s.says != "" {
			says = s.says
		}
		v := s.value.Row(pos, head)
		b.rows = append(b.rows, Label{Text: name + s.name, Pos: -1, Role: role})
		b.of.Words, b.says.Words = append(b.of.Words, token), append(b.says.Words, says)
		b.length.Numbers, b.vector.Vectors = append(b.length.Numbers, analyze.Length(v)), append(b.vector.Vectors, v)
	}
}

func (b *vectorRows) table() *Table {
	b.of.Title, b.of.Kind = "of", Word
	b.says.Title, b.says.Kind, b.says.Role = "says", Word, Muted
	b.length.Title, b.length.Kind, b.length.Decimals = "length", Number, 2
	b.vector.Title, b.vector.Kind = "vector", Strip
	return &Table{Rows: b.rows, Columns: []Column{b.of, b.says, b.length, b.vector}}
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
		columns := slices.Concat(
			strips(t, "q", Query, s.q, head), strips(t, "k", Key, s.k, s.kv), strips(t, "v", Value, []stage{{value: s.v}}, s.kv))
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

// strips shows every token's vector in each stage.
func strips(t *trace.Trace, name string, role Role, stages []stage, head int) []Column {
	var columns []Column
	for _, s := range stages {
		c := Column{Title: name + s.name, Kind: Strip, Role: role}
		for pos := range t.Tokens {
			c.Vectors = append(c.Vectors, s.value.Row(pos, head))
		}
		columns = append(columns, c)
	}
	return columns
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

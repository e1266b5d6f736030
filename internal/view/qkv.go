package view

import (
	"cmp"
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
		Long: []string{
			trace.Q, trace.K, trace.V, trace.TopKeys, trace.TopWeights,
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

// stage is what became of queries or keys, which go through several before they
// meet: "" is as they were made.
type stage struct{ step, name, says string }

func queryStages() []stage { return stages(trace.Q, trace.QNorm, trace.RotQ) }
func keyStages() []stage   { return stages(trace.K, trace.KNorm, trace.RotK) }
func valueStages() []stage { return []stage{{step: trace.V}} }

func stages(made, normed, turned string) []stage {
	return []stage{{made, "", ""}, {normed, " normed", "brought to one size"}, {turned, " turned", "by as much as its place says"}}
}

// vector is a token's query, key or value in one stage.
type vector struct {
	stage
	numbers []float32
}

// vectorsAt lists the stages that the trace holds at one position; the last is
// that in which queries and keys meet.
func vectorsAt(t *trace.Trace, layer int, stages []stage, pos, head int) ([]vector, error) {
	var list []vector
	for i, s := range stages {
		numbers, ok := t.At(trace.InBlock(layer, s.step), pos, head)
		if !ok && i == 0 {
			return nil, notRecorded(trace.InBlock(layer, s.step))
		}
		if ok {
			list = append(list, vector{s, numbers})
		}
	}
	return list, nil
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
	kv := keyHead(t, told.Head)
	q, err1 := vectorsAt(t, told.Layer, queryStages(), told.Focus, told.Head)
	k, err2 := vectorsAt(t, told.Layer, keyStages(), key, kv)
	v, err3 := vectorsAt(t, told.Layer, valueStages(), key, kv)
	if err := cmp.Or(err1, err2, err3); err != nil {
		return nil, err
	}
	b := &vectorRows{}
	b.add("query", "what am I looking for?", Query, TokenText(t, told.Focus), q)
	b.add("key", "what can I be found by?", Key, TokenText(t, key), k)
	b.add("value", "what do I pass on?", Value, TokenText(t, key), v)
	raw := analyze.Dot(q[len(q)-1].numbers, k[len(k)-1].numbers)
	scale := float64(t.Scale(told.Layer))
	return []Grid{{
		View: "qkv", Title: "Query, key, value in " + headName(told.Layer, told.Head),
		Formula: vectorFormula(t),
		Step:    trace.InBlock(told.Layer, trace.Q),
		Table:   b.table(),
		Notes: append(sharing(t, told.Layer, told.Head),
			fmt.Sprintf("q·k = %s  %s = %s: how well %s answers %s", number(raw), divisor(t, told.Layer), number(raw*scale), quoted(t, key), quoted(t, told.Focus))),
	}}, nil
}

// vectorRows gathers rows of vectors, one for each stage.
type vectorRows struct {
	rows                     []Label
	of, says, length, vector Column
}

func (b *vectorRows) add(name, says string, role Role, token string, list []vector) {
	for _, s := range list {
		if s.says != "" {
			says = s.says
		}
		v := s.numbers
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
		kv := keyHead(t, head)
		for _, name := range []string{trace.Q, trace.K, trace.V} {
			if _, held := t.Held(trace.InBlock(layer, name)); !held {
				return Grid{}, notRecorded(trace.InBlock(layer, name))
			}
		}
		rows := heldRows(t, trace.InBlock(layer, trace.V), everyToken(t))
		var labels []Label
		for _, pos := range rows {
			labels = append(labels, tokenLabel(t, pos, Plain, sel.Told.Focus))
		}
		g := Grid{
			View: "qkv", Title: "Queries, keys and values in " + headName(layer, head),
			Formula: vectorFormula(t),
			Step:    trace.InBlock(layer, trace.Q),
			Table: &Table{Rows: labels, Columns: slices.Concat(
				strips(t, layer, "q", Query, queryStages(), rows, head), strips(t, layer, "k", Key, keyStages(), rows, kv),
				strips(t, layer, "v", Value, valueStages(), rows, kv))},
			Notes: sharing(t, layer, head),
		}
		return g, nil
	})
}

// strips shows the vectors of the tokens in rows, in each stage that the trace
// holds.
func strips(t *trace.Trace, layer int, name string, role Role, stages []stage, rows []int, head int) []Column {
	var columns []Column
	for _, s := range stages {
		step := trace.InBlock(layer, s.step)
		if _, held := t.Held(step); !held {
			continue
		}
		c := Column{Title: name + s.name, Kind: Strip, Role: role}
		for _, pos := range rows {
			numbers, _ := t.At(step, pos, head) // nothing where another row alone is held
			c.Vectors = append(c.Vectors, numbers)
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
func sharing(t *trace.Trace, layer, head int) (notes []string) {
	if m := t.Meta.Model; m.KVHeads != m.Heads {
		notes = append(notes, fmt.Sprintf("grouped-query attention: query head %d reads key/value head %d of %d", head, keyHead(t, head), m.KVHeads))
	}
	if latent, ok := t.Held(trace.InBlock(layer, trace.KVLatent)); ok {
		notes = append(notes, fmt.Sprintf("latent attention: all heads' keys and values come out of one vector of %d numbers", latent.Value.Size(tensor.DLatent)))
	}
	if rope, ok := t.Held(trace.InBlock(layer, trace.KRope)); ok {
		notes = append(notes, fmt.Sprintf("the last %d numbers of each key, which turn with its place, are the same in all heads", rope.Value.Size(tensor.DRope)))
	}
	return notes
}

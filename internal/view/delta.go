package view

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"attn/internal/analyze"
	"attn/internal/trace"
)

func deltaView() View {
	return View{
		Name:  "delta",
		Doc:   "Δe: what the told token takes from each word, and what it makes of its vector",
		Needs: []string{trace.Pattern, trace.VUp, trace.Result, trace.ResidPre, trace.HeadsOut, trace.AttnOut},
		Long:  []string{trace.TopKeys, trace.TopWeights, trace.TopRest, trace.Sink, trace.VUp, trace.Result, trace.ResidPre, trace.HeadsOut, trace.AttnOut},
		Build: func(t *trace.Trace, sel Select) ([]Grid, error) {
			if sel.Brief {
				sel.Layers, sel.Heads = []int{sel.Told.Layer}, []int{sel.Told.Head}
			}
			grids, err := eachHead(sel, func(layer, head int) (Grid, error) { return ledgerGrid(t, sel, layer, head) })
			if err != nil {
				return nil, err
			}
			if g, ok := nearestGrid(t, sel); ok {
				grids = append(grids, g)
			}
			return grids, nil
		},
	}
}

// ledgerGrid accounts for Δe: one row per source, the small ones together, and
// their sum.
func ledgerGrid(t *trace.Trace, sel Select, layer, head int) (Grid, error) {
	l, err := analyze.NewLedger(t, layer, head, sel.Told.Focus)
	if err != nil {
		return Grid{}, fmt.Errorf("%w: record it with --record or --steps", err)
	}
	b := ledgerRows{
		weight: Column{Title: "weight", Kind: Number, Decimals: 3},
		value:  Column{Title: "|value|", Kind: Number, Decimals: 2, Role: Value},
		part:   Column{Title: "|weight · value|", Kind: Number, Decimals: 3},
		along:  Column{Title: "along Δe", Kind: Percent, Max: 1, Decimals: 1, Role: Delta},
	}
	shown, rest := sources(l, sel)
	for _, s := range shown {
		b.add(tokenLabel(t, s.Pos, Value, sel.Told.Focus), s)
	}
	if len(rest) > 0 {
		b.add(Label{Text: fmt.Sprintf("%d others", len(rest)), Pos: -1, Role: Muted}, together(rest))
	}
	total := together(l.Shares)
	note := fmt.Sprintf("the parts sum to the Δe that the model computed within %.0e in every component", l.Residue)
	if l.Others != nil {
		b.add(Label{Text: "all other tokens", Pos: -1, Role: Muted}, *l.Others)
		total = together(append(l.Shares, *l.Others))
		note = fmt.Sprintf("the %d tokens with the most weight; the others' part is what is left of the Δe that the model computed", len(l.Shares))
	}
	total.Part = l.Length
	b.add(Label{Text: "Δe", Pos: -1, Role: Delta}, total)
	title := fmt.Sprintf("Δe of %s", quoted(t, sel.Told.Focus))
	if !sel.Brief {
		title += " in " + headName(layer, head)
	}
	notes := []string{note}
	if _, normed := t.Held(trace.InBlock(layer, trace.HeadsOut)); normed {
		notes = append(notes, "all heads' Δe are summed and brought to one size by a norm before they are added")
	}
	return Grid{
		View: "delta", Title: title, Formula: "Δe = Σ weight · value over the keys: what this head adds to the vector",
		Step:  trace.InBlock(layer, trace.Result),
		Table: &Table{Rows: b.labels, Columns: []Column{b.weight, b.value, b.part, b.along}, Total: true},
		Notes: notes,
	}, nil
}

type ledgerRows struct {
	labels                     []Label
	weight, value, part, along Column
}

func (b *ledgerRows) add(label Label, s analyze.Share) {
	b.labels = append(b.labels, label)
	b.weight.Numbers = append(b.weight.Numbers, s.Weight)
	b.value.Numbers = append(b.value.Numbers, s.Value)
	b.part.Numbers = append(b.part.Numbers, s.Part)
	b.along.Numbers = append(b.along.Numbers, s.Along)
}

// sources sorts the shares by what arrives, the largest first; in the walk only
// the first few stand alone.
func sources(l analyze.Ledger, sel Select) (shown, rest []analyze.Share) {
	for _, s := range l.Shares {
		if s.Weight > 0 {
			shown = append(shown, s)
		}
	}
	slices.SortStableFunc(shown, func(a, b analyze.Share) int { return cmp.Compare(b.Part, a.Part) })
	const most = 5
	if sel.Brief && len(shown) > most+1 && l.Others == nil { // a list of the largest is short
		return shown[:most], shown[most:]
	}
	return shown, nil
}

// together adds shares up. Lengths do not add: |value| is left blank and the
// part is not a length of anything.
func together(shares []analyze.Share) analyze.Share {
	sum := analyze.Share{Value: nan, Part: nan}
	for _, s := range shares {
		sum.Weight += s.Weight
		sum.Along += s.Along
	}
	return sum
}

// nearestGrid shows which words of the vocabulary the told token's vector
// points at before and after the change, when the trace was made with that.
func nearestGrid(t *trace.Trace, sel Select) (Grid, bool) {
	n := t.Meta.Nearest
	if n == nil || n.Selected != sel.Told {
		return Grid{}, false
	}
	table := &Table{}
	columns := make([]Column, max(len(n.Before), len(n.After)))
	for i := range columns {
		columns[i] = Column{Kind: Word, Whole: true}
	}
	for _, row := range []struct {
		name  string
		words []trace.Neighbour
	}{{"e", n.Before}, {"e + Δe", n.After}} {
		table.Rows = append(table.Rows, Label{Text: row.name, Pos: -1, Role: Embedding})
		for i := range columns {
			word := ""
			if i < len(row.words) {
				word = fmt.Sprintf("%s %s", candidateText(row.words[i].Text), weight(row.words[i].Cosine))
			}
			columns[i].Words = append(columns[i].Words, word)
		}
	}
	table.Columns = columns
	return Grid{
		View: "delta", Title: "Embedding of " + quoted(t, n.Focus) + " before and after", Formula: "nearest words of the vocabulary, by cosine",
		Step: trace.InBlock(n.Layer, trace.ResidPre), Table: table, Notes: turned(t, n.Selected),
	}, true
}

// turned says how far the change turns the vector.
func turned(t *trace.Trace, told trace.Selected) []string {
	before, ok := t.At(trace.InBlock(told.Layer, trace.ResidPre), told.Focus)
	added := analyze.Added(t, told.Layer, told.Head, told.Focus)
	if !ok || added == nil {
		return nil
	}
	after := append([]float32(nil), before...)
	add(after, added)
	angle := math.Acos(max(-1, min(1, analyze.Cosine(before, after)))) * 180 / math.Pi
	what := "Δe"
	if _, normed := t.Held(trace.InBlock(told.Layer, trace.HeadsOut)); normed {
		what = "Δe, as the norm after attention hands it on,"
	}
	return []string{fmt.Sprintf("%s turns the vector by %.1f°; its length goes from %.2f to %.2f", what, angle, analyze.Length(before), analyze.Length(after))}
}

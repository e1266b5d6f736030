package view

import (
	"fmt"

	"attn/internal/analyze"
	"attn/internal/tensor"
	"attn/internal/trace"
)

func headsView() View {
	return View{
		Name:     "heads",
		Doc:      "what every head does at the told token, and how their changes add up",
		Needs:    []string{trace.Result, trace.AttnOut, trace.HeadsOut, trace.OutputBias},
		NeedsAll: []string{trace.Pattern},
		LongAll:  []string{trace.TopKeys, trace.TopWeights, trace.TopRest, trace.Entropy, trace.FirstMass, trace.NearMass, trace.Sink},
		Build: func(t *trace.Trace, sel Select) ([]Grid, error) {
			overview, err := headOverview(t, sel)
			if err != nil || sel.Brief {
				return []Grid{overview}, err
			}
			grids := []Grid{overview}
			grids = append(grids, massGrids(t, sel)...)
			for _, layer := range sel.Layers {
				g, err := headSum(t, sel, layer)
				if err != nil {
					return nil, err
				}
				grids = append(grids, g)
			}
			return grids, nil
		},
	}
}

// headOverview is one cell per layer and head: the weight on the token that it
// looks at most, and which one that is.
func headOverview(t *trace.Trace, sel Select) (Grid, error) {
	m := headMatrix(t, sel)
	for layer := range t.Meta.Model.Layers {
		looks := analyze.Looks(t, layer, sel.Told.Focus)
		if looks == nil {
			continue
		}
		m.Rows = append(m.Rows, Label{Text: fmt.Sprintf("layer %d", layer), Pos: -1, Focus: layer == sel.Told.Layer})
		words := make([]string, len(looks))
		for head, l := range looks {
			m.Cells.Data = append(m.Cells.Data, float32(l.TopWeight))
			words[head] = TokenText(t, l.Top)
		}
		m.Words = append(m.Words, words)
	}
	if len(m.Rows) == 0 {
		return Grid{}, notRecorded(trace.InBlock(sel.Told.Layer, trace.Pattern))
	}
	m.Cells.Shape = []tensor.Dim{tensor.D("layer", len(m.Rows)), tensor.D(tensor.Head, len(m.Cols))}
	return Grid{
		View: "heads", Title: "All heads", Formula: fmt.Sprintf("the word that %s looks at most, and its weight", quoted(t, sel.Told.Focus)),
		Step: "blocks.*." + trace.Pattern, Matrix: m,
	}, nil
}

// headMatrix has a column for each head, and no rows yet.
func headMatrix(t *trace.Trace, sel Select) *Matrix {
	m := &Matrix{RowAxis: "layers", ColAxis: "heads", Scale: Weight}
	name := "head %d"
	if t.Meta.Model.Heads > 8 {
		name = "%d" // narrow columns would cut the number off
	}
	for head := range t.Meta.Model.Heads {
		m.Cols = append(m.Cols, Label{Text: fmt.Sprintf(name, head), Pos: -1, Focus: head == sel.Told.Head})
	}
	return m
}

// headSum adds the heads of one layer up: their changes and the bias they share
// are the layer's change.
func headSum(t *trace.Trace, sel Select, layer int) (Grid, error) {
	change, err := rowAt(t, layer, trace.AttnOut, sel.Told.Focus)
	if err != nil {
		return Grid{}, err
	}
	formula := "Σ Δe of the heads + b_O = what attention adds to the vector"
	if sum, ok := t.At(trace.InBlock(layer, trace.HeadsOut), sel.Told.Focus); ok {
		change, formula = sum, "Σ Δe of the heads + b_O = what attention hands to the norm after it"
	}
	steps, err := blockSteps(t, layer, trace.OutputBias)
	if err != nil {
		return Grid{}, err
	}
	if _, err := rowAt(t, layer, trace.Result, sel.Told.Focus); err != nil {
		return Grid{}, err
	}
	bias, looks := steps[0], analyze.Looks(t, layer, sel.Told.Focus)
	if looks == nil {
		return Grid{}, notRecorded(trace.InBlock(layer, trace.Pattern))
	}
	top := Column{Title: "looks at", Kind: Word}
	weight := Column{Title: "weight", Kind: Number, Decimals: 2}
	bits := Column{Title: "entropy, bits", Kind: Number, Decimals: 2}
	length := Column{Title: "|Δe|", Kind: Number, Decimals: 3, Role: Delta}
	along := Column{Title: "along the layer's change", Kind: Percent, Max: 1, Decimals: 1, Role: Delta}
	table := &Table{Total: true}
	row := func(label Label, word string, w, entropy, size, share float64) {
		table.Rows = append(table.Rows, label)
		top.Words = append(top.Words, word)
		weight.Numbers = append(weight.Numbers, w)
		bits.Numbers = append(bits.Numbers, entropy)
		length.Numbers = append(length.Numbers, size)
		along.Numbers = append(along.Numbers, share)
	}
	sum := 0.0
	for _, l := range looks {
		row(Label{Text: fmt.Sprintf("head %d", l.Head), Pos: -1, Focus: l.Head == sel.Told.Head}, TokenText(t, l.Top), l.TopWeight, l.Bits, l.Length, l.Along)
		sum += l.Along
	}
	shared := analyze.Along(bias.Data, change)
	row(Label{Text: "bias", Pos: -1, Role: Muted}, "", nan, nan, analyze.Length(bias.Data), shared)
	row(Label{Text: "all", Pos: -1, Role: Delta}, "", nan, nan, analyze.Length(change), sum+shared)
	table.Columns = []Column{top, weight, bits, length, along}
	return Grid{
		View: "heads", Title: fmt.Sprintf("Heads of layer %d at %s", layer, quoted(t, sel.Told.Focus)),
		Formula: formula, Step: trace.InBlock(layer, trace.Result), Table: table,
	}, nil
}

package view

import (
	"fmt"

	"attn/internal/analyze"
	"attn/internal/trace"
)

func layersView() View {
	return View{
		Name:     "layers",
		Doc:      "how the told token's vector grows from layer to layer",
		NeedsAll: []string{trace.ResidPre, trace.AttnOut, trace.ResidMid, trace.MLPOut, trace.ResidPost},
		Build:    buildLayers,
	}
}

// buildLayers follows one token's vector up the residual stream: each layer
// adds what its heads and its MLP wrote.
func buildLayers(t *trace.Trace, sel Select) ([]Grid, error) {
	focus := sel.Told.Focus
	attention := Column{Title: "+ attention", Kind: Number, Decimals: 2, Role: Delta}
	mlp := Column{Title: "+ MLP", Kind: Number, Decimals: 2}
	length := Column{Title: "|e| after", Kind: Number, Decimals: 2, Role: Embedding}
	turned := Column{Title: "cosine with e before", Kind: Number, Decimals: 2}
	start := Column{Title: "with e at the start", Kind: Number, Decimals: 2}
	table := &Table{}
	var first []float32
	for layer := range t.Meta.Model.Layers {
		before, ok1 := t.At(trace.InBlock(layer, trace.ResidPre), focus)
		out, ok2 := t.At(trace.InBlock(layer, trace.AttnOut), focus)
		hidden, ok3 := t.At(trace.InBlock(layer, trace.MLPOut), focus)
		after, ok4 := t.At(trace.InBlock(layer, trace.ResidPost), focus)
		if !ok1 || !ok2 || !ok3 || !ok4 {
			continue
		}
		if first == nil {
			first = before
		}
		table.Rows = append(table.Rows, Label{Text: fmt.Sprintf("layer %d", layer), Pos: -1, Focus: layer == sel.Told.Layer})
		attention.Numbers = append(attention.Numbers, analyze.Length(out))
		mlp.Numbers = append(mlp.Numbers, analyze.Length(hidden))
		length.Numbers = append(length.Numbers, analyze.Length(after))
		turned.Numbers = append(turned.Numbers, analyze.Cosine(before, after))
		start.Numbers = append(start.Numbers, analyze.Cosine(first, after))
	}
	if len(table.Rows) == 0 {
		_, err := blockSteps(t, sel.Told.Layer, trace.ResidPre, trace.AttnOut, trace.MLPOut, trace.ResidPost)
		return nil, err
	}
	table.Columns = []Column{attention, mlp, length, turned, start}
	formula := "%s goes up: e ← e + attention, e ← e + MLP"
	switch {
	case t.Meta.PostNorm:
		formula = "%s goes up: e ← norm(e + attention), e ← norm(e + MLP)"
	case t.Meta.Parallel:
		formula = "%s goes up: e ← e + attention + MLP, which read the same e"
	}
	return []Grid{{
		View: "layers", Title: "Layers", Formula: fmt.Sprintf(formula, quoted(t, focus)),
		Step: "blocks.*." + trace.ResidPost, Table: table,
	}}, nil
}

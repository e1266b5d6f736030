package view

import (
	"fmt"

	"attn/internal/analyze"
	"attn/internal/tensor"
	"attn/internal/trace"
)

func valuesView() View {
	return View{
		Name:  "values",
		Doc:   "what each token passes on, and what the told token takes of it",
		Needs: []string{trace.V, trace.VUp, trace.Pattern},
		Long:  []string{trace.V, trace.VUp, trace.TopKeys, trace.TopWeights},
		Build: func(t *trace.Trace, sel Select) ([]Grid, error) {
			if sel.Brief {
				sel.Layers, sel.Heads = []int{sel.Told.Layer}, []int{sel.Told.Head}
			}
			return eachHead(sel, func(layer, head int) (Grid, error) { return valueGrid(t, sel, layer, head) })
		},
	}
}

func valueGrid(t *trace.Trace, sel Select, layer, head int) (Grid, error) {
	held, ok := t.Held(trace.InBlock(layer, trace.VUp))
	if !ok {
		return Grid{}, notRecorded(trace.InBlock(layer, trace.VUp))
	}
	kv := head / (t.Meta.Model.Heads / t.Meta.Model.KVHeads)
	rows := heldRows(t, trace.InBlock(layer, trace.VUp), briefRows(t, sel))
	table := &Table{}
	down := Column{Title: fmt.Sprintf("value down, %d numbers", t.Meta.Model.ValueWidth()), Kind: Strip, Role: Value}
	out := Column{Title: fmt.Sprintf("value up, %d numbers", held.Value.Size(tensor.DModel)), Kind: Strip, Role: Value}
	length := Column{Title: "|value|", Kind: Number, Decimals: 2}
	for _, pos := range rows {
		v, err := rowAt(t, layer, trace.V, pos, kv)
		if err != nil {
			return Grid{}, err
		}
		up, err := rowAt(t, layer, trace.VUp, pos, head)
		if err != nil {
			return Grid{}, err
		}
		table.Rows = append(table.Rows, tokenLabel(t, pos, Value, sel.Told.Focus))
		down.Vectors = append(down.Vectors, v)
		out.Vectors = append(out.Vectors, up)
		length.Numbers = append(length.Numbers, analyze.Length(up))
	}
	table.Columns = []Column{length, down}
	if !sel.Brief {
		table.Columns = append(table.Columns, out)
	}
	title := "Values"
	if !sel.Brief {
		title += " in " + headName(layer, head)
	}
	return Grid{
		View: "values", Title: title, Formula: "value = W_O W_V e: down to d_head, up to d_model" + leftOut(t, rows, "values", held.Rows != nil),
		Step: trace.InBlock(layer, trace.VUp), Table: table,
	}, nil
}

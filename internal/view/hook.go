package view

import (
	"fmt"

	"attn/internal/analyze"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// hookView shows a recorded step's plain numbers.
func hookView(name string, hook trace.Hook) View {
	return View{
		Name:  name,
		Doc:   hook.Doc,
		Needs: []string{name},
		Build: func(t *trace.Trace, sel Select) ([]Grid, error) {
			value, ok := t.Find(name)
			if !ok {
				return nil, notRecorded(name)
			}
			base := Grid{View: name, Title: name + " " + tensor.ShapeString(value.Shape), Formula: hook.Formula, Step: name}
			switch {
			case hook.Axes[0] == tensor.Head:
				return scoreHook(t, sel, name, hook)
			case len(hook.Axes) == 3:
				return headHook(t, sel, base, value), nil
			case len(hook.Axes) == 1:
				base.Table = vectorTable([]Label{{Text: hook.Doc, Pos: -1}}, [][]float32{value.Data})
			default:
				base.Table = vectorTable(tokenLabels(t, Plain, sel.Told.Focus), rowsOf(value))
			}
			return []Grid{base}, nil
		},
	}
}

func scoreHook(t *trace.Trace, sel Select, name string, hook trace.Hook) ([]Grid, error) {
	layer, base := trace.Split(name)
	sel.Layers = []int{layer}
	return eachHead(sel, func(layer, head int) (Grid, error) {
		g, err := scoreGrid(t, sel, base, layer, head, name, name, hook.Formula)
		if err == nil && base == trace.Pattern {
			g.Matrix.Scale = Weight
		}
		return g, err
	})
}

func headHook(t *trace.Trace, sel Select, base Grid, value tensor.Tensor) []Grid {
	var grids []Grid
	group, shown := t.Meta.Model.Heads/value.Shape[1].Size, -1 // heads that share a key and value
	for _, head := range sel.Heads {
		own := head / group
		if own == shown {
			continue
		}
		shown = own
		g := base
		g.Title = fmt.Sprintf("%s, head %d", base.Title, own)
		rows := make([][]float32, len(t.Tokens))
		for pos := range rows {
			rows[pos] = value.Row(pos, own)
		}
		g.Table = vectorTable(tokenLabels(t, Plain, sel.Told.Focus), rows)
		grids = append(grids, g)
	}
	return grids
}

func rowsOf(value tensor.Tensor) [][]float32 {
	rows := make([][]float32, value.Shape[0].Size)
	for i := range rows {
		rows[i] = value.Row(i)
	}
	return rows
}

func vectorTable(labels []Label, rows [][]float32) *Table {
	length := Column{Title: "length", Kind: Number, Decimals: 3}
	for _, row := range rows {
		length.Numbers = append(length.Numbers, analyze.Length(row))
	}
	return &Table{Rows: labels, Columns: []Column{length, {Title: "vector", Kind: Strip, Vectors: rows}}}
}

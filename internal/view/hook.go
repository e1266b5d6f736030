package view

import (
	"fmt"
	"slices"

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
			step, ok := t.Held(name)
			if !ok {
				return nil, notRecorded(name)
			}
			value, rows := step.Whole(), step.Rows
			if rows == nil {
				rows = everyToken(t)
			}
			base := Grid{View: name, Title: name + " " + tensor.ShapeString(value.Shape), Formula: hook.Formula, Step: name}
			switch {
			case slices.Contains(hook.Axes, tensor.TileQuery):
				return tileHook(t, sel, name, hook)
			case slices.Contains(hook.Axes, tensor.QueryBlock):
				return mapHook(t, sel, name)
			case slices.Contains(trace.WholeMaps(), baseName(name)):
				return scoreHook(t, sel, name, hook)
			case hook.Axes[0] == tensor.Head:
				return queryHook(t, sel, base, value, rows), nil
			case len(hook.Axes) == 3:
				return headHook(t, sel, base, value, rows), nil
			case len(hook.Axes) == 1:
				base.Table = vectorTable([]Label{{Text: hook.Doc, Pos: -1}}, [][]float32{value.Data})
			default:
				base.Table = vectorTable(labelsOf(t, rows, sel.Told.Focus), rowsOf(value))
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

// baseName is a step's name in the table.
func baseName(step string) string {
	_, name := trace.Split(step)
	return name
}

// labelsOf names the tokens at some positions.
func labelsOf(t *trace.Trace, rows []int, focus int) []Label {
	labels := make([]Label, len(rows))
	for i, pos := range rows {
		labels[i] = tokenLabel(t, pos, Plain, focus)
	}
	return labels
}

func tileHook(t *trace.Trace, sel Select, name string, hook trace.Hook) ([]Grid, error) {
	layer, base := trace.Split(name)
	sel.Layers = []int{layer}
	return eachHead(sel, func(layer, head int) (Grid, error) {
		g, err := tileGrid(t, sel, layer, head, base, name, hook.Formula)
		g.View = name
		if err == nil && base == trace.TilePattern {
			g.Matrix.Scale = Weight
		}
		return g, err
	})
}

func mapHook(t *trace.Trace, sel Select, name string) ([]Grid, error) {
	layer, _ := trace.Split(name)
	sel.Layers = []int{layer}
	return eachHead(sel, func(layer, head int) (Grid, error) {
		g, ok := mapGrid(t, sel, layer, head)
		if !ok {
			return Grid{}, notRecorded(name)
		}
		g.View, g.Title = name, fmt.Sprintf("%s, head %d", name, head)
		return g, nil
	})
}

// queryHook shows what a head has for each query or key: a number, or a list.
func queryHook(t *trace.Trace, sel Select, base Grid, value tensor.Tensor, rows []int) []Grid {
	var grids []Grid
	for _, head := range sel.Heads {
		g := base
		g.Title = fmt.Sprintf("%s, head %d", base.Title, head)
		of := value.Sub(head)
		width := tensor.Elements(of.Shape[1:])
		g.Table = &Table{Rows: labelsOf(t, rows, sel.Told.Focus)}
		for c := range width {
			column := Column{Title: "value", Kind: Number, Decimals: 4}
			if width > 1 {
				column.Title = fmt.Sprint(c + 1)
			}
			for i := range rows {
				column.Numbers = append(column.Numbers, float64(of.Data[i*width+c]))
			}
			g.Table.Columns = append(g.Table.Columns, column)
		}
		grids = append(grids, g)
	}
	return grids
}

func headHook(t *trace.Trace, sel Select, base Grid, value tensor.Tensor, rows []int) []Grid {
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
		vectors := make([][]float32, len(rows))
		for i := range vectors {
			vectors[i] = value.Row(i, own)
		}
		g.Table = vectorTable(labelsOf(t, rows, sel.Told.Focus), vectors)
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

package view

import (
	"fmt"

	"attn/internal/tensor"
	"attn/internal/trace"
)

func patternView() View {
	return View{
		Name:  "pattern",
		Doc:   "softmax makes the scores weights: how much each query takes from each key",
		Needs: []string{trace.Pattern, trace.Sink},
		Long:  patternLong(),
		Build: func(t *trace.Trace, sel Select) ([]Grid, error) {
			if isLong(t, sel.Layers[0]) {
				return buildLongPattern(t, sel)
			}
			return eachHead(sel, func(layer, head int) (Grid, error) {
				m, err := tokenMatrix(t, sel, trace.Pattern, layer, head)
				if err != nil {
					return Grid{}, err
				}
				m.Scale = Weight
				m.blankHidden(t.Mask(layer), sel.Paper)
				title, formula := "Pattern", "softmax down each column: each column sums to 1"
				if sel.Paper {
					formula = "softmax along each row: each row sums to 1"
				}
				if sel.named() {
					title += " of " + headName(layer, head)
				}
				if t.Meta.MaskForced {
					title += " (mask " + t.Mask(layer).String() + ")"
				}
				g := Grid{View: "pattern", Title: title, Formula: formula, Step: trace.InBlock(layer, trace.Pattern), Matrix: m}
				if sink, ok := t.InBlock(layer, trace.Sink); ok {
					g.Formula += " with its sink"
					focus := sel.Told.Focus
					g.Notes = []string{fmt.Sprintf("the head's sink, a score that belongs to no key, takes %.2f of the weight of %s", sink.At(head, focus), quoted(t, focus))}
				}
				return g, nil
			})
		},
	}
}

// blankHidden empties the cells that the mask hides: their weight is exactly 0
// and says nothing.
func (m *Matrix) blankHidden(mask tensor.Mask, paper bool) {
	m.Cells = m.Cells.Clone()
	cols := len(m.Cols)
	for i := range m.Cells.Data {
		k, q := i/cols, i%cols
		if paper {
			q, k = k, q
		}
		if !mask.Allows(q, k) {
			m.Cells.Data[i] = float32(nan)
		}
	}
}

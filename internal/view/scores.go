package view

import (
	"fmt"

	"attn/internal/tensor"
	"attn/internal/trace"
)

func scoresView() View {
	return View{
		Name:  "scores",
		Doc:   "every query times every key: raw, divided by √d_head, bent or biased where the model does so",
		Needs: []string{trace.QK, trace.Scaled, trace.Softcapped, trace.Biased},
		Long:  []string{trace.TileScores},
		Build: func(t *trace.Trace, sel Select) ([]Grid, error) {
			if _, tile := t.InBlock(sel.Layers[0], trace.TileScores); tile {
				return tileScores(t, sel, "scores", "Scores")
			}
			var all []Grid
			for _, stage := range []struct{ hook, title string }{
				{trace.QK, "Raw scores"}, {trace.Scaled, "Scores"}, {trace.Softcapped, "Scores, bent"}, {trace.Biased, "Scores, biased"},
			} {
				if sel.Brief && stage.hook == trace.QK {
					continue // the walk has worked one out in the block before
				}
				hook, _ := trace.FindHook(trace.InBlock(0, stage.hook))
				if _, has := t.InBlock(sel.Layers[0], stage.hook); !has && hook.Some {
					continue // the family has no such stage
				}
				grids, err := eachHead(sel, func(layer, head int) (Grid, error) {
					formula := hook.Formula
					if stage.hook == trace.Scaled {
						formula = "q·k " + divisor(t, layer)
					}
					return scoreGrid(t, sel, stage.hook, layer, head, "scores", stage.title, formula)
				})
				if err != nil {
					return nil, err
				}
				all = append(all, grids...)
			}
			return all, nil
		},
	}
}

func scoreGrid(t *trace.Trace, sel Select, hook string, layer, head int, view, title, formula string) (Grid, error) {
	m, err := tokenMatrix(t, sel, hook, layer, head)
	if err != nil {
		return Grid{}, err
	}
	m.Scale = Score
	if sel.named() {
		title += " in " + headName(layer, head)
	}
	return Grid{View: view, Title: title, Formula: formula, Step: trace.InBlock(layer, hook), Matrix: m}, nil
}

// tokenMatrix takes one head's [query_pos, key_pos] and lays it out the
// chapter's way, keys down and queries across, or the paper's.
func tokenMatrix(t *trace.Trace, sel Select, hook string, layer, head int) (*Matrix, error) {
	value, ok := t.InBlock(layer, hook)
	if !ok {
		return nil, notRecorded(trace.InBlock(layer, hook))
	}
	cells := value.Sub(head)
	queries, keys := tokenLabels(t, Query, sel.Told.Focus), tokenLabels(t, Key, -1)
	if sel.Paper {
		return &Matrix{RowAxis: "queries", ColAxis: "keys", Rows: queries, Cols: keys, Cells: cells}, nil
	}
	return &Matrix{RowAxis: "keys", ColAxis: "queries", Rows: keys, Cols: queries, Cells: transpose(cells)}, nil
}

func transpose(m tensor.Tensor) tensor.Tensor {
	rows, cols := m.Shape[0], m.Shape[1]
	out := tensor.New(cols, rows)
	for r := range rows.Size {
		for c := range cols.Size {
			out.Data[c*rows.Size+r] = m.Data[r*cols.Size+c]
		}
	}
	return out
}

// tileScores shows a part of a long text's scores, as the softmax reads them.
func tileScores(t *trace.Trace, sel Select, view, title string) ([]Grid, error) {
	return eachHead(sel, func(layer, head int) (Grid, error) {
		g, err := tileGrid(t, sel, layer, head, trace.TileScores, title, "q·k "+divisor(t, layer)+", masked: "+maskRule(t, layer))
		g.View = view
		if view == "mask" {
			g.Notes = append(g.Notes, hiddenCount(t, layer))
		}
		return g, err
	})
}

func maskView() View {
	return View{
		Name:  "mask",
		Doc:   "the scores with the later tokens hidden from the earlier ones",
		Needs: []string{trace.AttnScores},
		Long:  []string{trace.TileScores},
		Build: func(t *trace.Trace, sel Select) ([]Grid, error) {
			if sel.Brief {
				return []Grid{{
					View: "mask", Title: "Mask", Formula: maskRule(t, sel.Told.Layer) + ": " + hiddenCount(t, sel.Told.Layer),
					Step: trace.InBlock(sel.Told.Layer, trace.AttnScores),
				}}, nil
			}
			if _, tile := t.InBlock(sel.Layers[0], trace.TileScores); tile {
				return tileScores(t, sel, "mask", "Masked scores")
			}
			return eachHead(sel, func(layer, head int) (Grid, error) {
				g, err := scoreGrid(t, sel, trace.AttnScores, layer, head, "mask", "Masked scores", maskRule(t, layer))
				g.Notes = []string{hiddenCount(t, layer)}
				return g, err
			})
		},
	}
}

// maskRule says which keys a query may see, and whether that is the model's
// own rule.
func maskRule(t *trace.Trace, layer int) string {
	mask := t.Mask(layer)
	rule := "every query sees every key"
	switch {
	case mask.Causal && mask.Window > 0:
		rule = fmt.Sprintf("a query sees itself and the %d keys before it", mask.Window-1)
	case mask.Causal:
		rule = "a key may not be later than its query"
	case mask.Window > 0:
		rule = fmt.Sprintf("a query sees %d keys to either side", mask.Window-1)
	}
	if t.Meta.MaskForced {
		rule += " (--mask " + mask.String() + ": not the model's own)"
	}
	return rule
}

func hiddenCount(t *trace.Trace, layer int) string {
	n, hidden := len(t.Tokens), 0
	for q := range n {
		from, to := t.Mask(layer).Visible(q, n)
		hidden += n - (to - from)
	}
	if hidden == 0 {
		return fmt.Sprintf("none of the %d scores is hidden", n*n)
	}
	return fmt.Sprintf("%d of %d scores become −∞, their weight exactly 0", hidden, n*n)
}

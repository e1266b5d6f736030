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

func mlpView() View {
	return View{
		Name:  "mlp",
		Doc:   "the MLP after attention: which of its neurons answer the told token",
		Needs: []string{trace.MLPPre, trace.MLPLinear, trace.MLPPost, trace.MLPOut, trace.Router, trace.Experts, trace.Shared},
		Build: func(t *trace.Trace, sel Select) ([]Grid, error) {
			layers := sel.Layers
			if sel.Brief {
				layers = []int{sel.Told.Layer}
			}
			var grids []Grid
			for _, layer := range layers {
				g, err := mlpGrid(t, sel, layer)
				if err != nil {
					return nil, err
				}
				grids = append(grids, g)
			}
			return grids, nil
		},
	}
}

func mlpGrid(t *trace.Trace, sel Select, layer int) (Grid, error) {
	if _, routed := t.Held(trace.InBlock(layer, trace.Router)); routed {
		return expertsGrid(t, sel, layer)
	}
	focus := sel.Told.Focus
	rows, err := rowsAt(t, layer, focus, trace.MLPPre, trace.MLPPost, trace.MLPOut)
	if err != nil {
		return Grid{}, err
	}
	asked, answered, out := rows[0], rows[1], rows[2]
	neurons := make([]int, len(answered))
	positive := 0
	for i, v := range asked {
		neurons[i] = i
		if v > 0 {
			positive++
		}
	}
	size := func(i int) float64 { return math.Abs(float64(answered[i])) }
	slices.SortStableFunc(neurons, func(a, b int) int { return cmp.Compare(size(b), size(a)) })
	most := 10
	if sel.Brief {
		most = 3
	}
	neurons = neurons[:min(most, len(neurons))]
	before := Column{Title: "before", Kind: Number, Decimals: 2}
	after := Column{Title: "after", Kind: Bar, Decimals: 2, Max: size(neurons[0])}
	table := &Table{}
	for _, i := range neurons {
		table.Rows = append(table.Rows, Label{Text: fmt.Sprintf("neuron %d", i), Pos: -1})
		before.Numbers = append(before.Numbers, float64(asked[i]))
		after.Numbers = append(after.Numbers, float64(answered[i]))
	}
	table.Columns = []Column{before, after}
	formula := "W_down f(W_up e + b_up) + b_down"
	if _, gated := t.Held(trace.InBlock(layer, trace.MLPLinear)); gated {
		formula = "W_down (f(W_gate e) · W_up e): before is W_gate e, after is what W_down reads"
	}
	return Grid{
		View: "mlp", Title: fmt.Sprintf("MLP of layer %d at %s", layer, quoted(t, focus)), Formula: formula,
		Step: trace.InBlock(layer, trace.MLPPost), Table: table,
		Notes: []string{fmt.Sprintf("%d of %d neurons have a positive input; together they add a vector of length %.2f", positive, len(asked), analyze.Length(out))},
	}, nil
}

// rowsAt returns several steps of a block at one position.
func rowsAt(t *trace.Trace, layer, pos int, names ...string) ([][]float32, error) {
	rows := make([][]float32, len(names))
	for i, name := range names {
		var err error
		if rows[i], err = rowAt(t, layer, name, pos); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// expertsGrid shows which experts a layer's router picks for the told token.
func expertsGrid(t *trace.Trace, sel Select, layer int) (Grid, error) {
	focus := sel.Told.Focus
	rows, err := rowsAt(t, layer, focus, trace.Router, trace.Experts, trace.MLPOut)
	if err != nil {
		return Grid{}, err
	}
	logits, shares := rows[0], rows[1]
	score := Column{Title: "router", Kind: Number, Decimals: 2}
	used, sum := 0, 0.0
	for _, v := range shares {
		if v != 0 {
			used++
		}
		sum += float64(v)
	}
	share := Column{Title: "share", Kind: Percent, Max: 1, Decimals: 1}
	if sum > 1+1e-5 { // multiplied by a factor of the model's: no shares of a whole
		share = Column{Title: "weight", Kind: Bar, Max: float64(slices.Max(shares)), Decimals: 3}
	}
	table := &Table{}
	most := 10
	if sel.Brief {
		most = min(4, used)
	}
	for _, e := range tensor.Largest(shares, most) {
		table.Rows = append(table.Rows, Label{Text: fmt.Sprintf("expert %d", e), Pos: -1})
		score.Numbers = append(score.Numbers, float64(logits[e]))
		share.Numbers = append(share.Numbers, float64(shares[e]))
	}
	table.Columns = []Column{score, share}
	formula, together := "Σ share · expert(e) over the experts picked", "together they add"
	var notes []string
	if shared, ok := t.At(trace.InBlock(layer, trace.Shared), focus); ok {
		formula += " + shared(e)"
		notes = append(notes, fmt.Sprintf("the shared experts, which work on every token, add a vector of length %.2f", analyze.Length(shared)))
		together = "with the shared ones they add"
	}
	notes = append(notes, fmt.Sprintf("%d of %d experts work on this token; %s a vector of length %.2f", used, len(shares), together, analyze.Length(rows[2])))
	return Grid{
		View: "mlp", Title: fmt.Sprintf("Experts of layer %d at %s", layer, quoted(t, focus)), Formula: formula,
		Step: trace.InBlock(layer, trace.Experts), Table: table, Notes: notes,
	}, nil
}

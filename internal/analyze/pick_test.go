package analyze_test

import (
	"testing"

	"attn/internal/analyze"
	"attn/internal/trace"
)

// The hand-made rows of the last of 5 queries; the first tokens look at
// themselves.
var (
	sink     = []float32{1, 0, 0, 0, 0}
	previous = []float32{0, 0, 0, 1, 0}
	itself   = []float32{0, 0, 0, 0, 1}
	divided  = []float32{0, .5, .5, 0, 0}
	lopsided = []float32{0, .75, .125, .125, 0}
	sinkAnd  = []float32{.5, 0, .5, 0, 0} // half on the first token
	selfAnd  = []float32{0, 0, .5, 0, .5} // half on itself
	rising   = []float32{0, .25, .75, 0, 0}
	three    = []float32{0, .25, .25, .5, 0}
)

// heads makes a trace of 5 tokens in which the last query of each head of each
// layer looks as given, layer by layer; the other queries look at themselves.
func heads(last ...[]float32) *trace.Trace {
	t := blank(5)
	for layer := range 2 {
		var data []float32
		for _, row := range last[2*layer : 2*layer+2] {
			for q := range 4 {
				self := make([]float32, 5)
				self[q] = 1
				data = append(data, self...)
			}
			data = append(data, row...)
		}
		put(t, trace.InBlock(layer, trace.Pattern), []int{2, 5, 5}, data...)
	}
	return t
}

func TestPick(t *testing.T) {
	for _, tt := range []struct {
		name          string
		t             *trace.Trace
		layers, heads []int
		focus         int
		want          trace.Selected
	}{
		{"the head that divides", heads(sink, previous, itself, divided), nil, nil, -1, trace.Selected{Layer: 1, Head: 1, Focus: 4}},
		{"evenly rather than not", heads(lopsided, divided, sink, lopsided), nil, nil, -1, trace.Selected{Layer: 0, Head: 1, Focus: 4}},
		{"the two largest count", heads(lopsided, three, sink, sink), nil, nil, -1, trace.Selected{Layer: 0, Head: 1, Focus: 4}},
		{"the first may be the smaller", heads(lopsided, rising, sink, sink), nil, nil, -1, trace.Selected{Layer: 0, Head: 1, Focus: 4}},
		{"the earliest of equals", heads(sink, divided, divided, divided), nil, nil, -1, trace.Selected{Layer: 0, Head: 1, Focus: 4}},
		{"the sink's half does not count", heads(sinkAnd, lopsided, sinkAnd, sinkAnd), nil, nil, -1, trace.Selected{Layer: 0, Head: 1, Focus: 4}},
		{"its own half does not count", heads(selfAnd, lopsided, selfAnd, selfAnd), nil, nil, -1, trace.Selected{Layer: 0, Head: 1, Focus: 4}},
		{"within the layers", heads(divided, divided, lopsided, sink), []int{1}, nil, -1, trace.Selected{Layer: 1, Head: 0, Focus: 4}},
		{"within the heads", heads(divided, lopsided, divided, sink), nil, []int{1}, -1, trace.Selected{Layer: 0, Head: 1, Focus: 4}},
		{"at the focus", heads(sink, divided, sink, sink), nil, nil, 4, trace.Selected{Layer: 0, Head: 1, Focus: 4}},
		{"nothing at the focus", heads(divided, divided, divided, divided), nil, nil, 2, trace.Selected{Layer: 0, Head: 0, Focus: 2}},
		{"no head divides", heads(sink, previous, itself, sink), nil, nil, -1, trace.Selected{Layer: 0, Head: 0, Focus: 4}},
		{"no head of these divides", heads(sink, divided, sink, sink), []int{1}, []int{1, 0}, -1, trace.Selected{Layer: 1, Head: 1, Focus: 4}},
		{"no patterns", blank(3), nil, nil, -1, trace.Selected{Layer: 0, Head: 0, Focus: 2}},
		{"one token", blank(1), nil, nil, -1, trace.Selected{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := analyze.Pick(tt.t, tt.layers, tt.heads, tt.focus); got != tt.want {
				t.Errorf("picked %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestPickPassesOverLayersWithoutPattern: only layer 1 was recorded.
func TestPickPassesOverLayersWithoutPattern(t *testing.T) {
	h := heads(sink, sink, sink, lopsided)
	h.Steps = h.Steps[1:]
	if got, want := analyze.Pick(h, nil, nil, -1), (trace.Selected{Layer: 1, Head: 1, Focus: 4}); got != want {
		t.Errorf("picked %+v, want %+v", got, want)
	}
}

// TestPickSeesEveryQuery: the query that divides is not the last.
func TestPickSeesEveryQuery(t *testing.T) {
	h := heads(sink, sink, sink, sink)
	pattern, _ := h.InBlock(1, trace.Pattern)
	copy(pattern.Row(0, 3), []float32{.5, .25, .25, 0, 0})
	if got, want := analyze.Pick(h, nil, nil, -1), (trace.Selected{Layer: 1, Head: 0, Focus: 3}); got != want {
		t.Errorf("picked %+v, want %+v", got, want)
	}
}

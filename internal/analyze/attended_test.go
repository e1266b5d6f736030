package analyze_test

import (
	"math"
	"slices"
	"testing"

	"attn/internal/analyze"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// listed is a trace of 9 tokens, 2 layers and 1 head that tells of its pattern by
// the four largest weights of query 8: half on key 2, a quarter on key 5 and the
// rest on the first token, itself and others. In layer 0 all of it is on itself.
func listed() *trace.Trace {
	t := &trace.Trace{Meta: trace.Meta{Model: trace.Model{Layers: 2, Heads: 1, KVHeads: 1, DModel: 2, DHead: 2}}, Tokens: make([]trace.Token, 9)}
	add := func(layer int, name string, rows []int, shape []tensor.Dim, values ...float32) {
		t.Steps = append(t.Steps, trace.Step{Name: trace.InBlock(layer, name), Rows: rows, Value: tensor.Tensor{Shape: shape, Data: values}})
	}
	list := []tensor.Dim{tensor.D(tensor.Head, 1), tensor.D(tensor.QueryPos, 1), tensor.D(tensor.Rank, 4)}
	queries := []tensor.Dim{tensor.D(tensor.Head, 1), tensor.D(tensor.QueryPos, 9)}
	last := []int{8}
	add(0, trace.TopKeys, last, list, 8, -1, -1, -1)
	add(0, trace.TopWeights, last, list, 1, 0, 0, 0)
	add(1, trace.TopKeys, last, list, 2, 5, 0, 8)
	add(1, trace.TopWeights, last, list, .5, .25, .125, .0625)
	add(1, trace.TopRest, nil, queries, 0, 0, 0, 0, 0, 0, 0, 0, .0625)
	add(1, trace.Entropy, nil, queries, 0, 0, 0, 0, 0, 0, 0, 0, float32(1.5*math.Ln2))
	row := []tensor.Dim{tensor.D(tensor.Pos, 1), tensor.D(tensor.Head, 1), tensor.D(tensor.DModel, 2)}
	four := []tensor.Dim{tensor.D(tensor.Pos, 4), tensor.D(tensor.Head, 1), tensor.D(tensor.DModel, 2)}
	add(1, trace.VUp, []int{0, 2, 5, 8}, four, 8, 0, 4, 0, 0, 4, 0, 16)
	add(1, trace.Result, last, row, 4, 2)
	return t
}

// TestAttendedFromAList reads the list as a pattern's row is read.
func TestAttendedFromAList(t *testing.T) {
	a, ok := analyze.AttendedBy(listed(), 1, 0, 8)
	if !ok || !slices.Equal(a.Keys, []int{2, 5, 0, 8}) || !slices.Equal(a.Weights, []float64{.5, .25, .125, .0625}) || a.Rest != .0625 {
		t.Fatalf("it takes %+v, %v", a, ok)
	}
	if math.Abs(a.Bits-1.5) > 1e-6 {
		t.Errorf("the entropy is %v bits", a.Bits)
	}
	if key, weight := a.Strongest(); key != 2 || weight != .5 {
		t.Errorf("most on %d: %v", key, weight)
	}
	if a, ok := analyze.AttendedBy(listed(), 0, 0, 8); !ok || len(a.Keys) != 1 || !math.IsNaN(a.Bits) {
		t.Errorf("what has no key is none, and no entropy is NaN: %+v", a)
	}
	if _, ok := analyze.AttendedBy(listed(), 1, 0, 7); ok {
		t.Error("query 7 is not told of")
	}
}

// TestPickFromALists picks as from patterns: the first token and the query itself
// do not count.
func TestPickFromLists(t *testing.T) {
	if got := analyze.Pick(listed(), nil, nil, 8); got != (trace.Selected{Layer: 1, Head: 0, Focus: 8}) {
		t.Errorf("picked %+v", got)
	}
	if got := analyze.Pick(listed(), []int{0}, nil, 8); got != (trace.Selected{Layer: 0, Head: 0, Focus: 8}) {
		t.Errorf("with nothing to choose: %+v", got)
	}
}

// TestLedgerOfAList: ½ [4, 0] + ¼ [0, 4] + ⅛ [8, 0] + 1/16 [0, 16] is [3, 2]; the
// others bring Δe to [4, 2].
func TestLedgerOfAList(t *testing.T) {
	l, err := analyze.NewLedger(listed(), 1, 0, 8)
	if err != nil {
		t.Fatal(err)
	}
	var order []int
	along := 0.0
	for _, s := range l.Shares {
		order = append(order, s.Pos)
		along += s.Along
	}
	if !slices.Equal(order, []int{0, 2, 5, 8}) {
		t.Errorf("the shares are of %v", order)
	}
	if o := l.Others; o == nil || o.Weight != .0625 || o.Part != 1 || math.Abs(o.Along-.2) > 1e-12 || math.Abs(along+o.Along-1) > 1e-12 {
		t.Errorf("the others are %+v; the shares lie %v along", o, along)
	}
	if _, err := analyze.NewLedger(listed(), 0, 0, 8); err == nil {
		t.Error("a layer without a result has a ledger")
	}
}

func TestLooksFromLists(t *testing.T) {
	looks := analyze.Looks(listed(), 1, 8)
	if len(looks) != 1 || looks[0].Top != 2 || looks[0].TopWeight != .5 || looks[0].Back != .9375 || math.Abs(looks[0].Length-math.Sqrt(20)) > 1e-6 {
		t.Errorf("it looks %+v", looks)
	}
	if looks := analyze.Looks(listed(), 1, 3); looks != nil {
		t.Errorf("query 3 looks %+v", looks)
	}
}

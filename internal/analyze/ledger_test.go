package analyze_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"attn/internal/analyze"
	"attn/internal/model"
	"attn/internal/trace"
)

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

// byHand has one layer's head 1 take ¼ of [4, 0] and ¾ of [0, 4] at token 1:
// Δe = [1, 3].
func byHand() *trace.Trace {
	t := blank(2)
	put(t, "blocks.1.attn.hook_pattern", []int{2, 2, 2}, 1, 0, .5, .5, 1, 0, .25, .75)
	put(t, "blocks.1.attn.hook_v_up", []int{2, 2, 2}, 9, 9, 4, 0, 9, 9, 0, 4)
	put(t, "blocks.1.attn.hook_result", []int{2, 2, 2}, 9, 9, 4, 0, 9, 9, 1, 3)
	return t
}

func TestLedgerByHand(t *testing.T) {
	l, err := analyze.NewLedger(byHand(), 1, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if l.Layer != 1 || l.Head != 1 || l.Focus != 1 || l.Delta[0] != 1 || l.Delta[1] != 3 || l.Residue != 0 {
		t.Errorf("the ledger is %+v", l)
	}
	if !near(l.Length, math.Sqrt(10), 1e-15) {
		t.Errorf("|Δe| is %v", l.Length)
	}
	want := []analyze.Share{
		{Pos: 0, Weight: .25, Value: 4, Part: 1, Along: .1},
		{Pos: 1, Weight: .75, Value: 4, Part: 3, Along: .9},
	}
	if len(l.Shares) != 2 {
		t.Fatalf("the shares are %+v", l.Shares)
	}
	for i, s := range l.Shares {
		if s.Pos != want[i].Pos || s.Weight != want[i].Weight || s.Value != want[i].Value || s.Part != want[i].Part || !near(s.Along, want[i].Along, 1e-15) {
			t.Errorf("share %d is %+v, want %+v", i, s, want[i])
		}
	}
}

// TestLedgerTellsItsResidue: a result that is not the sum of its parts.
func TestLedgerTellsItsResidue(t *testing.T) {
	h := byHand()
	result, _ := h.Find("blocks.1.attn.hook_result")
	result.Data[6], result.Data[7] = 1.25, 2.5
	l, err := analyze.NewLedger(h, 1, 1, 1)
	if err != nil || l.Residue != .5 {
		t.Errorf("the residue is %v, %v", l.Residue, err)
	}
}

func TestLedgerOfNoChange(t *testing.T) {
	h := byHand()
	for _, name := range []string{"blocks.1.attn.hook_result", "blocks.1.attn.hook_v_up"} {
		value, _ := h.Find(name)
		clear(value.Data)
	}
	l, err := analyze.NewLedger(h, 1, 1, 1)
	if err != nil || l.Length != 0 || l.Residue != 0 {
		t.Fatalf("%+v, %v", l, err)
	}
	for _, s := range l.Shares {
		if s.Along != 0 || s.Part != 0 || s.Value != 0 {
			t.Errorf("a share of nothing is %+v", s)
		}
	}
}

func TestLedgerNamesWhatIsMissing(t *testing.T) {
	for _, name := range []string{"blocks.1.attn.hook_pattern", "blocks.1.attn.hook_v_up", "blocks.1.attn.hook_result"} {
		h := blank(2)
		for _, s := range byHand().Steps {
			if s.Name != name {
				h.Steps = append(h.Steps, s)
			}
		}
		if _, err := analyze.NewLedger(h, 1, 1, 1); err == nil || !strings.HasSuffix(err.Error(), " "+name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	if _, err := analyze.NewLedger(byHand(), 0, 1, 1); err == nil || !strings.Contains(err.Error(), "blocks.0.") {
		t.Errorf("of another layer: %v", err)
	}
}

// TestLedgersAddUp: in random models of any shape the parts are the whole.
func TestLedgersAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		kv := rapid.IntRange(1, 3).Draw(rt, "kv heads")
		s := model.Shape{
			Layers: rapid.IntRange(1, 2).Draw(rt, "layers"), KVHeads: kv, Heads: kv * rapid.IntRange(1, 3).Draw(rt, "group"),
			DHead: rapid.IntRange(1, 5).Draw(rt, "d_head"), DModel: rapid.IntRange(1, 12).Draw(rt, "d_model"), DMLP: 3,
			DVocab: 5, Context: 9, Seed: rapid.Uint64().Draw(rt, "seed"),
		}
		ids := rapid.SliceOfN(rapid.Int32Range(0, 4), 1, 9).Draw(rt, "ids")
		h := run(t, s, ids)
		layer := rapid.IntRange(0, s.Layers-1).Draw(rt, "layer")
		head := rapid.IntRange(0, s.Heads-1).Draw(rt, "head")
		focus := rapid.IntRange(0, len(ids)-1).Draw(rt, "focus")
		l, err := analyze.NewLedger(h, layer, head, focus)
		if err != nil {
			rt.Fatal(err)
		}
		weights, along, size := 0.0, 0.0, 0.0
		for pos, share := range l.Shares {
			weights += share.Weight
			along += share.Along
			size = max(size, share.Part)
			if share.Pos != pos || pos > focus && share.Part != 0 {
				rt.Errorf("share %d is %+v", pos, share)
			}
		}
		if len(l.Shares) != len(ids) || !near(weights, 1, 1e-6) {
			rt.Errorf("%d weights sum to %v", len(l.Shares), weights)
		}
		if l.Residue > 1e-6*max(1, size) {
			rt.Errorf("the parts miss Δe by %v", l.Residue)
		}
		if l.Length == 0 { // a norm of one number is 0, and so is all that follows
			if along != 0 {
				rt.Errorf("the shares of nothing sum to %v", along)
			}
			return
		}
		// A Δe that the parts nearly cancel out is known less well.
		if bound := 1e-6 * max(1, size/l.Length) * 12; !near(along, 1, bound) {
			rt.Errorf("the shares along Δe sum to %v, bound %v", along, bound)
		}
	})
}

func TestLengthDotCosineAlong(t *testing.T) {
	x, y, zero := []float32{3, 4}, []float32{-4, 3}, []float32{0, 0}
	huge := []float32{math.MaxFloat32, math.MaxFloat32}
	for _, tt := range []struct {
		name      string
		got, want float64
	}{
		{"length", analyze.Length(x), 5},
		{"length of nothing", analyze.Length(nil), 0},
		{"length beyond float32", analyze.Length(huge) / math.MaxFloat32, math.Sqrt2},
		{"dot", analyze.Dot(x, []float32{2, -1}), 2},
		{"dot at right angles", analyze.Dot(x, y), 0},
		{"cosine with itself", analyze.Cosine(x, x), 1},
		{"cosine does not know lengths", analyze.Cosine(x, []float32{-6, -8}), -1},
		{"cosine at right angles", analyze.Cosine(x, y), 0},
		{"cosine of 3-4 with the first axis", analyze.Cosine(x, []float32{2, 0}), .6},
		{"cosine with zero", analyze.Cosine(x, zero), 0},
		{"cosine of zero", analyze.Cosine(zero, x), 0},
		{"cosine beyond float32", analyze.Cosine(huge, huge), 1},
		{"along", analyze.Along([]float32{5, 0}, x), .6},
		{"along the whole", analyze.Along(x, x), 1},
		{"against it", analyze.Along([]float32{-1.5, -2}, x), -.5},
		{"along at right angles", analyze.Along(y, x), 0},
		{"along zero", analyze.Along(x, zero), 0},
	} {
		if !near(tt.got, tt.want, 1e-12) {
			t.Errorf("%s is %v, want %v", tt.name, tt.got, tt.want)
		}
	}
}

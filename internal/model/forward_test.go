package model_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"attn/internal/kernels"
	"attn/internal/model"
	"attn/internal/model/builtin"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// matrix stores rows of numbers as a weight [out, in].
func matrix(rows ...[]float32) kernels.Weight {
	w := kernels.Weight{Type: tensor.F32, Shape: [2]int{len(rows), len(rows[0])}, Stride: [2]int{len(rows[0]), 1}}
	for _, row := range rows {
		for _, v := range row {
			w.Bytes = binary.LittleEndian.AppendUint32(w.Bytes, math.Float32bits(v))
		}
	}
	return w
}

// byHand is a model with one layer and one head of two numbers, small enough
// to work out on paper.
//
//	vocabulary a = [1, -1], b = [2, -2]; no positions; norm: gain 1, bias 0
//	q = x, k = x, v = (0.5 x₁, 0.25 x₂), output = identity; the MLP adds nothing
func byHand() *model.Model {
	zero2 := []float32{0, 0}
	norm := kernels.NormOpts{Gain: []float32{1, 1}, Bias: zero2, Epsilon: 1e-9}
	one := matrix([]float32{1, 0}, []float32{0, 1})
	nothing := model.Linear{Weight: matrix([]float32{0, 0}, []float32{0, 0}), Bias: zero2}
	embed, position := matrix([]float32{1, -1}, []float32{2, -2}), matrix([]float32{0, 0}, []float32{0, -1})
	return &model.Model{
		Config: model.Config{
			Layers: 1, Heads: 1, KVHeads: 1, DModel: 2, DHead: 2, DMLP: 2, DVocab: 2, Context: 2,
			Activation: kernels.ReLU, NormEpsilon: 1e-9, Tied: true, Mask: kernels.Mask{Causal: true},
			Scales: []float32{float32(1 / math.Sqrt2)},
		},
		Embed: embed, Position: &position, Unembed: model.Linear{Weight: embed}, FinalNorm: &norm,
		Blocks: []model.Block{{
			Norm1: &norm, Norm2: &norm,
			Q: model.Linear{Weight: one, Bias: zero2}, K: model.Linear{Weight: one, Bias: []float32{0, 1}},
			V: model.Linear{Weight: matrix([]float32{0.5, 0}, []float32{0, 0.25}), Bias: zero2},
			O: model.Linear{Weight: one, Bias: []float32{0, 0.5}}, MLP: model.MLP{Up: nothing, Down: nothing},
		}},
	}
}

// TestByHand works the sentence "a b" out on paper.
//
//	e₀ = [1, -1], e₁ = [2, -2] + [0, -1] = [2, -3]
//	norm of two numbers is (+1, -1) when the first is larger, so x₀ = x₁ = [1, -1]
//	q = [1, -1]; k = [1, -1] + [0, 1] = [1, 0]; v = [0.5, -0.25]
//	q·k = 1 everywhere, 1/√2 scaled; the pattern is [1, 0] and [½, ½]
//	z = [0.5, -0.25] at both; out = z + [0, 0.5] = [0.5, 0.25]
//	resid = [1.5, -0.75] and [2.5, -2.75]; normed [1, -1]; logits a: 2, b: 4
func TestByHand(t *testing.T) {
	want := []struct {
		step   string
		values []float32
	}{
		{"hook_embed", []float32{1, -1, 2, -2}},
		{"hook_pos_embed", []float32{0, 0, 0, -1}},
		{"blocks.0.hook_resid_pre", []float32{1, -1, 2, -3}},
		{"blocks.0.ln1.hook_scale", []float32{1, 2.5}},
		{"blocks.0.ln1.hook_normalized", []float32{1, -1, 1, -1}},
		{"blocks.0.attn.hook_q", []float32{1, -1, 1, -1}},
		{"blocks.0.attn.hook_k", []float32{1, 0, 1, 0}},
		{"blocks.0.attn.hook_v", []float32{.5, -.25, .5, -.25}},
		{"blocks.0.attn.hook_qk", []float32{1, 1, 1, 1}},
		{"blocks.0.attn.hook_scaled", []float32{.70710678, .70710678, .70710678, .70710678}},
		{"blocks.0.attn.hook_attn_scores", []float32{.70710678, float32(math.Inf(-1)), .70710678, .70710678}},
		{"blocks.0.attn.hook_pattern", []float32{1, 0, .5, .5}},
		{"blocks.0.attn.hook_z", []float32{.5, -.25, .5, -.25}},
		{"blocks.0.attn.hook_v_up", []float32{.5, -.25, .5, -.25}},
		{"blocks.0.attn.hook_result", []float32{.5, -.25, .5, -.25}},
		{"blocks.0.attn.b_O", []float32{0, .5}},
		{"blocks.0.hook_attn_out", []float32{.5, .25, .5, .25}},
		{"blocks.0.hook_resid_mid", []float32{1.5, -.75, 2.5, -2.75}},
		{"blocks.0.hook_mlp_out", []float32{0, 0, 0, 0}},
		{"blocks.0.hook_resid_post", []float32{1.5, -.75, 2.5, -2.75}},
		{"ln_final.hook_normalized", []float32{1, -1, 1, -1}},
		{"unembed.hook_out", []float32{2, 4, 2, 4}},
	}
	for _, backend := range []string{"ref", "cpu"} {
		got := record(t, byHand(), openBackend(t, backend, 0), []trace.Token{{ID: 0}, {Pos: 1, ID: 1}})
		for _, w := range want {
			value, ok := got.Find(w.step)
			if !ok || len(value.Data) != len(w.values) {
				t.Fatalf("%s: %s is %v", backend, w.step, value)
			}
			for i, v := range w.values {
				if value.Data[i] != v && !(math.Abs(float64(value.Data[i]-v)) < 1e-6) {
					t.Errorf("%s: %s is %v, by hand %v", backend, w.step, value.Data, w.values)
					break
				}
			}
		}
		if err := got.Check(); err != nil {
			t.Errorf("%s: %v", backend, err)
		}
	}
}

// TestSameBitsForAnyThreads runs the built-in model with several numbers of
// threads: no number may change in its last bit.
func TestSameBitsForAnyThreads(t *testing.T) {
	m, err := builtin.Open(builtin.Default)
	if err != nil {
		t.Fatal(err)
	}
	tokens := make([]trace.Token, 61)
	for i := range tokens {
		tokens[i] = trace.Token{Pos: i, ID: int32(37*i+5) % int32(m.Config.DVocab)}
	}
	one := record(t, m, openBackend(t, "cpu", 1), tokens)
	for _, threads := range []int{2, 3, 8} {
		many := record(t, m, openBackend(t, "cpu", threads), tokens)
		for i, step := range one.Steps {
			other := many.Steps[i].Whole().Data
			for j, v := range step.Whole().Data {
				if math.Float32bits(v) != math.Float32bits(other[j]) {
					t.Fatalf("%s: value %d is %v on 1 thread, %v on %d", step.Name, j, v, other[j], threads)
				}
			}
		}
	}
}

// TestLastRowAlone: without a recorder only the last position is unembedded,
// to the same bits.
func TestLastRowAlone(t *testing.T) {
	m, err := builtin.Open(builtin.Default)
	if err != nil {
		t.Fatal(err)
	}
	be := openBackend(t, "cpu", 0)
	tokens := []trace.Token{{ID: 70}, {Pos: 1, ID: 71}, {Pos: 2, ID: 300}}
	full, _ := recordBy(t, m, be, tokens, func(step string) bool { return step == trace.Logits }, nil).Find(trace.Logits)
	last, err := m.Forward(context.Background(), be, []int32{70, 71, 300}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := be.Get(last)
	if got.Shape[0].Size != 1 {
		t.Fatalf("the result is %s", tensor.ShapeString(got.Shape))
	}
	for i, v := range got.Data {
		if v != full.Row(2)[i] {
			t.Fatalf("logit %d is %v alone, %v among all", i, v, full.Row(2)[i])
		}
	}
}

// copier counts the arrays that are copied out of a backend.
type copier struct {
	kernels.Backend
	copies int
}

func (c *copier) Lend(a kernels.Array) tensor.Tensor { return c.Backend.(kernels.Lender).Lend(a) }

func (c *copier) Return(t tensor.Tensor) { c.Backend.(kernels.Lender).Return(t) }

func (c *copier) Get(a kernels.Array) tensor.Tensor {
	c.copies++
	return c.Backend.Get(a)
}

// TestRecordedIsNotCopied: a step that is kept is held once, as the backend made
// it.
func TestRecordedIsNotCopied(t *testing.T) {
	m, err := builtin.Open(builtin.Default)
	if err != nil {
		t.Fatal(err)
	}
	be := &copier{Backend: openBackend(t, "cpu", 0)}
	tokens := []trace.Token{{ID: 70}, {Pos: 1, ID: 71}, {Pos: 2, ID: 300}}
	got := record(t, m, be, tokens)
	if be.copies > 0 {
		t.Errorf("%d arrays were copied", be.copies)
	}
	want := record(t, m, openBackend(t, "cpu", 0), tokens)
	for _, parted := range trace.Diff(got, want, trace.Tolerance{}) {
		if parted.Beyond || parted.Missing {
			t.Errorf("%+v", parted)
		}
	}
}

// TestKeepLast: of a step whose last row alone is kept, the rest is not computed,
// whether or not the backend has attention in one op.
func TestKeepLast(t *testing.T) {
	m, err := builtin.Open(builtin.Default)
	if err != nil {
		t.Fatal(err)
	}
	tokens := []trace.Token{{ID: 70}, {Pos: 1, ID: 71}, {Pos: 2, ID: 300}}
	for name, be := range map[string]kernels.Backend{"fused": openBackend(t, "cpu", 0), "plain": &stopper{Backend: openBackend(t, "cpu", 0)}} {
		full := record(t, m, be, tokens)
		rec := trace.NewRecorder(tokens, everything)
		rec.KeepLast(func(step string) bool { return step == trace.Logits })
		out, err := m.Forward(t.Context(), be, []int32{70, 71, 300}, rec)
		if err != nil {
			t.Fatal(err)
		}
		if got := be.Get(out).Shape[0].Size; got != 1 {
			t.Errorf("%s: logits of %d positions are computed", name, got)
		}
		for _, step := range full.Steps {
			got, ok := rec.Trace().Held(step.Name)
			want := step.Whole().Data
			if step.Name == trace.Logits {
				want = step.Whole().Row(2)
			}
			if !ok || !slices.Equal(got.Whole().Data, want) || (step.Name == trace.Logits) != slices.Equal(got.Rows, []int{2}) {
				t.Errorf("%s: %s is another, or of other rows: %v", name, step.Name, got.Rows)
			}
		}
	}
}

// stopper cancels a context at its n-th product.
type stopper struct {
	kernels.Backend
	cancel context.CancelFunc
	left   int
	after  int // products that ran after the cancellation
}

func (s *stopper) MatMul(x kernels.Array, w kernels.Weight, o kernels.MatMulOpts) kernels.Array {
	if s.left--; s.left == 0 {
		s.cancel()
	} else if s.left < 0 {
		s.after++
	}
	return s.Backend.MatMul(x, w, o)
}

func TestCancelBetweenOps(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	be := &stopper{Backend: openBackend(t, "ref", 0), cancel: cancel, left: 2}
	_, err := byHand().Forward(ctx, be, []int32{0, 1}, trace.NewRecorder(nil, everything))
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("the error is %v", err)
	}
	if be.after != 0 {
		t.Errorf("%d products ran after the cancellation", be.after)
	}
}

func TestBadIDs(t *testing.T) {
	m := byHand()
	be := openBackend(t, "ref", 0)
	for _, ids := range [][]int32{nil, {2}, {-1}, {0, 1, 0}} {
		if _, err := m.Forward(context.Background(), be, ids, nil); err == nil {
			t.Errorf("ids %v were read", ids)
		}
	}
	var long *model.ContextError
	_, err := m.Forward(context.Background(), be, []int32{0, 1, 0}, nil)
	if !errors.As(err, &long) || long.Limit != 2 {
		t.Errorf("a text too long: %v", err)
	}
}

func BenchmarkForward(b *testing.B) { benchmarkForward(b, nil) }
func BenchmarkTrace(b *testing.B)   { benchmarkForward(b, everything) }

func benchmarkForward(b *testing.B, want func(string) bool) {
	m, err := builtin.Open(builtin.Default)
	if err != nil {
		b.Fatal(err)
	}
	be := openBackend(b, "cpu", 0)
	for _, n := range []int{8, 64, 256} {
		ids := make([]int32, n)
		tokens := make([]trace.Token, n)
		for i := range ids {
			ids[i] = int32(37*i+5) % int32(m.Config.DVocab)
			tokens[i] = trace.Token{Pos: i, ID: ids[i]}
		}
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := m.Forward(context.Background(), be, ids, trace.NewRecorder(tokens, want)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

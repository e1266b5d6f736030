package kernelstest

import (
	"fmt"
	"testing"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// The sizes of the built-in model.
const (
	benchModel = 192
	benchHeads = 6
	benchMLP   = 768
	benchVocab = 2661
)

// Benchmark times every op at the built-in model's sizes, for a short, a
// normal and a full-length text, and square products.
func Benchmark(b *testing.B, newBackend func() kernels.Backend) {
	for _, t := range []int{8, 64, 256} {
		b.Run(fmt.Sprintf("T%d", t), func(b *testing.B) {
			benchProducts(b, newBackend, t)
			benchAttention(b, newBackend, t)
			benchRows(b, newBackend, t)
		})
	}
	for _, n := range []int{512, 1024, 2048} {
		s := newSource(40)
		x, w := s.normal(pos(n), model(n)), s.weight(tensor.F32, layouts()[0], n, n)
		timed(b, newBackend, fmt.Sprintf("square/%d", n), n*n*n, matmul("", x, w, kernels.MatMulOpts{Out: x.Shape[1:]}))
	}
}

// timed times one call; work counts its multiply-adds.
func timed(b *testing.B, newBackend func() kernels.Backend, name string, work int, c Call) {
	b.Helper()
	b.Run(name, func(b *testing.B) {
		be := newBackend()
		defer func() { _ = be.Close() }()
		in := make([]kernels.Array, len(c.inputs))
		for i, t := range c.inputs {
			in[i] = be.Put(t)
		}
		var out []kernels.Array
		for b.Loop() {
			out = c.run(be, c.weight, in)
		}
		be.Get(out[0]) // waits for what is still under way
		if err := be.Err(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(b.N)*float64(work)/b.Elapsed().Seconds()/1e9, "Gop/s")
	})
}

// benchProducts times the products with the model's matrices, in each stored
// type and in both layouts.
func benchProducts(b *testing.B, newBackend func() kernels.Backend, t int) {
	s := newSource(41)
	for _, size := range [][2]int{{benchModel, benchModel}, {benchMLP, benchModel}, {benchModel, benchMLP}, {benchVocab, benchModel}} {
		out, in := size[0], size[1]
		x := s.normal(pos(t), model(in))
		o := kernels.MatMulOpts{Out: []tensor.Dim{model(out)}, Bias: s.vector(out)}
		for _, d := range dtypes() {
			for _, l := range []layout{layouts()[0], layouts()[4]} {
				name := fmt.Sprintf("matmul/%dx%d/%s/%s", in, out, d, l.name)
				timed(b, newBackend, name, t*out*in, matmul("", x, s.weight(d, l, out, in), o))
			}
		}
	}
	z := s.normal(pos(t), heads(benchHeads), headSize(benchModel/benchHeads))
	timed(b, newBackend, "headresults", t*benchModel*benchModel,
		headResults("", z, s.weight(tensor.F32, layouts()[4], benchModel, benchModel)))
	ids := make([]int32, t)
	timed(b, newBackend, "gather", t*benchModel, gather("", s.weight(tensor.F32, layouts()[0], benchVocab, benchModel), ids))
}

// benchAttention times what happens between the projections.
func benchAttention(b *testing.B, newBackend func() kernels.Backend, t int) {
	s := newSource(42)
	q := s.normal(pos(t), heads(benchHeads), headSize(benchModel/benchHeads))
	g := s.normal(grid(benchHeads, t)...)
	causal := kernels.Mask{Causal: true}
	cells := benchHeads * t * t
	timed(b, newBackend, "scores", t*t*benchModel, scores("", q, q))
	timed(b, newBackend, "scale", cells, scale("", g, 0.18))
	timed(b, newBackend, "mask", cells, mask("", g, causal))
	timed(b, newBackend, "softmax", cells, softmax("", masked(g.Clone(), causal)))
	timed(b, newBackend, "mix", t*t*benchModel, mix("", g, q))
}

// benchRows times the ops on the residual stream and in the MLP.
func benchRows(b *testing.B, newBackend func() kernels.Backend, t int) {
	s := newSource(43)
	x := s.normal(pos(t), model(benchModel))
	o := kernels.NormOpts{Gain: s.vector(benchModel), Bias: s.vector(benchModel), Epsilon: 1e-5}
	timed(b, newBackend, "norm", t*benchModel, norm("", x, o))
	timed(b, newBackend, "add", t*benchModel, add("", x, x))
	scores := s.normal(pos(t), tensor.D(tensor.Expert, 128))
	timed(b, newBackend, "route", t*128, route("", scores, kernels.RouteOpts{Used: 8, Anew: true}))
	timed(b, newBackend, "addrows", t*benchModel, addRows("", x, x, s.Perm(t), s.vector(t)))
	hidden := s.normal(pos(t), tensor.D(tensor.DMLP, benchMLP))
	for _, f := range []kernels.Activation{kernels.GELUTanh, kernels.GELU, kernels.ReLU, kernels.SiLU} {
		timed(b, newBackend, "activate/"+string(f), t*benchMLP, activate("", hidden, f))
	}
}

// BenchmarkFused times fused attention of 12 heads of 64 numbers, alone and with
// every statistic.
func BenchmarkFused(b *testing.B, newBackend func() kernels.Backend) {
	for _, t := range []int{512, 2048} {
		s := newSource(44)
		q := s.normal(pos(t), heads(12), headSize(64))
		for name, o := range map[string]kernels.AttentionOpts{
			"alone": {Scale: 0.125, Mask: kernels.Mask{Causal: true}},
			"rows":  {Scale: 0.125, Mask: kernels.Mask{Causal: true}, Rows: true, Near: 16, Top: 8},
			"all":   {Scale: 0.125, Mask: kernels.Mask{Causal: true}, Rows: true, Near: 16, Top: 8, Keys: true, Blocks: 128},
		} {
			c := Call{inputs: []tensor.Tensor{q, q, q}, run: func(be kernels.Backend, _ kernels.Weight, in []kernels.Array) []kernels.Array {
				out, _ := be.(kernels.FusedAttention).Attention(in[0], in[1], in[2], o)
				return []kernels.Array{out}
			}}
			timed(b, newBackend, fmt.Sprintf("T%d/%s", t, name), 2*12*t*t*64/2, c)
		}
	}
}

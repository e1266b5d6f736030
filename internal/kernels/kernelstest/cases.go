package kernelstest

import (
	"fmt"
	"math"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// Op is an op and the calls that the suite makes of it.
type Op struct {
	Name  string
	Calls []Call
}

// Ops lists every op's calls, the same on every run.
func Ops() []Op {
	return append(append(familyOps(), expertOps()...), []Op{
		{"gather", gatherCalls(newSource(1))},
		{"matmul", matmulCalls(newSource(2))},
		{"norm", normCalls(newSource(3))},
		{"add", addCalls(newSource(4))},
		{"activate", activateCalls(newSource(5))},
		{"scores", scoresCalls(newSource(6))},
		{"scale", scaleCalls(newSource(7))},
		{"mask", maskCalls(newSource(8))},
		{"softmax", softmaxCalls(newSource(9))},
		{"mix", mixCalls(newSource(10))},
		{"headresults", headResultsCalls(newSource(11))},
	}...)
}

// denormal is the smallest float32 above zero.
const denormal = float32(0x1p-149)

// inf and nan are the numbers that are none.
func inf() float32 { return float32(math.Inf(1)) }
func nan() float32 { return float32(math.NaN()) }

// tokens are the sentence lengths that the suite tries: 70 is longer than the
// blocks that backends cut work into.
func tokens() []int { return []int{1, 2, 7, 33, 70} }

// dtypes are the stored types that backends must read.
func dtypes() []tensor.DType { return []tensor.DType{tensor.F32, tensor.F16, tensor.BF16} }

// extremes are finite numbers at the edges of float32.
func extremes() []float32 { return []float32{1e30, -1e30, denormal, -denormal, 1e-40, 0, 1, -3} }

// pos, model, heads and headSize name the axes of inputs.
func pos(n int) tensor.Dim      { return tensor.D(tensor.Pos, n) }
func model(n int) tensor.Dim    { return tensor.D(tensor.DModel, n) }
func heads(n int) tensor.Dim    { return tensor.D(tensor.Head, n) }
func headSize(n int) tensor.Dim { return tensor.D(tensor.DHead, n) }

// eachWeight calls f for every stored type and layout.
func eachWeight(f func(d tensor.DType, l layout)) {
	for _, d := range dtypes() {
		for _, l := range layouts() {
			f(d, l)
		}
	}
}

func gatherCalls(s source) (calls []Call) {
	eachWeight(func(d tensor.DType, l layout) {
		for _, t := range tokens() {
			w := s.weight(d, l, 11, 21)
			ids := make([]int32, t)
			for i := range ids {
				ids[i] = int32(s.IntN(11))
			}
			ids[0] = 10 // the last row ends the bytes
			calls = append(calls, gather(fmt.Sprintf("%s T %d", w.Name, t), w, ids))
		}
	})
	return calls
}

func matmulCalls(s source) (calls []Call) {
	eachWeight(func(d tensor.DType, l layout) {
		for _, t := range tokens() {
			for _, size := range [][2]int{{1, 1}, {3, 5}, {17, 16}, {20, 33}, {67, 70}} {
				w := s.weight(d, l, size[0], size[1])
				name := fmt.Sprintf("%s T %d, %d from %d", w.Name, t, size[0], size[1])
				x := s.normal(pos(t), model(size[1]))
				calls = append(calls,
					matmul(name, x, w, kernels.MatMulOpts{Out: []tensor.Dim{model(size[0])}}),
					matmul(name+" with bias", x, w, kernels.MatMulOpts{Out: []tensor.Dim{model(size[0])}, Bias: s.vector(size[0])}))
			}
		}
	})
	return append(calls, matmulEdges(s)...)
}

func matmulEdges(s source) []Call {
	rows := layouts()[0]
	axes := kernels.MatMulOpts{Out: []tensor.Dim{heads(3), headSize(5)}}
	small := kernels.MatMulOpts{Out: []tensor.Dim{model(6)}}
	poisoned := s.normal(pos(5), model(9))
	poisoned.Data[2*9+4], poisoned.Data[3*9+1] = nan(), inf()
	zeros := tensor.New(pos(2), model(2))
	return []Call{
		matmul("axes that split", s.normal(pos(3), heads(2), headSize(4)), s.weight(tensor.F32, rows, 15, 8), axes),
		matmul("extreme x", s.among(extremes(), pos(5), model(9)), s.weight(tensor.F16, rows, 6, 9), small),
		matmul("extreme weights", s.normal(pos(5), model(9)), weightOf(6, 9, s.among(extremes(), model(54)).Data), small),
		matmul("NaN and Inf in x", poisoned, s.weight(tensor.F32, rows, 6, 9), small),
		matmul("NaN and Inf in the weights", s.normal(pos(5), model(9)), weightOf(5, 9, poisoned.Data), kernels.MatMulOpts{Out: []tensor.Dim{model(5)}}),
		matmul("zero times infinity", zeros, weightOf(1, 2, []float32{inf(), 1}), kernels.MatMulOpts{Out: []tensor.Dim{model(1)}}),
	}
}

func headResultsCalls(s source) (calls []Call) {
	eachWeight(func(d tensor.DType, l layout) {
		for _, t := range tokens() {
			for _, size := range [][4]int{{1, 1, 1, 1}, {3, 3, 4, 5}, {5, 5, 5, 18}, {3, 3, 20, 33}, {6, 2, 5, 9}, {4, 1, 3, 7}} {
				h, shared, dHead, out := size[0], size[1], size[2], size[3]
				w := s.weight(d, l, out, h*dHead)
				name := fmt.Sprintf("%s T %d, heads %d from %d of %d, d_model %d", w.Name, t, h, shared, dHead, out)
				calls = append(calls, headResults(name, s.normal(pos(t), heads(shared), headSize(dHead)), w))
			}
		}
	})
	return append(calls, wideHeadResults(s)...)
}

// wideHeadResults are of heads as wide as models have them, some of whose numbers
// are at the edges of float32.
func wideHeadResults(s source) (calls []Call) {
	for i, size := range [][3]int{{3, 3, 64}, {4, 2, 32}, {2, 1, 96}} {
		h, shared, dHead := size[0], size[1], size[2]
		w := s.weight(dtypes()[i], layouts()[4*(i%2)], 70, h*dHead)
		z := s.normal(pos(67), heads(shared), headSize(dHead))
		calls = append(calls, headResults(fmt.Sprintf("%s, %d heads of %d", w.Name, h, dHead), z, w))
		edges := z.Clone()
		copy(edges.Row(40, 0), extremes())
		edges.Row(3, shared-1)[5], edges.Row(3, shared-1)[31] = nan(), inf()
		calls = append(calls, headResults(fmt.Sprintf("%s, %d heads of %d with extremes", w.Name, h, dHead), edges, w))
	}
	w := weightOf(40, 128, s.among(extremes(), model(40*128)).Data)
	return append(calls, headResults("extreme weights", s.normal(pos(33), heads(2), headSize(64)), w))
}

func normCalls(s source) (calls []Call) {
	for _, t := range tokens() {
		for _, d := range []int{1, 5, 20, 67} {
			x, gain, bias := s.normal(pos(t), model(d)), s.vector(d), s.vector(d)
			name := fmt.Sprintf("T %d, d %d", t, d)
			calls = append(calls,
				norm(name, x, kernels.NormOpts{Gain: gain, Bias: bias, Epsilon: 1e-5}),
				norm(name+", no bias", x, kernels.NormOpts{Gain: gain, Epsilon: 1e-6}),
				norm(name+", neither", x, kernels.NormOpts{Epsilon: 0.5}),
				norm(name+", RMS", x, kernels.NormOpts{Gain: gain, Bias: bias, Epsilon: 1e-6, RMS: true}))
		}
	}
	far := s.normal(pos(3), model(8))
	for i := range far.Data {
		far.Data[i] += 1000
	}
	poisoned := s.normal(pos(4), model(7))
	poisoned.Data[9] = nan()
	plain := kernels.NormOpts{Epsilon: 1e-5}
	return append(calls,
		norm("per head", s.normal(pos(3), heads(2), headSize(5)), plain),
		norm("far from zero", far, plain),
		norm("1e30", s.among([]float32{1e30, -1e30, 3e29}, pos(3), model(8)), plain),
		norm("extremes", s.among(extremes(), pos(9), model(8)), plain),
		norm("constant", s.among([]float32{3}, pos(2), model(8)), plain),
		norm("denormal", s.among([]float32{denormal, 1e-40}, pos(2), model(8)), plain),
		norm("denormal, and a large gain", s.among([]float32{denormal, 3 * denormal, -denormal}, pos(9), model(2)), kernels.NormOpts{Gain: []float32{1e6, -1e9}, Epsilon: 1e-5}),
		norm("NaN in one row", poisoned, plain))
}

func addCalls(s source) (calls []Call) {
	for _, t := range tokens() {
		for _, d := range []int{1, 5, 67} {
			calls = append(calls, add(fmt.Sprintf("T %d, d %d", t, d), s.normal(pos(t), model(d)), s.normal(pos(t), model(d))))
		}
	}
	edge := append(extremes(), inf(), -inf(), nan(), math.MaxFloat32)
	return append(calls,
		add("extremes", s.among(edge, pos(40), model(9)), s.among(edge, pos(40), model(9))),
		add("long", s.normal(pos(300), model(101)), s.normal(pos(300), model(101))))
}

func activateCalls(s source) (calls []Call) {
	for _, f := range []kernels.Activation{kernels.GELUTanh, kernels.GELU, kernels.ReLU, kernels.SiLU} {
		for _, t := range tokens() {
			calls = append(calls, activate(fmt.Sprintf("T %d", t), s.normal(pos(t), tensor.D(tensor.DMLP, 21)), f))
		}
		wide := s.normal(pos(50), tensor.D(tensor.DMLP, 67))
		for i := range wide.Data {
			wide.Data[i] *= 8
		}
		calls = append(calls,
			activate("wide", wide, f),
			activate("extremes", s.among(append(extremes(), nan()), pos(9), model(8)), f))
	}
	return append(calls, activate("infinite", s.among([]float32{inf(), -inf()}, pos(9), model(8)), kernels.ReLU))
}

// grouped calls f for numbers of query heads and of the heads that they share.
func grouped(f func(h, kv int)) {
	for _, pair := range [][2]int{{1, 1}, {3, 3}, {3, 1}, {5, 5}, {6, 2}, {4, 2}} {
		f(pair[0], pair[1])
	}
}

func scoresCalls(s source) (calls []Call) {
	grouped(func(h, kv int) {
		for _, t := range tokens() {
			for _, d := range []int{1, 4, 5, 20} {
				calls = append(calls, scores(fmt.Sprintf("T %d, heads %d/%d of %d", t, h, kv, d),
					s.normal(pos(t), heads(h), headSize(d)), s.normal(pos(t), heads(kv), headSize(d))))
			}
		}
	})
	large := s.normal(pos(6), heads(2), headSize(3))
	for i := range large.Data {
		large.Data[i] *= 1e18
	}
	poisoned := s.normal(pos(6), heads(2), headSize(3))
	poisoned.Data[8], poisoned.Data[20] = nan(), inf()
	return append(calls,
		scores("1e36", large, large),
		scores("NaN and Inf in k", large, poisoned),
		scores("NaN and Inf in q", poisoned, large))
}

func scaleCalls(s source) (calls []Call) {
	for _, t := range tokens() {
		calls = append(calls, scale(fmt.Sprintf("T %d", t), s.normal(heads(3), tensor.D(tensor.QueryPos, t), tensor.D(tensor.KeyPos, t)), 0.176776695))
	}
	edge := append(extremes(), inf(), -inf(), nan())
	for _, factor := range []float32{0, -1, 1e30, denormal} {
		calls = append(calls, scale(fmt.Sprintf("extremes by %v", factor), s.among(edge, pos(40), model(9)), factor))
	}
	return append(calls, scale("long", s.normal(pos(300), model(101)), 3))
}

// grid returns the axes of attention.
func grid(h, t int) []tensor.Dim {
	return []tensor.Dim{heads(h), tensor.D(tensor.QueryPos, t), tensor.D(tensor.KeyPos, t)}
}

// masks are those of real models and their edges.
func masks() []kernels.Mask {
	return []kernels.Mask{
		{},
		{Causal: true},
		{Causal: true, Window: 1},
		{Causal: true, Window: 3},
		{Causal: true, Window: 100},
		{Window: 1},
		{Window: 4},
	}
}

func maskCalls(s source) (calls []Call) {
	for _, m := range masks() {
		name := fmt.Sprintf("causal %v, window %d", m.Causal, m.Window)
		for _, t := range tokens() {
			calls = append(calls, mask(fmt.Sprintf("%s, T %d", name, t), s.normal(grid(3, t)...), m))
		}
		calls = append(calls,
			mask(name+", one head", s.normal(grid(1, 9)[1:]...), m),
			mask(name+", more keys", s.normal(heads(2), tensor.D(tensor.QueryPos, 4), tensor.D(tensor.KeyPos, 7)), m),
			mask(name+", extremes", s.among(append(extremes(), inf(), -inf(), nan()), grid(2, 11)...), m))
	}
	return calls
}

func softmaxCalls(s source) (calls []Call) {
	for _, t := range tokens() {
		for _, h := range []int{1, 3, 5} {
			calls = append(calls, softmax(fmt.Sprintf("T %d, heads %d", t, h), s.normal(grid(h, t)...)))
		}
	}
	for _, m := range masks() {
		calls = append(calls, softmax(fmt.Sprintf("masked, causal %v, window %d", m.Causal, m.Window), masked(s.normal(grid(2, 33)...), m)))
	}
	poisoned := s.normal(grid(1, 7)...)
	poisoned.Data[9], poisoned.Data[23] = nan(), inf()
	behind := masked(s.normal(grid(2, 7)...), kernels.Mask{Causal: true})
	behind.Row(0, 4)[2], behind.Row(1, 3)[1] = nan(), inf()
	steep := s.normal(grid(2, 33)...)
	for i := range steep.Data {
		steep.Data[i] *= 40
	}
	return append(calls,
		softmax("steep", steep),
		softmax("only -Inf", s.among([]float32{-inf()}, grid(2, 5)...)),
		softmax("some rows only -Inf", s.among([]float32{-inf(), -inf(), -inf(), 2}, grid(3, 5)...)),
		softmax("extremes", s.among(extremes(), grid(2, 33)...)),
		softmax("1e30 alike", s.among([]float32{1e30}, grid(2, 7)...)),
		softmax("-1e30 alike", s.among([]float32{-1e30}, grid(2, 7)...)),
		softmax("NaN and Inf poison their rows", poisoned),
		softmax("NaN and Inf poison hidden keys", behind),
		softmax("a vocabulary", s.normal(pos(3), tensor.D(tensor.DVocab, 2661))))
}

// masked returns x with -Inf where the mask does not allow.
func masked(x tensor.Tensor, m kernels.Mask) tensor.Tensor {
	n := x.Shape[len(x.Shape)-1].Size
	for i := range x.Data {
		if !m.Allows(i/n%n, i%n) {
			x.Data[i] = -inf()
		}
	}
	return x
}

func mixCalls(s source) (calls []Call) {
	grouped(func(h, kv int) {
		for _, t := range tokens() {
			for _, d := range []int{1, 4, 5, 67} {
				calls = append(calls, mix(fmt.Sprintf("T %d, heads %d/%d of %d", t, h, kv, d),
					s.normal(grid(h, t)...), s.normal(pos(t), heads(kv), headSize(d))))
			}
		}
	})
	poisoned := s.normal(pos(7), heads(1), headSize(3))
	poisoned.Data[8], poisoned.Data[20] = nan(), inf()
	return append(calls,
		mix("extremes", s.among([]float32{0, 0.5, 1, denormal}, grid(2, 7)...), s.among(extremes(), pos(7), heads(2), headSize(3))),
		mix("NaN and Inf in v", s.among([]float32{0.25, 0.5}, grid(1, 7)...), poisoned))
}

package kernelstest

import (
	"fmt"
	"math"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// The ops that GPT-2 does without and other families need. How far each may lie
// from package ref:
//
//	multiply      0
//	reshape       0
//	rotate        4 u (|x[i]| + |x[j]|) of the pair
//	softcap       8 u min(|x|, limit)
//	clamp         0
//	keybias       0
//	join          0
//	softmaxsink   (n + 9 + 2 |x - max|) u p
//	top           0
func familyOps() []Op {
	return []Op{
		{"blocks", blockCalls(newSource(18))},
		{"multiply", multiplyCalls(newSource(12))},
		{"reshape", reshapeCalls(newSource(17))},
		{"rotate", rotateCalls(newSource(13))},
		{"softcap", softcapCalls(newSource(14))},
		{"clamp", clampCalls(newSource(19))},
		{"keybias", keyBiasCalls(newSource(15))},
		{"join", joinCalls(newSource(20))},
		{"softmaxsink", sinkCalls(newSource(16))},
		{"top", topCalls(newSource(21))},
	}
}

// topCalls are of rows with equal numbers, both zeros, and what is no number.
func topCalls(s source) (calls []Call) {
	few := []float32{0, float32(math.Copysign(0, -1)), 1, 1, 2, -1, denormal, -denormal, inf(), -inf(), nan(), -nan()}
	for _, t := range tokens() {
		for _, d := range []int{1, 5, 33, 300} {
			for _, n := range []int{1, min(2, d), min(7, d)} {
				name := fmt.Sprintf("T %d, %d of %d", t, n, d)
				calls = append(calls, top(name, s.normal(pos(t), model(d)), n), top(name+" with equals", s.among(few, pos(t), heads(1), headSize(d)), n))
			}
		}
	}
	return calls
}

// top is a call of Top.
func top(name string, x tensor.Tensor, n int) Call {
	return Call{
		Name: name, inputs: []tensor.Tensor{x}, allowed: exact,
		run: func(be kernels.Backend, _ kernels.Weight, in []kernels.Array) []kernels.Array {
			values, places := be.Top(in[0], n)
			return []kernels.Array{values, places}
		},
	}
}

func multiplyCalls(s source) (calls []Call) {
	for _, t := range tokens() {
		a, b := s.normal(pos(t), model(21)), s.normal(pos(t), model(21))
		calls = append(calls, Call{
			Name: fmt.Sprintf("T %d", t), inputs: []tensor.Tensor{a, b}, allowed: exact, run: two(kernels.Backend.Multiply),
		})
	}
	return calls
}

func reshapeCalls(s source) (calls []Call) {
	for _, t := range tokens() {
		calls = append(calls, Call{
			Name: fmt.Sprintf("T %d", t), inputs: []tensor.Tensor{s.normal(pos(t), model(15))}, allowed: exact,
			run: one(func(be kernels.Backend, x kernels.Array) kernels.Array {
				return be.Reshape(x, pos(t), heads(3), headSize(5))
			}),
		})
	}
	return calls
}

func rotateCalls(s source) (calls []Call) {
	for _, t := range tokens() {
		for _, size := range [][3]int{{1, 2, 1}, {3, 8, 4}, {2, 9, 3}, {5, 20, 5}} {
			for _, o := range []kernels.RotaryOpts{{}, {Interleaved: true}, {Interleaved: true, Apart: true}, {First: 3}, {First: 2, Interleaved: true, Apart: true}} {
				h, d, pairs := size[0], size[1]+o.First, size[2]
				o.Pairs = pairs
				for _, angle := range s.normal(pos(t), model(pairs)).Data {
					o.Cos = append(o.Cos, float32(math.Cos(7*float64(angle))))
					o.Sin = append(o.Sin, float32(math.Sin(7*float64(angle))))
				}
				name := fmt.Sprintf("T %d, %d heads of %d, %d pairs from %d, interleaved %v, apart %v", t, h, d, pairs, o.First, o.Interleaved, o.Apart)
				calls = append(calls, rotate(name, s.normal(pos(t), heads(h), headSize(d)), o))
			}
		}
	}
	return calls
}

func rotate(name string, x tensor.Tensor, o kernels.RotaryOpts) Call {
	d := x.Shape[2].Size
	return Call{
		Name: name, inputs: []tensor.Tensor{x},
		run: one(func(be kernels.Backend, x kernels.Array) kernels.Array { return be.Rotate(x, o) }),
		allowed: func(_, i int, _ float64) bound {
			for p := range o.Pairs {
				if from, to := o.Pair(p); i%d == to[0] || i%d == to[1] {
					row := x.Data[i/d*d:]
					return relative(4, math.Abs(float64(row[from[0]]))+math.Abs(float64(row[from[1]])))
				}
			}
			return 0 // it does not turn
		},
	}
}

func softcapCalls(s source) (calls []Call) {
	for _, limit := range []float32{.5, 30, 50} {
		for _, x := range []tensor.Tensor{s.normal(heads(3), pos(7), pos(7)), s.among(extremes(), pos(9), model(5))} {
			calls = append(calls, Call{
				Name: fmt.Sprintf("limit %v", limit), inputs: []tensor.Tensor{x},
				run: one(func(be kernels.Backend, x kernels.Array) kernels.Array { return be.Softcap(x, limit) }),
				allowed: func(_, i int, _ float64) bound {
					return relative(8, math.Min(math.Abs(float64(x.Data[i])), float64(limit)))
				},
			})
		}
	}
	return calls
}

func clampCalls(s source) (calls []Call) {
	for _, edge := range [][2]float32{{-1, 1}, {-7, 7}, {-inf(), .5}, {.25, .25}} {
		for _, x := range []tensor.Tensor{s.normal(pos(7), model(33)), s.among(append(extremes(), nan(), inf()), pos(9), model(5))} {
			calls = append(calls, Call{
				Name: fmt.Sprintf("%v to %v", edge[0], edge[1]), inputs: []tensor.Tensor{x}, allowed: exact,
				run: one(func(be kernels.Backend, x kernels.Array) kernels.Array { return be.Clamp(x, edge[0], edge[1]) }),
			})
		}
	}
	return calls
}

func keyBiasCalls(s source) (calls []Call) {
	for _, t := range tokens() {
		x, bias := s.normal(grid(3, t)...), s.vector(3*t)
		calls = append(calls, keyBias(fmt.Sprintf("T %d", t), x, bias))
	}
	return calls
}

func keyBias(name string, x tensor.Tensor, bias []float32) Call {
	return Call{
		Name: name, inputs: []tensor.Tensor{x}, allowed: exact,
		run: one(func(be kernels.Backend, x kernels.Array) kernels.Array { return be.KeyBias(x, bias) }),
	}
}

func joinCalls(s source) (calls []Call) {
	for _, t := range tokens() {
		for _, size := range [][4]int{{1, 1, 1, 1}, {3, 1, 4, 6}, {6, 2, 5, 3}, {4, 4, 7, 1}} {
			h, kv, a, b := size[0], size[1], size[2], size[3]
			x, y := s.normal(pos(t), heads(h), headSize(a)), s.normal(pos(t), heads(kv), headSize(b))
			calls = append(calls, join(fmt.Sprintf("T %d, %d heads of %d with %d of %d", t, h, a, kv, b), x, y))
		}
	}
	return calls
}

func join(name string, x, y tensor.Tensor) Call {
	return Call{Name: name, inputs: []tensor.Tensor{x, y}, allowed: exact, run: two(kernels.Backend.Join)}
}

func sinkCalls(s source) (calls []Call) {
	for _, t := range tokens() {
		x := s.normal(grid(3, t)...)
		for i := range x.Data { // as a causal mask leaves it
			if i%t > i/t%t {
				x.Data[i] = -inf()
			}
		}
		calls = append(calls, softmaxSink(fmt.Sprintf("T %d", t), x, []float32{0, 5, -3}))
	}
	hidden := s.among([]float32{-inf()}, grid(1, 4)...)
	return append(calls, softmaxSink("all hidden", hidden, []float32{2}))
}

func softmaxSink(name string, x tensor.Tensor, sinks []float32) Call {
	t := x.Shape[2].Size
	return Call{
		Name: name, inputs: []tensor.Tensor{x},
		run: func(be kernels.Backend, _ kernels.Weight, in []kernels.Array) []kernels.Array {
			pattern, sink := be.SoftmaxSink(in[0], sinks)
			return []kernels.Array{pattern, sink}
		},
		allowed: func(result, i int, want float64) bound {
			row := i / t
			if result == 1 {
				row = i
			}
			spread := maxAbs(visibleOnly(x.Data[row*t:(row+1)*t])) + math.Abs(float64(sinks[row/t]))
			return bound((float64(t+9)+4*spread)*u*want + tiny)
		},
	}
}

// visibleOnly leaves out what is hidden.
func visibleOnly(x []float32) []float32 {
	var kept []float32
	for _, v := range x {
		if !math.IsInf(float64(v), 0) {
			kept = append(kept, v)
		}
	}
	return kept
}

// sinkFillsUp holds that a row's weights and its sink sum to 1.
func sinkFillsUp(be kernels.Backend) error {
	const t = 7
	pattern, sink := be.SoftmaxSink(be.Put(newSource(28).normal(grid(2, t)...)), []float32{1, -1})
	weights, rest := be.Get(pattern), be.Get(sink)
	if err := be.Err(); err != nil {
		return err
	}
	for r, missing := range rest.Data {
		sum := float64(missing)
		for _, w := range weights.Data[r*t : (r+1)*t] {
			sum += float64(w)
		}
		if math.Abs(sum-1) > 1e-6 {
			return fmt.Errorf("row %d and its sink sum to %v", r, sum)
		}
	}
	return nil
}

// turnsKeepLength holds that rotation changes no pair's length, and that equal
// turns of q and k leave their product alone.
func turnsKeepLength(be kernels.Backend) error {
	const t, d, pairs = 5, 8, 3
	s := newSource(29)
	q, k := s.normal(pos(t), heads(1), headSize(d)), s.normal(pos(t), heads(1), headSize(d))
	o := kernels.RotaryOpts{Pairs: pairs}
	for i := range t * pairs {
		angle := float64(i%pairs+1) * .7 // the same at every position
		o.Cos, o.Sin = append(o.Cos, float32(math.Cos(angle))), append(o.Sin, float32(math.Sin(angle)))
	}
	plain := be.Get(be.Scores(be.Put(q), be.Put(k)))
	turned := be.Get(be.Scores(be.Rotate(be.Put(q), o), be.Rotate(be.Put(k), o)))
	if err := be.Err(); err != nil {
		return err
	}
	for i, want := range plain.Data {
		if math.Abs(float64(want-turned.Data[i])) > 1e-4 {
			return fmt.Errorf("score %d is %v, turned %v", i, want, turned.Data[i])
		}
	}
	return nil
}

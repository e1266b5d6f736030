package kernelstest

import (
	"errors"
	"fmt"
	"math"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// badCall is a use that a backend must refuse without a panic.
type badCall struct {
	name string
	call func(be kernels.Backend) []kernels.Array
}

// check reports whether the call failed as it should.
func (b badCall) check(be kernels.Backend) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it panicked: %v", p)
		}
	}()
	results := b.call(be)
	if be.Err() == nil {
		return errors.New("no error")
	}
	for _, a := range results {
		if err := isEmpty(be, a); err != nil {
			return err
		}
	}
	return nil
}

// isEmpty reports whether an array is what a failed op returns.
func isEmpty(be kernels.Backend, a kernels.Array) error {
	if a == nil {
		return errors.New("the result is nil, not an empty array")
	}
	if n := len(a.Shape()); n != 0 {
		return fmt.Errorf("the result has %d axes", n)
	}
	if t := be.Get(a); t.Shape != nil || t.Data != nil {
		return fmt.Errorf("Get returned %v, not the zero Tensor", t)
	}
	return nil
}

// stranger is an array of no backend.
type stranger struct{}

// Shape returns a shape that any op would like.
func (stranger) Shape() []tensor.Dim { return []tensor.Dim{pos(2), heads(2), headSize(2)} }

// badCalls lists what a backend must refuse.
func badCalls() []badCall {
	list := append(badWeights(), badPuts()...)
	list = append(list, badShapes()...)
	list = append(list, badExperts()...)
	for _, a := range []kernels.Array{nil, stranger{}} {
		for name, call := range eachOp(a) {
			list = append(list, badCall{fmt.Sprintf("%s of %T", name, a), call})
		}
	}
	return list
}

// eachOp calls every op with an array that may not be an array.
func eachOp(a kernels.Array) map[string]func(be kernels.Backend) []kernels.Array {
	w := weightOf(2, 4, make([]float32, 8))
	list := func(a ...kernels.Array) []kernels.Array { return a }
	own := func(be kernels.Backend) kernels.Array {
		return be.Put(tensor.New(pos(2), heads(2), headSize(2)))
	}
	return map[string]func(be kernels.Backend) []kernels.Array{
		"get": func(be kernels.Backend) []kernels.Array {
			be.Get(a)
			return nil
		},
		"matmul": func(be kernels.Backend) []kernels.Array {
			return list(be.MatMul(a, w, kernels.MatMulOpts{Out: []tensor.Dim{model(2)}}))
		},
		"norm": func(be kernels.Backend) []kernels.Array {
			n, s := be.Norm(a, kernels.NormOpts{})
			return list(n, s)
		},
		"add":         func(be kernels.Backend) []kernels.Array { return list(be.Add(a, a)) },
		"add second":  func(be kernels.Backend) []kernels.Array { return list(be.Add(own(be), a)) },
		"activate":    func(be kernels.Backend) []kernels.Array { return list(be.Activate(a, kernels.ReLU)) },
		"join":        func(be kernels.Backend) []kernels.Array { return list(be.Join(a, own(be))) },
		"join second": func(be kernels.Backend) []kernels.Array { return list(be.Join(own(be), a)) },
		"keybias":     func(be kernels.Backend) []kernels.Array { return list(be.KeyBias(a, make([]float32, 4))) },
		"rows":        func(be kernels.Backend) []kernels.Array { return list(be.Rows(a, []int{0})) },
		"addrows": func(be kernels.Backend) []kernels.Array {
			return list(be.AddRows(a, own(be), []int{0, 1}, make([]float32, 2)))
		},
		"addrows second": func(be kernels.Backend) []kernels.Array {
			return list(be.AddRows(own(be), a, []int{0, 1}, make([]float32, 2)))
		},
		"route":         func(be kernels.Backend) []kernels.Array { return list(be.Route(a, kernels.RouteOpts{Used: 1})) },
		"scores":        func(be kernels.Backend) []kernels.Array { return list(be.Scores(a, a)) },
		"scores second": func(be kernels.Backend) []kernels.Array { return list(be.Scores(own(be), a)) },
		"scale":         func(be kernels.Backend) []kernels.Array { return list(be.Scale(a, 1)) },
		"mask":          func(be kernels.Backend) []kernels.Array { return list(be.Mask(a, kernels.Mask{})) },
		"softmax":       func(be kernels.Backend) []kernels.Array { return list(be.Softmax(a)) },
		"top": func(be kernels.Backend) []kernels.Array {
			values, places := be.Top(a, 1)
			return list(values, places)
		},
		"mix":         func(be kernels.Backend) []kernels.Array { return list(be.Mix(a, own(be))) },
		"mix second":  func(be kernels.Backend) []kernels.Array { return list(be.Mix(own(be), a)) },
		"headresults": func(be kernels.Backend) []kernels.Array { return list(be.HeadResults(a, w)) },
	}
}

// badPuts are tensors that do not fit their shapes.
func badPuts() []badCall {
	put := func(name string, t tensor.Tensor) badCall {
		return badCall{"put " + name, func(be kernels.Backend) []kernels.Array { return []kernels.Array{be.Put(t)} }}
	}
	huge := math.MaxInt/2 + 1
	return []badCall{
		put("nothing", tensor.Tensor{}),
		put("a number without axes", tensor.Tensor{Data: []float32{1}}),
		put("an empty axis", tensor.New(pos(0), model(3))),
		put("a negative axis", tensor.Tensor{Shape: []tensor.Dim{pos(-1), model(-1)}, Data: []float32{1}}),
		put("too few numbers", tensor.Tensor{Shape: []tensor.Dim{pos(3)}, Data: []float32{1, 2}}),
		put("too many numbers", tensor.Tensor{Shape: []tensor.Dim{pos(1)}, Data: []float32{1, 2}}),
		put("sizes whose product overflows to 0", tensor.Tensor{Shape: []tensor.Dim{pos(huge), model(4)}}),
	}
}

// badWeights are matrices that do not fit their bytes, in each op that reads
// one.
func badWeights() (list []badCall) {
	good := weightOf(3, 4, make([]float32, 12))
	change := func(f func(w *kernels.Weight)) kernels.Weight {
		w := good
		f(&w)
		return w
	}
	for name, w := range map[string]kernels.Weight{
		"zero":              {},
		"unknown dtype":     change(func(w *kernels.Weight) { w.Type = 99 }),
		"no bytes":          change(func(w *kernels.Weight) { w.Bytes = nil }),
		"one and no bytes":  {Name: "one", Type: tensor.F32, Shape: [2]int{1, 1}, Stride: [2]int{2, 2}},
		"a byte short":      change(func(w *kernels.Weight) { w.Bytes = w.Bytes[:47] }),
		"scales of floats":  change(func(w *kernels.Weight) { w.Scales = make([]byte, 12) }),
		"a scale short":     {Name: "apart", Type: tensor.MXFP4, Shape: [2]int{2, 32}, Stride: [2]int{32, 1}, Bytes: make([]byte, 32), Scales: []byte{1}},
		"scales, no type":   {Name: "none", Shape: [2]int{1, 1}, Stride: [2]int{1, 1}, Bytes: make([]byte, 4), Scales: []byte{1}},
		"no outputs":        change(func(w *kernels.Weight) { w.Shape[0] = 0 }),
		"negative shape":    change(func(w *kernels.Weight) { w.Shape = [2]int{-3, -4} }),
		"zero stride":       change(func(w *kernels.Weight) { w.Stride[1] = 0 }),
		"negative stride":   change(func(w *kernels.Weight) { w.Stride[0] = -4 }),
		"stride too long":   change(func(w *kernels.Weight) { w.Stride[0] = 5 }),
		"stride overflows":  change(func(w *kernels.Weight) { w.Stride = [2]int{math.MaxInt, math.MaxInt} }),
		"outputs overflow":  change(func(w *kernels.Weight) { w.Shape[0] = math.MaxInt }),
		"order too short":   change(func(w *kernels.Weight) { w.Order = []int32{0, 1} }),
		"an empty order":    change(func(w *kernels.Weight) { w.Order = []int32{} }),
		"order beyond":      change(func(w *kernels.Weight) { w.Order = []int32{0, 3, 1} }),
		"negative order":    change(func(w *kernels.Weight) { w.Order = []int32{0, -1, 1} }),
		"order of columns":  change(func(w *kernels.Weight) { w.Stride, w.Order = [2]int{1, 3}, []int32{2, 1, 0} }),
		"offset wraps to 0": change(func(w *kernels.Weight) { w.Shape[0], w.Stride[0] = 5, math.MaxInt/2+1 }),
	} {
		list = append(list,
			badCall{"gather from weight: " + name, func(be kernels.Backend) []kernels.Array {
				return []kernels.Array{be.Gather(w, []int32{0})}
			}},
			badCall{"matmul with weight: " + name, func(be kernels.Backend) []kernels.Array {
				x := be.Put(tensor.New(pos(2), model(max(1, w.Shape[1]))))
				return []kernels.Array{be.MatMul(x, w, kernels.MatMulOpts{Out: []tensor.Dim{model(w.Shape[0])}})}
			}},
			badCall{"headresults with weight: " + name, func(be kernels.Backend) []kernels.Array {
				z := be.Put(tensor.New(pos(2), heads(1), headSize(max(1, w.Shape[1]))))
				return []kernels.Array{be.HeadResults(z, w)}
			}})
	}
	return list
}

// badShapes are arguments that do not fit one another.
func badShapes() []badCall {
	w := weightOf(3, 4, make([]float32, 12))
	out := kernels.MatMulOpts{Out: []tensor.Dim{model(3)}}
	bad := func(name string, f func(be kernels.Backend, put func(...tensor.Dim) kernels.Array) kernels.Array) badCall {
		return badCall{name, func(be kernels.Backend) []kernels.Array {
			return []kernels.Array{f(be, func(shape ...tensor.Dim) kernels.Array { return be.Put(tensor.New(shape...)) })}
		}}
	}
	type put = func(...tensor.Dim) kernels.Array
	list := []badCall{
		bad("matmul: x too wide", func(be kernels.Backend, p put) kernels.Array { return be.MatMul(p(pos(2), model(5)), w, out) }),
		bad("matmul: x has one axis", func(be kernels.Backend, p put) kernels.Array { return be.MatMul(p(pos(2)), w, out) }),
		bad("matmul: no output axes", func(be kernels.Backend, p put) kernels.Array {
			return be.MatMul(p(pos(2), model(4)), w, kernels.MatMulOpts{})
		}),
		bad("matmul: output axes too small", func(be kernels.Backend, p put) kernels.Array {
			return be.MatMul(p(pos(2), model(4)), w, kernels.MatMulOpts{Out: []tensor.Dim{model(2)}})
		}),
		bad("matmul: negative output axes", func(be kernels.Backend, p put) kernels.Array {
			return be.MatMul(p(pos(2), model(4)), w, kernels.MatMulOpts{Out: []tensor.Dim{heads(-1), headSize(-3)}})
		}),
		bad("matmul: short bias", func(be kernels.Backend, p put) kernels.Array {
			return be.MatMul(p(pos(2), model(4)), w, kernels.MatMulOpts{Out: out.Out, Bias: []float32{1, 2}})
		}),
		bad("headresults: two axes", func(be kernels.Backend, p put) kernels.Array { return be.HeadResults(p(pos(2), model(4)), w) }),
		bad("headresults: z too wide", func(be kernels.Backend, p put) kernels.Array {
			return be.HeadResults(p(pos(2), heads(3), headSize(2)), w)
		}),
		bad("add: sizes differ", func(be kernels.Backend, p put) kernels.Array { return be.Add(p(pos(2)), p(pos(3))) }),
		bad("add: axes differ", func(be kernels.Backend, p put) kernels.Array { return be.Add(p(pos(2)), p(model(2))) }),
		bad("activate: unknown", func(be kernels.Backend, p put) kernels.Array { return be.Activate(p(pos(2)), "swish") }),
		bad("mask: one axis", func(be kernels.Backend, p put) kernels.Array { return be.Mask(p(pos(2)), kernels.Mask{}) }),
		bad("mask: negative window", func(be kernels.Backend, p put) kernels.Array {
			return be.Mask(p(grid(1, 2)...), kernels.Mask{Window: -1})
		}),
		bad("norm: short gain", func(be kernels.Backend, p put) kernels.Array {
			n, _ := be.Norm(p(pos(2), model(3)), kernels.NormOpts{Gain: []float32{1}})
			return n
		}),
		bad("norm: long bias", func(be kernels.Backend, p put) kernels.Array {
			_, s := be.Norm(p(pos(2), model(3)), kernels.NormOpts{Bias: make([]float32, 4)})
			return s
		}),
		bad("join: positions differ", func(be kernels.Backend, p put) kernels.Array {
			return be.Join(p(pos(2), heads(2), headSize(3)), p(pos(3), heads(1), headSize(3)))
		}),
		bad("join: heads do not share", func(be kernels.Backend, p put) kernels.Array {
			return be.Join(p(pos(2), heads(3), headSize(3)), p(pos(2), heads(2), headSize(3)))
		}),
		bad("join: two axes", func(be kernels.Backend, p put) kernels.Array {
			return be.Join(p(pos(2), model(3)), p(pos(2), model(3)))
		}),
		bad("keybias: a number too few", func(be kernels.Backend, p put) kernels.Array { return be.KeyBias(p(grid(2, 3)...), make([]float32, 5)) }),
		bad("rotate: past the end", func(be kernels.Backend, p put) kernels.Array {
			return be.Rotate(p(pos(1), heads(1), headSize(4)), kernels.RotaryOpts{First: 3, Pairs: 1, Cos: []float32{1}, Sin: []float32{0}})
		}),
		bad("rotate: before the first", func(be kernels.Backend, p put) kernels.Array {
			return be.Rotate(p(pos(1), heads(1), headSize(4)), kernels.RotaryOpts{First: -1, Pairs: 1, Cos: []float32{1}, Sin: []float32{0}})
		}),
		bad("top: none", func(be kernels.Backend, p put) kernels.Array {
			values, _ := be.Top(p(pos(2), model(3)), 0)
			return values
		}),
		bad("top: more than there are", func(be kernels.Backend, p put) kernels.Array {
			_, places := be.Top(p(pos(2), model(3)), 4)
			return places
		}),
		bad("gather: no ids", func(be kernels.Backend, _ put) kernels.Array { return be.Gather(w, nil) }),
	}
	for _, id := range []int32{-1, 3, math.MaxInt32, math.MinInt32} {
		list = append(list, bad(fmt.Sprintf("gather: id %d", id), func(be kernels.Backend, _ put) kernels.Array {
			return be.Gather(w, []int32{0, id})
		}))
	}
	return append(list, badAttention()...)
}

// badAttention are shapes that Scores and Mix must refuse.
func badAttention() (list []badCall) {
	three := func(axes [3]int) tensor.Tensor { return tensor.New(pos(axes[0]), heads(axes[1]), headSize(axes[2])) }
	for _, pair := range [][2][3]int{
		{{3, 2, 4}, {2, 2, 4}}, {{3, 2, 4}, {3, 2, 5}}, {{3, 3, 4}, {3, 2, 4}}, {{3, 2, 4}, {3, 4, 4}},
	} {
		list = append(list, badCall{fmt.Sprintf("scores of %v", pair), func(be kernels.Backend) []kernels.Array {
			return []kernels.Array{be.Scores(be.Put(three(pair[0])), be.Put(three(pair[1])))}
		}})
	}
	for _, pair := range [][2][3]int{
		{{2, 3, 3}, {4, 2, 5}}, {{2, 3, 4}, {3, 2, 5}}, {{3, 3, 3}, {3, 2, 5}}, {{2, 3, 3}, {3, 4, 5}},
	} {
		list = append(list, badCall{fmt.Sprintf("mix of %v", pair), func(be kernels.Backend) []kernels.Array {
			return []kernels.Array{be.Mix(be.Put(three(pair[0])), be.Put(three(pair[1])))}
		}})
	}
	flat := tensor.New(pos(3), model(4))
	return append(list,
		badCall{"scores of two axes", func(be kernels.Backend) []kernels.Array {
			return []kernels.Array{be.Scores(be.Put(flat), be.Put(flat))}
		}},
		badCall{"mix of two axes", func(be kernels.Backend) []kernels.Array {
			return []kernels.Array{be.Mix(be.Put(flat), be.Put(flat))}
		}},
		badCall{"scores too large to hold", func(be kernels.Backend) []kernels.Array {
			long := be.Put(tensor.New(pos(1<<17), heads(1), headSize(1)))
			return []kernels.Array{be.Scores(long, long)}
		}})
}

// firstErrorStays holds that ops after an error do nothing and do not replace
// it.
func firstErrorStays(be kernels.Backend) error {
	a := be.Put(tensor.New(pos(2), model(3)))
	be.Activate(a, "no such activation")
	first := be.Err()
	if first == nil {
		return errors.New("no error")
	}
	for _, result := range []kernels.Array{be.Add(a, a), be.Softmax(a), be.Put(tensor.New(pos(1))), be.Add(a, nil)} {
		if err := isEmpty(be, result); err != nil {
			return err
		}
	}
	if t := be.Get(a); t.Shape != nil || t.Data != nil {
		return fmt.Errorf("Get of an earlier array returned %v", t)
	}
	if err := be.Err(); !errors.Is(err, first) {
		return fmt.Errorf("the error became %w", err)
	}
	return nil
}

// closedBackendFails holds that a closed backend refuses work, and may be
// closed again.
func closedBackendFails(be kernels.Backend) error {
	a := be.Put(tensor.New(pos(200), model(300)))
	be.Add(a, a)
	if err := errors.Join(be.Err(), be.Close(), be.Close()); err != nil {
		return err
	}
	if err := isEmpty(be, be.Add(a, a)); err != nil {
		return err
	}
	if be.Err() == nil {
		return errors.New("an op after Close did not fail")
	}
	return nil
}

package kernelstest

import (
	"math"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// one is an op of one input and one result.
func one(f func(be kernels.Backend, x kernels.Array) kernels.Array) func(kernels.Backend, kernels.Weight, []kernels.Array) []kernels.Array {
	return func(be kernels.Backend, _ kernels.Weight, in []kernels.Array) []kernels.Array {
		return []kernels.Array{f(be, in[0])}
	}
}

// two is an op of two inputs and one result.
func two(f func(be kernels.Backend, x, y kernels.Array) kernels.Array) func(kernels.Backend, kernels.Weight, []kernels.Array) []kernels.Array {
	return func(be kernels.Backend, _ kernels.Weight, in []kernels.Array) []kernels.Array {
		return []kernels.Array{f(be, in[0], in[1])}
	}
}

// gather is a call of Gather.
func gather(name string, w kernels.Weight, ids []int32) Call {
	return Call{
		Name: name, weight: w, allowed: exact,
		run: func(be kernels.Backend, w kernels.Weight, _ []kernels.Array) []kernels.Array {
			return []kernels.Array{be.Gather(w, ids)}
		},
	}
}

// matmul is a call of MatMul.
func matmul(name string, x tensor.Tensor, w kernels.Weight, o kernels.MatMulOpts) Call {
	out, in := w.Shape[0], w.Shape[1]
	return Call{
		Name: name, inputs: []tensor.Tensor{x}, weight: w,
		run: func(be kernels.Backend, w kernels.Weight, a []kernels.Array) []kernels.Array {
			return []kernels.Array{be.MatMul(a[0], w, o)}
		},
		allowed: func(_, i int, _ float64) bound {
			sum := sumOfProducts(in, func(k int) (float32, float32) { return x.Data[i/out*in+k], at(w, i%out, k) })
			if o.Bias != nil {
				sum += math.Abs(float64(o.Bias[i%out]))
			}
			return relative(in+3, sum)
		},
	}
}

// headResults is a call of HeadResults.
func headResults(name string, z tensor.Tensor, w kernels.Weight) Call {
	shared, d, out := z.Shape[1].Size, z.Shape[2].Size, w.Shape[0]
	heads := w.Shape[1] / d
	return Call{
		Name: name, inputs: []tensor.Tensor{z}, weight: w,
		run: func(be kernels.Backend, w kernels.Weight, a []kernels.Array) []kernels.Array {
			return []kernels.Array{be.HeadResults(a[0], w)}
		},
		allowed: func(_, i int, _ float64) bound {
			th, o := i/out, i%out
			t, h := th/heads, th%heads
			return relative(d+3, sumOfProducts(d, func(k int) (float32, float32) {
				return z.Data[(t*shared+h/(heads/shared))*d+k], at(w, o, h*d+k)
			}))
		},
	}
}

// norm is a call of Norm.
func norm(name string, x tensor.Tensor, o kernels.NormOpts) Call {
	d := x.Shape[len(x.Shape)-1].Size
	c := Call{
		Name: name, inputs: []tensor.Tensor{x},
		run: func(be kernels.Backend, _ kernels.Weight, in []kernels.Array) []kernels.Array {
			n, s := be.Norm(in[0], o)
			return []kernels.Array{n, s}
		},
	}
	c.allowed = func(result, i int, want float64) bound {
		if result == 1 {
			return relative(d+8, want+maxAbs(x.Data[i*d:(i+1)*d]))
		}
		row := x.Data[i/d*d : (i/d+1)*d]
		gain, bias := 1.0, 0.0
		if o.Gain != nil {
			gain = math.Abs(float64(o.Gain[i%d]))
		}
		if o.Bias != nil {
			bias = math.Abs(float64(o.Bias[i%d]))
		}
		return relative(d+8, gain*(maxAbs(row)/scaleOf(row, o)+tiny)+math.Abs(want)+2*bias)
	}
	return c
}

// scaleOf is the standard deviation, or with RMS the root mean square, that Norm
// divides a row by.
func scaleOf(row []float32, o kernels.NormOpts) float64 {
	mean, variance := 0.0, 0.0
	for _, v := range row {
		mean += float64(v) / float64(len(row))
	}
	if o.RMS {
		mean = 0
	}
	for _, v := range row {
		variance += (float64(v) - mean) * (float64(v) - mean) / float64(len(row))
	}
	return math.Sqrt(variance + float64(o.Epsilon))
}

// add is a call of Add.
func add(name string, a, b tensor.Tensor) Call {
	return Call{
		Name: name, inputs: []tensor.Tensor{a, b}, allowed: exact,
		run: two(kernels.Backend.Add),
	}
}

// activate is a call of Activate.
func activate(name string, x tensor.Tensor, f kernels.Activation) Call {
	return Call{
		Name: name + " " + string(f), inputs: []tensor.Tensor{x},
		run:     one(func(be kernels.Backend, x kernels.Array) kernels.Array { return be.Activate(x, f) }),
		allowed: func(_, i int, _ float64) bound { return relative(8, math.Min(math.Abs(float64(x.Data[i])), 1e37)) },
	}
}

// scores is a call of Scores.
func scores(name string, q, k tensor.Tensor) Call {
	t, heads, d, kv := q.Shape[0].Size, q.Shape[1].Size, q.Shape[2].Size, k.Shape[1].Size
	return Call{
		Name: name, inputs: []tensor.Tensor{q, k},
		run: two(kernels.Backend.Scores),
		allowed: func(_, at int, _ float64) bound {
			h, i, j := at/t/t, at/t%t, at%t
			return relative(d+3, sumOfProducts(d, func(e int) (float32, float32) {
				return q.Data[(i*heads+h)*d+e], k.Data[(j*kv+h/(heads/kv))*d+e]
			}))
		},
	}
}

// scale is a call of Scale.
func scale(name string, x tensor.Tensor, factor float32) Call {
	return Call{
		Name: name, inputs: []tensor.Tensor{x}, allowed: exact,
		run: one(func(be kernels.Backend, x kernels.Array) kernels.Array { return be.Scale(x, factor) }),
	}
}

// mask is a call of Mask.
func mask(name string, x tensor.Tensor, m kernels.Mask) Call {
	return Call{
		Name: name, inputs: []tensor.Tensor{x}, allowed: exact,
		run: one(func(be kernels.Backend, x kernels.Array) kernels.Array { return be.Mask(x, m) }),
	}
}

// softmax is a call of Softmax.
func softmax(name string, x tensor.Tensor) Call {
	n := x.Shape[len(x.Shape)-1].Size
	return Call{
		Name: name, inputs: []tensor.Tensor{x},
		run: one(kernels.Backend.Softmax),
		allowed: func(_, i int, want float64) bound {
			top := math.Inf(-1)
			for _, v := range x.Data[i/n*n : (i/n+1)*n] {
				top = math.Max(top, float64(v))
			}
			if math.IsInf(float64(x.Data[i]), -1) { // hidden: exactly 0
				return 0
			}
			if want == 0 { // far below the top
				return tiny
			}
			return bound((float64(n+8)+2*math.Abs(float64(x.Data[i])-top))*u*want + tiny)
		},
	}
}

// mix is a call of Mix.
func mix(name string, pattern, v tensor.Tensor) Call {
	heads, t, d, kv := pattern.Shape[0].Size, pattern.Shape[1].Size, v.Shape[2].Size, v.Shape[1].Size
	return Call{
		Name: name, inputs: []tensor.Tensor{pattern, v},
		run: two(kernels.Backend.Mix),
		allowed: func(_, at int, _ float64) bound {
			i, h, e := at/d/heads, at/d%heads, at%d
			return relative(t+3, sumOfProducts(t, func(j int) (float32, float32) {
				return pattern.Data[(h*t+i)*t+j], v.Data[(j*kv+h/(heads/kv))*d+e]
			}))
		},
	}
}

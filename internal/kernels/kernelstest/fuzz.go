package kernelstest

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// FuzzWeights compares a backend with package ref on the ops that read a
// weight: any shape, stride, stored type, address and bits.
func FuzzWeights(f *testing.F, newBackend func() kernels.Backend) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		b := &reader{data: data}
		w := b.weight()
		calls := []Call{
			matmul("matmul", b.tensor(pos(b.upTo(70)), model(w.Shape[1])), w, b.matmulOpts(w.Shape[0])),
			gather("gather", w, []int32{int32(b.upTo(w.Shape[0]) - 1), 0}),
		}
		if h := b.upTo(6); w.Shape[1]%h == 0 {
			z := b.tensor(pos(b.upTo(70)), heads(h), headSize(w.Shape[1]/h))
			calls = append(calls, headResults("headresults", z, w))
		}
		compareAll(t, newBackend, calls)
	})
}

// FuzzAttention compares a backend with package ref on attention's own ops:
// any shape, group of heads, mask and bits.
func FuzzAttention(f *testing.F, newBackend func() kernels.Backend) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		b := &reader{data: data}
		n, kv, d := b.upTo(70), b.upTo(3), b.upTo(70)
		h := kv * b.upTo(3)
		m := kernels.Mask{Causal: b.upTo(2) == 1, Window: b.upTo(n+2) - 1}
		k := b.tensor(pos(n), heads(kv), headSize(d))
		grid := b.tensor(grid(h, n)...)
		compareAll(t, newBackend, []Call{
			scores("scores", b.tensor(pos(n), heads(h), headSize(d)), k),
			scale("scale", grid, b.number()),
			mask("mask", grid, m),
			softmax("softmax", masked(grid.Clone(), m)),
			mix("mix", grid, k),
			join("join", b.tensor(pos(n), heads(h), headSize(b.upTo(20))), k),
			keyBias("keybias", grid, b.tensor(heads(h), pos(n)).Data),
		})
	})
}

// FuzzRotate compares a backend with package ref on rotation: any part of a head,
// paired and written in any way, by any angles.
func FuzzRotate(f *testing.F, newBackend func() kernels.Backend) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		b := &reader{data: data}
		n, h := b.upTo(40), b.upTo(5)
		o := kernels.RotaryOpts{First: b.upTo(8) - 1, Pairs: b.upTo(20), Interleaved: b.upTo(2) == 1, Apart: b.upTo(2) == 1}
		for range n * o.Pairs {
			angle := float64(b.byte()) / 40
			o.Cos, o.Sin = append(o.Cos, float32(math.Cos(angle))), append(o.Sin, float32(math.Sin(angle)))
		}
		x := b.tensor(pos(n), heads(h), headSize(o.First+2*o.Pairs+b.upTo(3)-1))
		compareAll(t, newBackend, []Call{rotate("rotate", x, o)})
	})
}

// FuzzFused compares a backend with package ref on fused attention: any shape,
// group of heads, mask and options, and numbers of ordinary size, for which the
// bounds say something.
func FuzzFused(f *testing.F, newBackend func() kernels.Backend) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		b := &reader{data: data}
		n, kv, d, wide := b.upTo(140), b.upTo(3), b.upTo(70), b.upTo(70)
		h := kv * b.upTo(3)
		o := everythingOf(n, kernels.Mask{Causal: b.upTo(2) == 1, Window: b.upTo(n+2) - 1}, d)
		o.Near, o.Top, o.Blocks, o.Scale = b.upTo(n), b.upTo(8), b.upTo(n), b.ordinary()
		if b.upTo(2) == 1 {
			o.Softcap = float32(b.upTo(50))
		}
		if b.upTo(2) == 1 {
			o.Sinks = b.ordinaries(heads(h)).Data
		}
		if b.upTo(2) == 1 {
			o.Slopes = b.ordinaries(heads(h)).Data
		}
		compareAll(t, newBackend, []Call{fused("fused", b.ordinaries(pos(n), heads(h), headSize(d)),
			b.ordinaries(pos(n), heads(kv), headSize(d)), b.ordinaries(pos(n), heads(kv), headSize(wide)), o)})
	})
}

// FuzzCross is FuzzFused between two texts.
func FuzzCross(f *testing.F, newBackend func() kernels.Backend) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		b := &reader{data: data}
		queries, keys, kv, d, wide := b.upTo(140), b.upTo(140), b.upTo(3), b.upTo(70), b.upTo(70)
		h := kv * b.upTo(3)
		o := everythingBetween(queries, keys, kernels.Mask{}, d)
		o.Near, o.Top, o.Blocks, o.Scale = b.upTo(keys), b.upTo(8), b.upTo(keys), b.ordinary()
		if b.upTo(2) == 1 {
			o.Sinks = b.ordinaries(heads(h)).Data
		}
		if b.upTo(2) == 1 {
			o.Slopes = b.ordinaries(heads(h)).Data
		}
		compareAll(t, newBackend, []Call{fused("cross", b.ordinaries(pos(queries), heads(h), headSize(d)),
			b.ordinaries(pos(keys), heads(kv), headSize(d)), b.ordinaries(pos(keys), heads(kv), headSize(wide)), o)})
	})
}

// ordinary returns a number from -4 to 4.
func (b *reader) ordinary() float32 { return float32(int8(b.byte())) / 32 }

func (b *reader) ordinaries(shape ...tensor.Dim) tensor.Tensor {
	t := tensor.New(shape...)
	for i := range t.Data {
		t.Data[i] = b.ordinary()
	}
	return t
}

// FuzzRows compares a backend with package ref on the ops that take rows or
// single numbers: any shape and bits.
func FuzzRows(f *testing.F, newBackend func() kernels.Backend) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		b := &reader{data: data}
		n, d := b.upTo(70), b.upTo(200)
		x, y := b.tensor(pos(n), model(d)), b.tensor(pos(n), model(d))
		o := kernels.NormOpts{Epsilon: 1e-5, Gain: b.tensor(model(d)).Data}
		rows, factors := make([]int, n), b.tensor(pos(n)).Data
		for i := range rows {
			rows[i] = n - 1 - i
		}
		calls := []Call{
			add("add", x, y), norm("norm", finite(x), o), softmax("softmax", x), top("top", x, b.upTo(d)),
			addRows("addrows", x, y, rows, factors), route("route", x, b.routeOpts(d)),
		}
		for _, f := range []kernels.Activation{kernels.GELUTanh, kernels.GELU, kernels.ReLU, kernels.SiLU} {
			calls = append(calls, activate("activate", finite(x), f))
		}
		compareAll(t, newBackend, calls)
	})
}

// compareAll runs calls on one backend.
func compareAll(t *testing.T, newBackend func() kernels.Backend, calls []Call) {
	t.Helper()
	be := newBackend()
	defer func() { _ = be.Close() }()
	for _, c := range calls {
		if err := c.Compare(be); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}

// seed adds inputs of several lengths that reach every branch above.
func seed(f *testing.F) {
	f.Helper()
	s := newSource(30)
	for n := range 40 {
		data := make([]byte, n*n)
		for i := range data {
			data[i] = byte(s.IntN(256))
		}
		f.Add(data)
	}
}

// reader makes arguments of a fuzzer's bytes, which it reads round and round.
type reader struct {
	data []byte
	next int
}

// byte returns the next byte.
func (b *reader) byte() byte {
	if len(b.data) == 0 {
		return 0
	}
	b.next++
	return b.data[(b.next-1)%len(b.data)]
}

// upTo returns a number from 1 to n.
func (b *reader) upTo(n int) int { return 1 + int(b.byte())%n }

// number returns any float32 below 2^49 in magnitude, or one that is infinite
// or NaN: sums of finite products stay finite, and so defined.
func (b *reader) number() float32 {
	bits := uint32(b.byte()) | uint32(b.byte())<<8 | uint32(b.byte())<<16 | uint32(b.byte())<<24
	if exponent := bits >> 23 & 0xff; exponent != 0xff && exponent > 175 {
		bits -= 80 << 23
	}
	return math.Float32frombits(bits)
}

// tensor returns a tensor of any numbers.
func (b *reader) tensor(shape ...tensor.Dim) tensor.Tensor {
	t := tensor.New(shape...)
	for i := range t.Data {
		t.Data[i] = b.number()
	}
	return t
}

// weight returns a matrix of any kind.
func (b *reader) weight() kernels.Weight {
	w := kernels.Weight{
		Name:   "fuzzed",
		Type:   dtypes()[b.upTo(3)-1],
		Shape:  [2]int{b.upTo(70), b.upTo(100)},
		Stride: [2]int{b.upTo(120), b.upTo(120)},
	}
	if side := b.upTo(4); side <= 2 { // what real files have
		w.Stride[side-1] = 1
	}
	last := w.Shape[0] - 1
	if w.Stride[1] == 1 && b.upTo(3) == 1 { // in another order
		for range w.Shape[0] {
			w.Order = append(w.Order, int32(b.upTo(90)-1))
		}
		last = int(slices.Max(w.Order))
	}
	n := last*w.Stride[0] + (w.Shape[1]-1)*w.Stride[1] + 1
	w.Bytes = make([]byte, b.upTo(8))
	for range n {
		w.Bytes = b.stored(w.Bytes, w.Type)
	}
	w.Bytes = w.Bytes[len(w.Bytes)-w.Type.Bytes(n):]
	return w
}

// stored appends a number as a file holds it.
func (b *reader) stored(to []byte, d tensor.DType) []byte {
	switch d {
	case tensor.F32:
		return binary.LittleEndian.AppendUint32(to, math.Float32bits(b.number()))
	case tensor.BF16:
		return binary.LittleEndian.AppendUint16(to, uint16(math.Float32bits(b.number())>>16))
	}
	return append(to, b.byte(), b.byte())
}

// matmulOpts returns options for so many outputs.
func (b *reader) matmulOpts(out int) kernels.MatMulOpts {
	o := kernels.MatMulOpts{Out: []tensor.Dim{model(out)}}
	if b.upTo(2) == 1 {
		o.Bias = b.tensor(model(out)).Data
	}
	return o
}

// routeOpts returns a choice among so many experts.
func (b *reader) routeOpts(experts int) kernels.RouteOpts {
	o := kernels.RouteOpts{Used: b.upTo(experts), Sigmoid: b.upTo(2) == 1, Anew: b.upTo(2) == 1, Scale: b.ordinary()}
	if b.upTo(2) == 1 {
		o.Correction = b.tensor(model(experts)).Data
	}
	if groups := b.upTo(8); experts%groups == 0 {
		size := experts / groups
		o.Groups, o.GroupsUsed, o.GroupBest = groups, (o.Used+size-1)/size, b.upTo(size)
	}
	return o
}

// finite returns x with 1 in place of what is infinite.
func finite(x tensor.Tensor) tensor.Tensor {
	x = x.Clone()
	for i, v := range x.Data {
		if math.IsInf(float64(v), 0) {
			x.Data[i] = 1
		}
	}
	return x
}

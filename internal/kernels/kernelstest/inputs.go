package kernelstest

import (
	"encoding/binary"
	"math"
	"slices"

	"attn/internal/kernels"
	"attn/internal/kernels/samples"
	"attn/internal/tensor"
)

// source makes the same inputs on every run.
type source struct{ samples.Source }

// newSource returns the source of one op's inputs.
func newSource(seed uint64) source { return source{samples.New(seed, 1)} }

// normal returns a tensor of standard normal numbers.
func (s source) normal(shape ...tensor.Dim) tensor.Tensor { return s.Normal(shape...) }

// among returns a tensor of numbers picked from values.
func (s source) among(values []float32, shape ...tensor.Dim) tensor.Tensor {
	t := tensor.New(shape...)
	for i := range t.Data {
		t.Data[i] = values[s.IntN(len(values))]
	}
	return t
}

// vector returns n standard normal numbers.
func (s source) vector(n int) []float32 { return s.normal(tensor.D(tensor.DModel, n)).Data }

// layout is how a weight lies in its file.
type layout struct {
	name   string
	stride func(out, in int) [2]int
	offset int // bytes before the first element: files promise no alignment
	order  func(out int) []int32
}

// layouts are those of real files, and the general case.
func layouts() []layout {
	return []layout{
		{"rows", func(_, in int) [2]int { return [2]int{in, 1} }, 0, nil},
		{"rows at an odd address", func(_, in int) [2]int { return [2]int{in, 1} }, 1, nil},
		{"rows off a lane", func(_, in int) [2]int { return [2]int{in, 1} }, 4, nil},
		{"rows apart", func(_, in int) [2]int { return [2]int{in + 3, 1} }, 0, nil},
		{"Conv1D", func(out, _ int) [2]int { return [2]int{1, out} }, 0, nil},
		{"a third of c_attn", func(out, _ int) [2]int { return [2]int{1, 3 * out} }, 8, nil},
		{"neither side by side", func(_, in int) [2]int { return [2]int{3*in + 1, 3} }, 2, nil},
		{"rows that overlap", func(_, in int) [2]int { return [2]int{(in + 1) / 2, 1} }, 0, nil},
		{"rows in another order", func(_, in int) [2]int { return [2]int{in, 1} }, 0, shuffled},
	}
}

// shuffled is an order of every second output that is stored, the last one first.
func shuffled(out int) (order []int32) {
	for o := range out {
		order = append(order, int32(2*(out-o)-1))
	}
	return order
}

// weight returns a matrix of numbers below 4 in magnitude whose last element
// ends its bytes.
func (s source) weight(d tensor.DType, l layout, out, in int) kernels.Weight {
	w := kernels.Weight{Name: d.String() + " " + l.name, Type: d, Shape: [2]int{out, in}, Stride: l.stride(out, in)}
	last := out - 1
	if l.order != nil {
		w.Order = l.order(out)
		last = int(slices.Max(w.Order))
	}
	elements := last*w.Stride[0] + (in-1)*w.Stride[1] + 1
	w.Bytes = make([]byte, l.offset+d.Bytes(elements))[l.offset:]
	for i := range elements {
		if at := w.Bytes[d.Bytes(i):]; !s.Store(at, d) {
			binary.LittleEndian.PutUint16(at, s.half())
		}
	}
	return w
}

// half returns the bits of a binary16 below 4; one in 32 is subnormal.
func (s source) half() uint16 {
	sign, fraction := uint16(s.IntN(2))<<15, uint16(s.IntN(1<<10))
	if s.IntN(32) == 0 {
		return sign | fraction
	}
	return sign | uint16(12+s.IntN(5))<<10 | fraction
}

// weightOf returns a float32 matrix of these numbers, rows side by side.
func weightOf(out, in int, numbers []float32) kernels.Weight {
	w := kernels.Weight{Name: "given", Type: tensor.F32, Shape: [2]int{out, in}, Stride: [2]int{in, 1}}
	for _, v := range numbers {
		w.Bytes = binary.LittleEndian.AppendUint32(w.Bytes, math.Float32bits(v))
	}
	return w
}

// at returns element [o, i] of a weight.
func at(w kernels.Weight, o, i int) float32 {
	n, _ := w.Type.Block()
	block := make([]float32, n)
	index := w.Row(o) + i*w.Stride[1]
	w.Decode(block, index)
	return block[index%n]
}

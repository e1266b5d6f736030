package kernelstest

import (
	"fmt"
	"math"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// storedTypes are the types that only some files hold: 8-bit floats and GGUF's
// blocks.
func storedTypes() []tensor.DType {
	var types []tensor.DType
	for d := tensor.F8E4M3; d <= tensor.MXFP4; d++ {
		types = append(types, d)
	}
	return types
}

// blocks returns a matrix of random bytes of a type, rows side by side, whose
// numbers are of ordinary size: a random scale seldom is.
func (s source) blocks(d tensor.DType, out, in int) kernels.Weight {
	elements, size := d.Block()
	w := kernels.Weight{Name: d.String(), Type: d, Shape: [2]int{out, in}, Stride: [2]int{in, 1}}
	values, block := make([]float32, elements), make([]byte, size)
	for len(w.Bytes) < d.Bytes(out*in) {
		for i := range block {
			block[i] = byte(s.IntN(256))
		}
		tensor.Decode(values, d, block)
		if top := maxAbs(values); top > 1e-3 && top < 100 && !hasNaN(values) {
			w.Bytes = append(w.Bytes, block...)
		}
	}
	return w
}

func hasNaN(values []float32) bool {
	for _, v := range values {
		if math.IsNaN(float64(v)) {
			return true
		}
	}
	return false
}

// turnedCalls are of a matrix whose blocks lie along its outputs.
func turnedCalls(s source, w kernels.Weight) (calls []Call) {
	w.Name += " turned"
	w.Shape, w.Stride = [2]int{w.Shape[1], w.Shape[0]}, [2]int{1, w.Stride[0]}
	out, in := w.Shape[0], w.Shape[1]
	tokens := []int{1, 9}
	if elements, _ := w.Type.Block(); elements == 1 {
		tokens = append(tokens, 33) // lying so they are multiplied like any other type
	}
	for _, t := range tokens {
		calls = append(calls, matmul(fmt.Sprintf("%s T %d", w.Name, t), s.normal(pos(t), model(in)), w, kernels.MatMulOpts{Out: []tensor.Dim{model(out)}}))
	}
	return append(calls,
		gather(w.Name, w, []int32{int32(out - 1), 0, 33}),
		headResults(w.Name, s.normal(pos(3), heads(1), headSize(in/2)), w))
}

// apart returns MXFP4 whose scales lie apart, and whose rows do: every second of
// a matrix's, from the second on, as gpt-oss's up projections are.
func (s source) apart(out, in int) kernels.Weight {
	w := s.blocks(tensor.MXFP4, 2*out, in)
	both := w.Bytes
	w.Name, w.Bytes = "MXFP4 apart", nil
	for ; len(both) > 0; both = both[17:] {
		w.Scales, w.Bytes = append(w.Scales, both[0]), append(w.Bytes, both[1:17]...)
	}
	w.Shape[0], w.Stride[0] = out, 2*in
	w.Scales, w.Bytes = w.Scales[in/32:], w.Bytes[in/2:]
	return w
}

// blockCalls multiplies by weights of every stored type, as wide as two of the
// largest blocks, and gathers their rows.
func blockCalls(s source) (calls []Call) {
	const out, in = 7, 512
	for _, d := range storedTypes() {
		w := s.blocks(d, 2*out, in)
		w.Name, w.Shape[0], w.Order = d.String()+" in another order", out, shuffled(out)
		calls = append(calls, storedCalls(s, s.blocks(d, out, in))...)
		calls = append(calls, storedCalls(s, w)...)
		calls = append(calls, turnedCalls(s, s.blocks(d, 6, in))...)
	}
	calls = append(calls, storedCalls(s, s.apart(out, in))...)
	w := s.apart(2*out, in)
	w.Name, w.Shape[0], w.Order = "MXFP4 apart in another order", out, shuffled(out)
	calls = append(calls, storedCalls(s, w)...)
	return append(calls, turnedCalls(s, s.apart(6, in))...)
}

// storedCalls are of a matrix whose blocks lie along its inputs.
func storedCalls(s source, w kernels.Weight) (calls []Call) {
	in := w.Shape[1]
	for _, t := range []int{1, 5, 33} {
		calls = append(calls, matmul(fmt.Sprintf("%s T %d", w.Name, t), s.normal(pos(t), model(in)), w, kernels.MatMulOpts{Out: []tensor.Dim{model(w.Shape[0])}}))
	}
	left := w // the columns on the left: rows apart
	elements, _ := w.Type.Block()
	left.Shape[1] = max(elements, 64)
	x := s.normal(pos(17), model(left.Shape[1]))
	return append(calls,
		matmul(fmt.Sprintf("%s T 17, its first %d", w.Name, left.Shape[1]), x, left, kernels.MatMulOpts{Out: []tensor.Dim{model(w.Shape[0])}}),
		gather(w.Name, w, []int32{6, 0, 3}),
		headResults(w.Name, s.normal(pos(3), heads(2), headSize(in/2)), w))
}

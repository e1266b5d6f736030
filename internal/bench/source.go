package bench

import (
	"math"

	"attn/internal/kernels"
	"attn/internal/kernels/samples"
	"attn/internal/tensor"
)

// source makes the same numbers on every run.
type source struct{ samples.Source }

func newSource(seed uint64) source { return source{samples.New(seed, 2)} }

// weight returns a matrix in a stored type, row after row: of normal numbers
// where single ones are stored, of random blocks elsewhere.
func (s source) weight(d tensor.DType, out, in int) kernels.Weight {
	w := kernels.Weight{Name: "weights", Type: d, Shape: [2]int{out, in}, Stride: [2]int{in, 1}}
	elements, size := d.Block()
	w.Bytes = make([]byte, out*in/elements*size)
	for at := 0; at < len(w.Bytes); at += size {
		if block := w.Bytes[at:][:size]; !s.Store(block, d) {
			s.block(d, block)
		}
	}
	return w
}

// block fills one block with random bits until its numbers are of ordinary
// size: a random scale, or exponent, may be anything.
func (s source) block(d tensor.DType, block []byte) {
	elements, _ := d.Block()
	values := make([]float32, elements)
	for {
		for i := range block {
			block[i] = byte(s.Uint32())
		}
		tensor.Decode(values, d, block)
		if ordinary(values) {
			return
		}
	}
}

// ordinary reports whether all are numbers, none is large, and not all are small.
func ordinary(values []float32) bool {
	most := 0.0
	for _, v := range values {
		if v != v {
			return false
		}
		most = max(most, math.Abs(float64(v)))
	}
	return most > 1e-3 && most < 100
}

// Package samples makes numbers for tests and timings: the same ones on every run.
package samples

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"attn/internal/tensor"
)

// Source draws numbers.
type Source struct{ *rand.Rand }

// New returns the source of a seed and a stream: equal ones give equal numbers.
func New(seed, stream uint64) Source { return Source{rand.New(rand.NewPCG(seed, stream))} }

// Normal returns a tensor of standard normal numbers.
func (s Source) Normal(shape ...tensor.Dim) tensor.Tensor {
	t := tensor.New(shape...)
	for i := range t.Data {
		t.Data[i] = float32(s.NormFloat64())
	}
	return t
}

// Store writes a standard normal number as F32 or BF16, where a weight's bytes
// begin; of other types it writes none, and says so.
func (s Source) Store(to []byte, d tensor.DType) bool {
	switch d {
	case tensor.F32:
		binary.LittleEndian.PutUint32(to, math.Float32bits(float32(s.NormFloat64())))
	case tensor.BF16:
		binary.LittleEndian.PutUint16(to, uint16(math.Float32bits(float32(s.NormFloat64()))>>16))
	default:
		return false
	}
	return true
}

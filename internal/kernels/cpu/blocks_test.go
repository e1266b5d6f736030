package cpu

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"attn/internal/tensor"
)

// blockTypes are those whose numbers share a scale.
func blockTypes() []tensor.DType {
	var types []tensor.DType
	for _, d := range tensor.DTypes() {
		if elements, _ := d.Block(); elements > 1 {
			types = append(types, d)
		}
	}
	return types
}

// sameBlocks holds that a set decodes src, cut to whole blocks, as package
// tensor does, to the bit; one NaN is as good as another.
func sameBlocks(t *testing.T, s *set, d tensor.DType, src []byte) {
	t.Helper()
	elements, size := d.Block()
	n := len(src) / size * elements
	got, want := make([]float32, n), make([]float32, n)
	s.converter(d)(got, src)
	tensor.Decode(want, d, src)
	for i, v := range want {
		if math.Float32bits(got[i]) != math.Float32bits(v) && (got[i] == got[i] || v == v) {
			t.Fatalf("%s, %v: number %d is %v, want %v", s.name, d, i, got[i], v)
		}
	}
}

// TestBlocksAreTensorDecode tries random bytes, whose scales are every kind of
// number, and blocks of a byte over and over.
func TestBlocksAreTensorDecode(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, s := range sets() {
		for _, d := range blockTypes() {
			_, size := d.Block()
			src := make([]byte, 300*size)
			for i := range src {
				src[i] = byte(random.Uint32())
			}
			sameBlocks(t, s, d, src)
			for b := range 256 {
				sameBlocks(t, s, d, bytes.Repeat([]byte{byte(b)}, size))
			}
		}
	}
}

func FuzzBlocks(f *testing.F) {
	f.Add(uint8(0), []byte("any bytes are blocks of every type"))
	f.Fuzz(func(t *testing.T, which uint8, src []byte) {
		types := blockTypes()
		for _, s := range sets() {
			sameBlocks(t, s, types[int(which)%len(types)], src)
		}
	})
}

func BenchmarkBlocks(b *testing.B) {
	for _, s := range sets() {
		for _, d := range blockTypes() {
			b.Run(s.name+"/"+d.String(), func(b *testing.B) {
				dst := make([]float32, 1<<13)
				src := make([]byte, d.Bytes(len(dst)))
				convert := s.converter(d)
				b.SetBytes(int64(4 * len(dst)))
				for b.Loop() {
					convert(dst, src)
				}
			})
		}
	}
}

package ref64_test

import (
	"testing"

	"attn/internal/kernels"
	"attn/internal/kernels/kernelstest"
	"attn/internal/kernels/ref64"
	"attn/internal/tensor"
)

func TestSuite(t *testing.T) {
	kernelstest.RunAll(t, func() kernels.Backend { return ref64.New() })
}

// TestKeepsFloat64: between two ops nothing is rounded. 1 + 2⁻⁴⁰ is 1 in
// float32, and then 1 is taken away again.
func TestKeepsFloat64(t *testing.T) {
	be := ref64.New()
	one := func(v float32) kernels.Array {
		return be.Put(tensor.Tensor{Shape: []tensor.Dim{tensor.D(tensor.Pos, 1)}, Data: []float32{v}})
	}
	got := be.Get(be.Add(be.Add(one(1), one(0x1p-40)), one(-1)))
	if be.Err() != nil || got.Data[0] != 0x1p-40 {
		t.Errorf("1 + 2⁻⁴⁰ − 1 is %v, error %v", got.Data, be.Err())
	}
}

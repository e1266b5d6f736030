package kernelstest

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"

	"attn/internal/kernels"
	"attn/internal/kernels/ref"
	"attn/internal/tensor"
)

// Call is one use of one op: its arguments, and how far from package ref each
// number of its results may lie.
type Call struct {
	Name   string
	inputs []tensor.Tensor
	weight kernels.Weight
	// takesFirst: the op may write to its first input, as AddRows does.
	takesFirst bool
	run        func(be kernels.Backend, w kernels.Weight, in []kernels.Array) []kernels.Array
	allowed    func(result, i int, want float64) bound
}

// Run returns the op's results on a backend, or its error.
func (c Call) Run(be kernels.Backend) ([]tensor.Tensor, error) {
	in := make([]kernels.Array, len(c.inputs))
	for i, t := range c.inputs {
		in[i] = be.Put(t)
	}
	weightBefore := bytes.Clone(c.weight.Bytes)
	var results []tensor.Tensor
	for _, out := range c.run(be, c.weight, in) {
		results = append(results, be.Get(out))
	}
	if err := be.Err(); err != nil {
		return nil, err
	}
	for i, a := range in {
		if (i > 0 || !c.takesFirst) && !sameBits(be.Get(a), c.inputs[i]) {
			return nil, fmt.Errorf("the op changed its input %d", i)
		}
	}
	if !bytes.Equal(weightBefore, c.weight.Bytes) {
		return nil, errors.New("the op changed the weight's bytes")
	}
	return results, nil
}

// Compare reports where a backend's results differ from package ref's by more
// than the op's bound.
func (c Call) Compare(be kernels.Backend) error {
	want, err := c.Run(ref.New())
	if err != nil {
		return fmt.Errorf("ref: %w", err)
	}
	got, err := c.Run(be)
	if err != nil {
		return err
	}
	for r := range want {
		if !slices.Equal(got[r].Shape, want[r].Shape) {
			return fmt.Errorf("result %d has shape %s, want %s", r,
				tensor.ShapeString(got[r].Shape), tensor.ShapeString(want[r].Shape))
		}
		for i, w := range want[r].Data {
			if got[r].Data[i] == w {
				continue
			}
			limit := c.allowed(r, i, float64(w))
			if !limit.holds(got[r].Data[i], w) {
				return fmt.Errorf("result %d %s, number %d: got %v, want %v within %v", r,
					tensor.ShapeString(want[r].Shape), i, got[r].Data[i], w, float64(limit))
			}
		}
	}
	return nil
}

// sameBits reports whether two tensors are equal to the last bit; any two NaNs
// are.
func sameBits(a, b tensor.Tensor) bool {
	return slices.Equal(a.Shape, b.Shape) && slices.EqualFunc(a.Data, b.Data, func(x, y float32) bool {
		return math.Float32bits(x) == math.Float32bits(y) || x != x && y != y
	})
}

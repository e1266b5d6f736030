// Package tensor holds attn's only numeric container on the host: a dense,
// row-major float32 array whose axes have names.
//
// There is no batch axis: attn looks at one sentence at a time.
package tensor

import (
	"fmt"
	"strings"
)

// Axis says what one dimension of a tensor counts. The names are those that
// TransformerLens uses, so that its users recognise them.
type Axis string

// The axes that occur in a decoder.
const (
	Pos      Axis = "pos"       // a token's place in the sentence
	QueryPos Axis = "query_pos" // the place of the token that asks
	KeyPos   Axis = "key_pos"   // the place of the token that answers
	Head     Axis = "head"      // an attention head
	DHead    Axis = "d_head"    // the width of a query, key or value vector
	DLatent  Axis = "d_latent"  // the width of what queries, or keys and values, come out of
	DRope    Axis = "d_rope"    // the width of the part of keys that all heads share
	DModel   Axis = "d_model"   // the width of the residual stream
	DMLP     Axis = "d_mlp"     // the width of the MLP's hidden layer
	DVocab   Axis = "d_vocab"   // one entry per token of the vocabulary
	Expert   Axis = "expert"    // one of an MLP's experts
	Rank     Axis = "rank"      // a place in a list, the largest first
	One      Axis = "one"       // a single number per row, such as a norm's scale

	QueryBlock Axis = "query_block" // neighbouring queries taken together
	KeyBlock   Axis = "key_block"   // neighbouring keys taken together
	TileQuery  Axis = "tile_query"  // a query of a part of a pattern
	TileKey    Axis = "tile_key"    // a key of a part of a pattern
)

// Dim is one dimension: what it counts and how many there are.
type Dim struct {
	Axis Axis
	Size int
}

// Tensor is a dense row-major array: the last dimension varies fastest, and
// len(Data) is the product of the sizes.
type Tensor struct {
	Shape []Dim
	Data  []float32
}

// D is a short way to write a Dim.
func D(axis Axis, size int) Dim { return Dim{Axis: axis, Size: size} }

// New returns a zero tensor of the given shape.
func New(shape ...Dim) Tensor {
	return Tensor{Shape: shape, Data: make([]float32, Elements(shape))}
}

// Elements returns the product of the sizes; 1 for an empty shape.
func Elements(shape []Dim) int {
	n := 1
	for _, d := range shape {
		n *= d.Size
	}
	return n
}

// Check reports whether the data fits the shape.
func (t Tensor) Check() error {
	for _, d := range t.Shape {
		if d.Size < 0 {
			return fmt.Errorf("axis %s has size %d", d.Axis, d.Size)
		}
	}
	if n := Elements(t.Shape); n != len(t.Data) {
		return fmt.Errorf("shape %s needs %d values, there are %d", ShapeString(t.Shape), n, len(t.Data))
	}
	return nil
}

// Sizes returns the sizes alone, outermost first.
func (t Tensor) Sizes() []int {
	sizes := make([]int, len(t.Shape))
	for i, d := range t.Shape {
		sizes[i] = d.Size
	}
	return sizes
}

// Axes returns the axes' names alone, outermost first.
func (t Tensor) Axes() []Axis {
	axes := make([]Axis, len(t.Shape))
	for i, d := range t.Shape {
		axes[i] = d.Axis
	}
	return axes
}

// Size returns how long the named axis is, or 0 if there is no such axis.
func (t Tensor) Size(axis Axis) int {
	for _, d := range t.Shape {
		if d.Axis == axis {
			return d.Size
		}
	}
	return 0
}

// Offset returns the position in Data of the element at index; a shorter index
// gives the start of the sub-array that it names. It panics when the index
// does not fit, as an index into a slice does.
func (t Tensor) Offset(index ...int) int {
	if len(index) > len(t.Shape) {
		panic(fmt.Sprintf("tensor: %d indices into shape %s", len(index), ShapeString(t.Shape)))
	}
	offset := 0
	for i, d := range t.Shape {
		offset *= d.Size
		if i >= len(index) {
			continue
		}
		if index[i] < 0 || index[i] >= d.Size {
			panic(fmt.Sprintf("tensor: index %v out of shape %s", index, ShapeString(t.Shape)))
		}
		offset += index[i]
	}
	return offset
}

// At returns one element.
func (t Tensor) At(index ...int) float32 { return t.Data[t.Offset(index...)] }

// Sub returns the sub-array at the given leading indices, sharing memory with
// t: Sub(2) of [head, query_pos, key_pos] is head 2's [query_pos, key_pos].
func (t Tensor) Sub(index ...int) Tensor {
	shape := t.Shape[len(index):]
	start := t.Offset(index...)
	return Tensor{Shape: shape, Data: t.Data[start : start+Elements(shape)]}
}

// Row is Sub's data: the slice that the leading indices name.
func (t Tensor) Row(index ...int) []float32 { return t.Sub(index...).Data }

// Clone returns a copy that shares nothing with t.
func (t Tensor) Clone() Tensor {
	return Tensor{Shape: append([]Dim(nil), t.Shape...), Data: append([]float32(nil), t.Data...)}
}

// ShapeString writes a shape the way attn shows it: [head 4, query_pos 8, key_pos 8].
func ShapeString(shape []Dim) string {
	parts := make([]string, len(shape))
	for i, d := range shape {
		parts[i] = fmt.Sprintf("%s %d", d.Axis, d.Size)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

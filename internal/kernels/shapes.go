package kernels

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"attn/internal/tensor"
)

// The rules that every backend holds its arguments to stand here once: what an
// op accepts, and the shape of what it returns. A backend asks before it
// computes, so that its loops need no checks of their own.

// ErrNoDevice is what a backend's Err wraps when the machine lacks the device
// that it computes on.
var ErrNoDevice = errors.New("this machine has no such device")

// maxElements bounds one array: 8 GiB of float32. More is a mistake, or wants
// fused attention.
const maxElements = math.MaxInt32

// CheckShape reports whether an array may have this shape: at least one axis,
// none of them empty, not absurdly large.
func CheckShape(shape []tensor.Dim) error {
	if len(shape) == 0 {
		return errors.New("the array has no axes")
	}
	n := 1
	for _, d := range shape {
		if d.Size < 1 {
			return fmt.Errorf("shape %s: axis %s has size %d", tensor.ShapeString(shape), d.Axis, d.Size)
		}
		if d.Size > maxElements/n {
			return fmt.Errorf("shape %s is larger than an array can be", tensor.ShapeString(shape))
		}
		n *= d.Size
	}
	return nil
}

// Check reports whether every element of the matrix lies within its bytes.
func (w Weight) Check() error {
	block, size := w.Block()
	if size <= 0 {
		return fmt.Errorf("weight %s: no such dtype as %s", w.Name, w.Type)
	}
	if w.Scales != nil && (w.Type != tensor.MXFP4 || len(w.Scales) < len(w.Bytes)/size) {
		return fmt.Errorf("weight %s: %d scales apart for %d bytes of %s", w.Name, len(w.Scales), len(w.Bytes), w.Type)
	}
	if block > 1 && !w.wholeBlocks(0, 1, block) && !w.wholeBlocks(1, 0, block) {
		return fmt.Errorf("weight %s: %s holds whole blocks of %d along its inputs or outputs, not shape %v with strides %v",
			w.Name, w.Type, block, w.Shape, w.Stride)
	}
	room := len(w.Bytes)/size*block - 1 // elements after the first
	stored, err := w.stored()
	if err != nil {
		return err
	}
	for i, n := range [2]int{stored, w.Shape[1]} {
		stride := w.Stride[i]
		if n < 1 || stride < 1 {
			return fmt.Errorf("weight %s: shape %v with strides %v", w.Name, w.Shape, w.Stride)
		}
		if room < 0 || (n-1) > room/stride {
			return fmt.Errorf("weight %s: %d bytes are too few for shape %v with strides %v of %s",
				w.Name, len(w.Bytes), w.Shape, w.Stride, w.Type)
		}
		room -= (n - 1) * stride
	}
	return nil
}

// stored is how many outputs there are up to the last that is read, in the order in
// which they are stored.
func (w Weight) stored() (int, error) {
	if w.Order == nil {
		return w.Shape[0], nil
	}
	if len(w.Order) == 0 || len(w.Order) != w.Shape[0] || w.Stride[1] != 1 {
		return 0, fmt.Errorf("weight %s: an order of %d outputs for shape %v with strides %v", w.Name, len(w.Order), w.Shape, w.Stride)
	}
	if first := slices.Min(w.Order); first < 0 {
		return 0, fmt.Errorf("weight %s: output %d is among its outputs", w.Name, first)
	}
	return int(slices.Max(w.Order)) + 1, nil
}

// wholeBlocks reports whether the numbers along one side are neighbours in whole
// blocks, one after another across.
func (w Weight) wholeBlocks(across, along, block int) bool {
	return w.Stride[along] == 1 && w.Shape[along]%block == 0 && w.Stride[across]%block == 0
}

// GatherShape is the shape of Gather's result: [pos T, d_model in].
func GatherShape(w Weight, ids []int32) ([]tensor.Dim, error) {
	if err := w.Check(); err != nil {
		return nil, fmt.Errorf("gather: %w", err)
	}
	for i, id := range ids {
		if id < 0 || int(id) >= w.Shape[0] {
			return nil, fmt.Errorf("gather: id %d at position %d is not a row of %s, which has %d",
				id, i, w.Name, w.Shape[0])
		}
	}
	return checked("gather", tensor.D(tensor.Pos, len(ids)), tensor.D(tensor.DModel, w.Shape[1]))
}

// MatMulShape is the shape of MatMul's result: [pos T, o.Out...].
func MatMulShape(x []tensor.Dim, w Weight, o MatMulOpts) ([]tensor.Dim, error) {
	if err := w.Check(); err != nil {
		return nil, fmt.Errorf("matmul: %w", err)
	}
	if err := CheckShape(x); err != nil {
		return nil, fmt.Errorf("matmul with %s: %w", w.Name, err)
	}
	if in := tensor.Elements(x[1:]); in != w.Shape[1] {
		return nil, fmt.Errorf("matmul with %s: x %s has %d numbers per position, the weight takes %d",
			w.Name, tensor.ShapeString(x), in, w.Shape[1])
	}
	if o.Bias != nil && len(o.Bias) != w.Shape[0] {
		return nil, fmt.Errorf("matmul with %s: the bias has %d numbers, the weight %d outputs",
			w.Name, len(o.Bias), w.Shape[0])
	}
	out, err := checked("matmul with "+w.Name, slices.Concat(x[:1], o.Out)...)
	if err == nil && tensor.Elements(out[1:]) != w.Shape[0] {
		return nil, fmt.Errorf("matmul with %s: axes %s do not hold its %d outputs",
			w.Name, tensor.ShapeString(o.Out), w.Shape[0])
	}
	return out, err
}

// NormShapes are the shapes of Norm's results: x's own, and x's with the last
// axis shrunk to one.
func NormShapes(x []tensor.Dim, o NormOpts) (normalized, scale []tensor.Dim, err error) {
	normalized, err = checked("norm", x...)
	if err != nil {
		return nil, nil, err
	}
	last := len(x) - 1
	for _, p := range [][]float32{o.Gain, o.Bias} {
		if p != nil && len(p) != x[last].Size {
			return nil, nil, fmt.Errorf("norm: %d parameters for rows of %d", len(p), x[last].Size)
		}
	}
	return normalized, append(slices.Clone(x[:last]), tensor.D(tensor.One, 1)), nil
}

// AddShape is the shape of Add's result: that of both.
func AddShape(a, b []tensor.Dim) ([]tensor.Dim, error) {
	if !slices.Equal(a, b) {
		return nil, fmt.Errorf("add: %s and %s differ", tensor.ShapeString(a), tensor.ShapeString(b))
	}
	return checked("add", a...)
}

// ReshapeShape is the shape of Reshape's result, which holds as many numbers as x.
func ReshapeShape(x, shape []tensor.Dim) ([]tensor.Dim, error) {
	out, err := checked("reshape", shape...)
	if err == nil && tensor.Elements(shape) != tensor.Elements(x) {
		return nil, fmt.Errorf("reshape: %s does not hold the numbers of %s", tensor.ShapeString(shape), tensor.ShapeString(x))
	}
	return out, err
}

// MultiplyShape is the shape of Multiply's result: that of both.
func MultiplyShape(a, b []tensor.Dim) ([]tensor.Dim, error) {
	if !slices.Equal(a, b) {
		return nil, fmt.Errorf("multiply: %s and %s differ", tensor.ShapeString(a), tensor.ShapeString(b))
	}
	return checked("multiply", a...)
}

// JoinShape is the shape of Join's result: [pos T, head H, d_head A+B].
func JoinShape(x, y []tensor.Dim) ([]tensor.Dim, error) {
	if len(x) != 3 || len(y) != 3 {
		return nil, fmt.Errorf("join: %s and %s are not [pos, head, d_head]", tensor.ShapeString(x), tensor.ShapeString(y))
	}
	if x[0].Size != y[0].Size || y[1].Size < 1 || x[1].Size%y[1].Size != 0 {
		return nil, fmt.Errorf("join: %s and %s do not meet", tensor.ShapeString(x), tensor.ShapeString(y))
	}
	return checked("join", x[0], x[1], tensor.D(x[2].Axis, x[2].Size+y[2].Size))
}

// RotateShape is the shape of Rotate's result: x's own.
func RotateShape(x []tensor.Dim, o RotaryOpts) ([]tensor.Dim, error) {
	if len(x) != 3 {
		return nil, fmt.Errorf("rotate: %s is not [pos, head, d_head]", tensor.ShapeString(x))
	}
	if o.Pairs < 1 || o.First < 0 || o.First > x[2].Size || o.Pairs > (x[2].Size-o.First)/2 {
		return nil, fmt.Errorf("rotate: %d pairs from component %d in %s", o.Pairs, o.First, tensor.ShapeString(x))
	}
	if n := x[0].Size * o.Pairs; len(o.Cos) != n || len(o.Sin) != n {
		return nil, fmt.Errorf("rotate: %d cosines and %d sines for %d pairs at %d positions", len(o.Cos), len(o.Sin), o.Pairs, x[0].Size)
	}
	return checked("rotate", x...)
}

// SoftcapShape is the shape of Softcap's result: x's own.
func SoftcapShape(x []tensor.Dim, limit float32) ([]tensor.Dim, error) {
	if !(limit > 0) {
		return nil, fmt.Errorf("softcap: the limit is %v", limit)
	}
	return checked("softcap", x...)
}

// ClampShape is the shape of Clamp's result: x's own.
func ClampShape(x []tensor.Dim, low, high float32) ([]tensor.Dim, error) {
	if !(low <= high) {
		return nil, fmt.Errorf("clamp: from %v to %v", low, high)
	}
	return checked("clamp", x...)
}

// KeyBiasShape is the shape of KeyBias's result: x's own, [head, query_pos, key_pos].
func KeyBiasShape(x []tensor.Dim, bias []float32) ([]tensor.Dim, error) {
	if len(x) != 3 || len(bias) != x[0].Size*x[2].Size {
		return nil, fmt.Errorf("key bias: %d numbers for %s, it takes one per head and key of [head, query_pos, key_pos]", len(bias), tensor.ShapeString(x))
	}
	return checked("key bias", x...)
}

// SoftmaxSinkShapes are the shapes of SoftmaxSink's results: x's own, and x's
// without the last axis.
func SoftmaxSinkShapes(x []tensor.Dim, sinks []float32) (pattern, sink []tensor.Dim, err error) {
	if len(x) != 3 || len(sinks) != x[0].Size {
		return nil, nil, fmt.Errorf("softmax: %d sinks for %s, it takes one per head of [head, query_pos, key_pos]", len(sinks), tensor.ShapeString(x))
	}
	pattern, err = checked("softmax", x...)
	return pattern, slices.Clone(x[:2]), err
}

// ActivateShape is the shape of Activate's result: x's own.
func ActivateShape(x []tensor.Dim, f Activation) ([]tensor.Dim, error) {
	switch f {
	case GELUTanh, GELU, ReLU, SiLU:
		return checked("activate", x...)
	}
	return nil, fmt.Errorf("activate: no such activation as %q", f)
}

// ScoresShape is the shape of Scores' result: [head H, query_pos T, key_pos T].
func ScoresShape(q, k []tensor.Dim) ([]tensor.Dim, error) {
	if len(q) != 3 || len(k) != 3 {
		return nil, fmt.Errorf("scores: q %s and k %s are not [pos, head, d_head]", tensor.ShapeString(q), tensor.ShapeString(k))
	}
	t, heads, kv := q[0].Size, q[1].Size, k[1].Size
	if k[0].Size != t || k[2].Size != q[2].Size {
		return nil, fmt.Errorf("scores: q %s and k %s do not meet", tensor.ShapeString(q), tensor.ShapeString(k))
	}
	if kv < 1 || heads%kv != 0 {
		return nil, fmt.Errorf("scores: %d heads do not share %d key heads", heads, kv)
	}
	return checked("scores", tensor.D(tensor.Head, heads), tensor.D(tensor.QueryPos, t), tensor.D(tensor.KeyPos, t))
}

// ScaleShape is the shape of Scale's result: x's own.
func ScaleShape(x []tensor.Dim) ([]tensor.Dim, error) { return checked("scale", x...) }

// MaskShape is the shape of Mask's result: x's own, [.., query_pos, key_pos].
func MaskShape(x []tensor.Dim, m Mask) ([]tensor.Dim, error) {
	if len(x) < 2 {
		return nil, fmt.Errorf("mask: %s is not [.., query_pos, key_pos]", tensor.ShapeString(x))
	}
	if m.Window < 0 {
		return nil, fmt.Errorf("mask: a window of %d keys", m.Window)
	}
	return checked("mask", x...)
}

// SoftmaxShape is the shape of Softmax's result: x's own.
func SoftmaxShape(x []tensor.Dim) ([]tensor.Dim, error) { return checked("softmax", x...) }

// TopShape is the shape of both of Top's results: [.., rank n].
func TopShape(x []tensor.Dim, n int) ([]tensor.Dim, error) {
	shape, err := checked("top", x...)
	if err != nil {
		return nil, err
	}
	last := len(shape) - 1
	if width := shape[last].Size; n < 1 || n > width || width > maxPlaces {
		return nil, fmt.Errorf("top: %d of rows of %d", n, width)
	}
	shape[last] = tensor.D(tensor.Rank, n)
	return shape, nil
}

// maxPlaces is how many places a float32 can number.
const maxPlaces = 1 << 24

// MixShape is the shape of Mix's result: [pos T, head H, d_head D].
func MixShape(pattern, v []tensor.Dim) ([]tensor.Dim, error) {
	if len(pattern) != 3 || len(v) != 3 {
		return nil, fmt.Errorf("mix: pattern %s and v %s are not [head, query_pos, key_pos] and [pos, head, d_head]",
			tensor.ShapeString(pattern), tensor.ShapeString(v))
	}
	heads, t, kv := pattern[0].Size, pattern[1].Size, v[1].Size
	if pattern[2].Size != t || v[0].Size != t {
		return nil, fmt.Errorf("mix: pattern %s and v %s do not meet", tensor.ShapeString(pattern), tensor.ShapeString(v))
	}
	if kv < 1 || heads%kv != 0 {
		return nil, fmt.Errorf("mix: %d heads do not share %d value heads", heads, kv)
	}
	return checked("mix", tensor.D(tensor.Pos, t), tensor.D(tensor.Head, heads), tensor.D(tensor.DHead, v[2].Size))
}

// HeadResultsShape is the shape of HeadResults' result: [pos T, head H,
// d_model out], with as many heads as the weight takes.
func HeadResultsShape(z []tensor.Dim, w Weight) ([]tensor.Dim, error) {
	if err := w.Check(); err != nil {
		return nil, fmt.Errorf("head results: %w", err)
	}
	if len(z) != 3 {
		return nil, fmt.Errorf("head results: z %s is not [pos, head, d_head]", tensor.ShapeString(z))
	}
	in := tensor.Elements(z[1:])
	if in < 1 || w.Shape[1]%in != 0 {
		return nil, fmt.Errorf("head results with %s: z %s has %d numbers per position, the weight takes %d",
			w.Name, tensor.ShapeString(z), in, w.Shape[1])
	}
	heads := tensor.D(z[1].Axis, w.Shape[1]/z[2].Size)
	return checked("head results", z[0], heads, tensor.D(tensor.DModel, w.Shape[0]))
}

// RowsShape is the shape of Rows' result: x's own, with as many positions as are
// asked for.
func RowsShape(x []tensor.Dim, rows []int) ([]tensor.Dim, error) {
	if err := CheckShape(x); err != nil {
		return nil, fmt.Errorf("rows: %w", err)
	}
	for _, r := range rows {
		if r < 0 || r >= x[0].Size {
			return nil, fmt.Errorf("rows: %d is not a row of %s", r, tensor.ShapeString(x))
		}
	}
	shape, err := checked("rows", x...)
	if err == nil {
		shape[0].Size = len(rows)
		err = CheckShape(shape)
	}
	return shape, err
}

// AddRowsShape is the shape of AddRows' result: x's own. y has a row and a factor
// for each of the rows, which are all different.
func AddRowsShape(x, y []tensor.Dim, rows []int, factors []float32) ([]tensor.Dim, error) {
	shape, err := checked("add rows", x...)
	if err != nil {
		return nil, err
	}
	if len(y) == 0 || len(rows) != y[0].Size || len(factors) != y[0].Size || !slices.Equal(x[1:], y[1:]) {
		return nil, fmt.Errorf("add rows: %s with %d factors does not go to %d rows of %s",
			tensor.ShapeString(y), len(factors), len(rows), tensor.ShapeString(x))
	}
	taken := make([]bool, x[0].Size)
	for _, r := range rows {
		if r < 0 || r >= len(taken) {
			return nil, fmt.Errorf("add rows: %d is not a row of %s", r, tensor.ShapeString(x))
		}
		if taken[r] {
			return nil, fmt.Errorf("add rows: row %d comes twice", r)
		}
		taken[r] = true
	}
	return shape, nil
}

// checked returns a copy of the shape, or op's error if no array may have it.
func checked(op string, shape ...tensor.Dim) ([]tensor.Dim, error) {
	if err := CheckShape(shape); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	return slices.Clone(shape), nil
}

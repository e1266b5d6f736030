// Package kernels defines what a backend must compute for a transformer's
// forward pass, and the types that cross that border. The backends themselves
// live in the folders below: ref is the definition of right, the others are
// fast and must agree with it (kernelstest).
//
// Every op is eager and small on purpose: attn shows each step of attention,
// so each step must exist.
package kernels

import (
	"attn/internal/tensor"
)

// Array is a tensor that lives on a backend. Only the backend that made it
// may be given it.
type Array interface {
	Shape() []tensor.Dim
}

// Weight is a matrix in its file's own type: usually a window into a mapped
// file, converted panel by panel while a product runs.
//
// Element [o, i] maps input i to output o, whichever way the file stores it:
// Stride counts elements from one output (or input) to the next, so that the
// [in, out] matrices of GPT-2 and the thirds of its fused c_attn are views,
// not copies. Types that store numbers in blocks lie input by input, or output by
// output as DeepSeek's keys do in GGUF files, in whole blocks.
type Weight struct {
	Name   string
	Type   tensor.DType
	Shape  [2]int // out, in
	Stride [2]int // elements between neighbouring outputs, inputs
	Bytes  []byte // begins at element [0, 0]
	// Order is which of the stored outputs each output is, where they lie in another
	// order, each with its inputs side by side: a fused matrix whose heads take turns,
	// or llama.cpp's pairs. Nil is in turn. Bytes begins at stored output 0 then.
	Order []int32
	// Scales are those of MXFP4 where they lie apart, one for each block of 32, as
	// in gpt-oss's folders (tensor.PackMXFP4); Bytes holds the numbers alone. Nil
	// where the blocks hold both.
	Scales []byte
}

// Row is where output o begins, in elements.
func (w Weight) Row(o int) int {
	if w.Order != nil {
		o = int(w.Order[o])
	}
	return o * w.Stride[0]
}

// Block is that of the type, but for the bytes of scales that lie apart.
func (w Weight) Block() (elements, bytes int) {
	elements, bytes = w.Type.Block()
	if w.Scales != nil {
		bytes--
	}
	return elements, bytes
}

// Decode fills dst with whole blocks of numbers as they are stored, from that of
// number at on.
func (w Weight) Decode(dst []float32, at int) {
	elements, bytes := w.Block()
	block := at / elements
	if w.Scales != nil {
		tensor.DecodeMXFP4(dst, w.Scales[block:], w.Bytes[block*bytes:])
		return
	}
	tensor.Decode(dst, w.Type, w.Bytes[block*bytes:])
}

// MatMulOpts say what a product adds and how its output is named.
type MatMulOpts struct {
	Bias []float32    // one per output, or nil
	Out  []tensor.Dim // the axes that the outputs split into, such as head, d_head
}

// NormOpts describe layer normalisation: gain * (x - mean) / scale + bias with
// scale = sqrt(variance + epsilon) (Ba, Kiros and Hinton 2016); or, with RMS,
// the same without the mean: gain * x / sqrt(mean of squares + epsilon) + bias
// (Zhang and Sennrich 2019).
type NormOpts struct {
	Gain, Bias []float32 // one per number of a row; nil is none
	Epsilon    float32
	RMS        bool
}

// RotaryOpts describe rotary position embedding (Su et al. 2021): 2 * Pairs
// components of each head, from First on, turn in pairs by their position's
// angles; the components before and after them stay.
type RotaryOpts struct {
	First    int       // the component that the turning ones begin at
	Pairs    int       // pairs that turn in each head
	Cos, Sin []float32 // [pos T, Pairs]
	// Interleaved pairs component 2i with 2i+1, as GPT-J does; otherwise i is
	// paired with i + Pairs. Both count from First.
	Interleaved bool
	// Apart writes what Interleaved read from 2i and 2i+1 to i and i + Pairs,
	// as DeepSeek V3 does.
	Apart bool
}

// Pair returns the components of a head that pair p is read from, and those that
// it is written to.
func (o RotaryOpts) Pair(p int) (from, to [2]int) {
	from = [2]int{o.First + p, o.First + p + o.Pairs}
	to = from
	if o.Interleaved {
		from = [2]int{o.First + 2*p, o.First + 2*p + 1}
	}
	if !o.Apart {
		to = from
	}
	return from, to
}

// Activation is the MLP's nonlinearity.
type Activation string

// The activations; names as Hugging Face's configs spell them.
const (
	GELUTanh Activation = "gelu_new" // 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
	GELU     Activation = "gelu"     // 0.5 x (1 + erf(x / sqrt(2)))
	ReLU     Activation = "relu"     // max(0, x)
	SiLU     Activation = "silu"     // x / (1 + exp(-x))
)

// Mask says which keys a query may see.
type Mask = tensor.Mask

// Backend computes. Ops return at once with an array that may not be ready
// yet; Get waits. After the first error every op does nothing, and Err tells
// what went wrong: the caller checks once, at the end.
//
// Shapes are written [outer, ..., inner]; T is the number of tokens.
type Backend interface {
	// Name is what --device calls this backend.
	Name() string
	// Put copies a tensor to the backend.
	Put(t tensor.Tensor) Array
	// Get copies an array back: the only call that waits.
	Get(a Array) tensor.Tensor
	// Err returns the first error of any op so far.
	Err() error
	// Close releases what the backend holds.
	Close() error

	// Gather returns rows of w, one per id: [pos T, d_model in].
	Gather(w Weight, ids []int32) Array
	// Rows returns x [pos T, ...] at some positions, in the order given.
	Rows(x Array, rows []int) Array
	// AddRows adds to x [pos T, ...], at each of some positions, all different, a
	// row of y times its factor: x[rows[i]] += factors[i] y[i], the product rounded
	// and then the sum. Like Go's append it may write to x's own memory, and
	// returns the array that takes x's place: x must not be read any more. What
	// else has x's numbers, lent, on their way by Later, or by Reshape, keeps them.
	AddRows(x, y Array, rows []int, factors []float32) Array
	// MatMul returns x · wᵀ + bias: x is [pos T, ...] with `in` numbers per
	// position, the result [pos T, o.Out...] with `out` numbers per position.
	MatMul(x Array, w Weight, o MatMulOpts) Array
	// Norm normalises each row of x [pos T, d] and returns the result and
	// each row's scale [pos T, one 1].
	Norm(x Array, o NormOpts) (normalized, scale Array)
	// Add returns a + b; the shapes are equal.
	Add(a, b Array) Array
	// Activate applies the nonlinearity to every number.
	Activate(x Array, f Activation) Array
	// Route gives each token's experts their shares: scores [pos T, expert E] ->
	// [pos T, expert E], zero for the experts that the token does not choose.
	Route(scores Array, o RouteOpts) Array

	// Reshape returns the same numbers under other axes, as many as before.
	Reshape(x Array, shape ...tensor.Dim) Array
	// Multiply returns a * b, number by number; the shapes are equal.
	Multiply(a, b Array) Array
	// Join puts y's vectors behind x's: x [pos T, head H, d_head A], y [pos T,
	// head KV, d_head B] -> [pos T, head H, d_head A+B]. Head h takes y's head
	// h / (H/KV).
	Join(x, y Array) Array
	// Rotate turns the pairs of x [pos T, head H, d_head D] by their position's
	// angles.
	Rotate(x Array, o RotaryOpts) Array

	// Scores returns q · k for every query and key: q [pos T, head H, d_head D],
	// k [pos T, head KV, d_head D] -> [head H, query_pos T, key_pos T].
	// Query head h reads key head h / (H/KV).
	Scores(q, k Array) Array
	// Scale multiplies every number by the factor.
	Scale(x Array, factor float32) Array
	// Softcap bends every number into (-cap, cap): cap * tanh(x / cap).
	Softcap(x Array, limit float32) Array
	// Clamp brings every number into [low, high].
	Clamp(x Array, low, high float32) Array
	// KeyBias adds bias [head H, key_pos T] to x [head H, query_pos T, key_pos
	// T], the same for every query: ALiBi's slope times the key's place (Press,
	// Smith and Lewis 2022; softmax does not see what is equal for all keys of a
	// query, so the key's place does for its distance).
	KeyBias(x Array, bias []float32) Array
	// Mask puts -Inf where the mask does not allow [.., query_pos, key_pos].
	Mask(x Array, m Mask) Array
	// Softmax normalises along the last axis: exp(x - max) / sum. A row that
	// holds only -Inf becomes zeros.
	Softmax(x Array) Array
	// SoftmaxSink is Softmax with one more logit for each head, which takes part
	// in the sum and in nothing else: x [head H, query_pos T, key_pos T], sinks
	// one per head. It returns the pattern, whose rows sum to less than 1, and
	// what is missing [head H, query_pos T].
	SoftmaxSink(x Array, sinks []float32) (pattern, sink Array)
	// Top returns the n largest numbers of each row of x [.., d], the largest first,
	// and their places in the row as numbers: both [.., rank n]. Of two that are equal
	// the earlier stands first; NaN counts as less than every number.
	Top(x Array, n int) (values, places Array)
	// Mix returns each query's weighted sum of values: pattern [head H,
	// query_pos T, key_pos T], v [pos T, head KV, d_head D] ->
	// [pos T, head H, d_head D].
	Mix(pattern, v Array) Array
	// HeadResults returns what each head writes into the residual stream:
	// z [pos T, head H, d_head D] through its own columns of the output
	// matrix w [out d_model, in H*D] -> [pos T, head H, d_model]. When z has
	// fewer heads than w (values under grouped-query attention), head h reads
	// z's head h / (H/KV), as in Scores and Mix.
	HeadResults(z Array, w Weight) Array
}

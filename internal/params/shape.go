// Package params counts a transformer's parameters from its shape alone, group
// by group and in exact integers, and says what they cost: bytes of weights,
// of cached keys and values and of scores, and floating-point operations.
package params

import "fmt"

// Shape is all that a count depends on: stacks of layers, and the tables and
// matrices around them.
type Shape struct {
	Name    string
	Family  string
	Vocab   int // rows of the embedding
	DModel  int // width of the residual stream
	Context int // the most tokens it reads, or what its config says of that
	Source  int // what an encoder always reads, such as Whisper's 30 seconds; 0 if that varies

	Stacks      []Stack // an encoder before its decoder
	EmbedWidth  int     // of a token's embedding where that is not d_model; else 0
	Unembedding Head
	Tables      []Array // outside the layers: positions, token types, convolutions, ...
	NormVectors int     // trained vectors per norm: 2 for LayerNorm, gain and bias; 1 for RMSNorm

	// Stored is what the published file holds beside the parameters, such as
	// masks; it counts only where StoredKnown says that the file is known.
	Stored      []Array
	StoredKnown bool
	FileBytes   int64 // of the tensors of a file at hand; 0 without one
	missing     int64 // parameters that the file lacks

	// DType is what the config says that the weights are stored in, or empty.
	DType string
	// Printed is the total that the paper prints beside this shape ("1.3B"), or
	// empty when the shape comes from a config.
	Printed string
	// Doubt says why the sizes may not be right, or is empty.
	Doubt string
}

// Head says where a model's unembedding is.
type Head string

// Where an unembedding is.
const (
	Tied Head = "tied" // it is the embedding
	Own  Head = "own"  // a matrix of its own
	None Head = "none" // the model predicts no words
)

// Stack is layers that run one after the other.
type Stack struct {
	Role   string // "encoder", "decoder"; empty when the model has only this one
	Blocks []Block
	Norms  int  // after the last layer or before the first one
	Causal bool // a token sees no later one
}

// Block is a number of equal layers.
type Block struct {
	Layers   int
	Self     Attention
	Windowed int       // how many of the layers keep to Self.Window
	Cross    Attention // to the encoder; no Heads where there is none
	MLP      MLP
	Norms    int // of width d_model, in each layer
}

// Attention is one layer's.
type Attention struct {
	Heads   int // query heads; 0: there is no attention
	KVHeads int // key and value heads; fewer than Heads under grouped-query attention
	DHead   int // width of a head's queries and keys
	DValue  int // of its values
	Biases  Biases
	Latent  Latent
	QNorm   int  // trained numbers of the norm of a layer's queries, 0 for none
	KNorm   int  // of its keys
	Sinks   bool // a trained score per head that takes weight from every key
	Window  int  // how many keys a query sees, itself included; 0 for all
}

// Biases says which of attention's four maps add one.
type Biases struct{ Q, K, V, O bool }

// Latent is how multi-head latent attention (DeepSeek-V2, arXiv 2405.04434)
// squeezes queries, keys and values; the zero value is attention without.
type Latent struct {
	Query    int // width of the queries' latent; 0: they come from d_model
	KeyValue int // of what keys and values share, which is what is cached
	Rope     int // of DHead, what carries the position, one for all heads' keys
}

// MLP is one layer's.
type MLP struct {
	Width   int  // of the hidden layer; of one expert's
	Gated   bool // a gate stands beside the up-projection
	Biases  bool
	Experts Experts
}

// Experts says how many MLPs stand in a layer's place, and how many of them
// work on one token; the zero value is one that always does.
type Experts struct {
	Routed     int
	Active     int // of Routed
	Shared     int // beside them, always active
	RouterBias bool
}

// Array is tables or matrices outside the layers.
type Array struct {
	Group  string
	What   string // which of the group's, where it has several
	Shape  []int
	Copies int  // 0 is 1
	Weight bool // counts for the chapter: neither bias, norm nor position
	Uses   int  // how often each token is multiplied with it; 0 for what is looked up
	Source bool // by the encoder's tokens
}

// main is the block that stands for the model where one number is told: the
// last stack's last.
func (s Shape) main() Block {
	for i := len(s.Stacks) - 1; i >= 0; i-- {
		if blocks := s.Stacks[i].Blocks; len(blocks) > 0 {
			return blocks[len(blocks)-1]
		}
	}
	return Block{}
}

// Layers is how many layers the model has, the encoder's excluded where there
// is a decoder.
func (s Shape) Layers() int {
	if len(s.Stacks) == 0 {
		return 0
	}
	layers := 0
	for _, b := range s.Stacks[len(s.Stacks)-1].Blocks {
		layers += b.Layers
	}
	return layers
}

// Heads is how many query heads a layer has.
func (s Shape) Heads() int { return s.main().Self.Heads }

// KVHeads is how many key and value heads a layer has.
func (s Shape) KVHeads() int { return s.main().Self.KVHeads }

// DHead is the width of a head's queries and keys.
func (s Shape) DHead() int { return s.main().Self.DHead }

// MLP is the last layer's.
func (s Shape) MLP() MLP { return s.main().MLP }

// Latent reports whether keys and values are squeezed into a latent.
func (s Shape) Latent() bool { return s.main().Self.Latent.KeyValue > 0 }

// Stacked reports whether an encoder feeds a decoder.
func (s Shape) Stacked() bool { return len(s.Stacks) > 1 }

// Generates reports whether the model writes token after token.
func (s Shape) Generates() bool {
	return len(s.Stacks) > 0 && s.Stacks[len(s.Stacks)-1].Causal
}

// embedWidth is the width of the embedding's rows.
func (s Shape) embedWidth() int {
	if s.EmbedWidth > 0 {
		return s.EmbedWidth
	}
	return s.DModel
}

// check reports the first size that no model can have.
func (s Shape) check() error {
	for _, part := range []struct {
		name string
		size int
	}{
		{"layers", s.Layers()},
		{"vocabulary", s.Vocab},
		{"d_model", s.DModel},
		{"context", s.Context},
	} {
		if part.size < 1 {
			return fmt.Errorf("%s is %d, it must be 1 or more", part.name, part.size)
		}
	}
	for _, stack := range s.Stacks {
		for _, b := range stack.Blocks {
			if err := b.check(); err != nil {
				return err
			}
		}
	}
	if s.NormVectors < 0 {
		return fmt.Errorf("a norm has %d vectors, it must be 0 or more", s.NormVectors)
	}
	return nil
}

func (b Block) check() error {
	for _, part := range []struct {
		name        string
		size, least int
	}{
		{"layers", b.Layers, 1},
		{"heads", b.Self.Heads, 1},
		{"key/value heads", b.Self.KVHeads, 1},
		{"d_head", b.Self.DHead, 1},
		{"the values' d_head", b.Self.DValue, 1},
		{"the part of d_head without position", b.Self.DHead - b.Self.Latent.Rope, 1},
		{"d_mlp", b.MLP.Width, 1},
		{"active experts", b.MLP.Experts.Active, min(b.MLP.Experts.Routed, 1)},
		{"idle experts", b.MLP.Experts.Routed - b.MLP.Experts.Active, 0},
		{"layers without a window", b.Layers - b.Windowed, 0},
	} {
		if part.size < part.least {
			return fmt.Errorf("%s is %d, it must be %d or more", part.name, part.size, part.least)
		}
	}
	return nil
}

// asWideAs returns the total if all heads together were width wide, whatever
// their number: per layer, 4 matrices of d_model × width and, under the
// convention that counts them, 3 biases of width.
func (s Shape) asWideAs(width int, c Convention) (int64, error) {
	b := s.main()
	b.Self.Heads, b.Self.KVHeads, b.Self.DHead, b.Self.DValue = 1, 1, width, width
	s.Printed, s.Stacks = "", []Stack{s.Stacks[0]}
	s.Stacks[0].Blocks = []Block{b}
	count, err := s.Count(c)
	return count.Total, err
}

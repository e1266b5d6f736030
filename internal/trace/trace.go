// Package trace is the middle of attn: everything that happened in one forward
// pass, as plain data. Models write traces; views, renderers, analyses and
// files read them, with no model and no GPU at hand.
package trace

import (
	"math"
	"strconv"

	"attn/internal/tensor"
)

// Schema is the version of the trace's form, in files and in JSON.
const Schema = "attn.trace/1"

// Token is one token of the sentence. Start and End are byte offsets into the
// text, or into the tokens' joined texts when the trace was made from ids. A
// token that is part of a character has the offsets of the character, and a
// special one that is not in the text has 0 and 0.
type Token struct {
	Pos   int    `json:"pos"`
	ID    int32  `json:"id"`
	Text  string `json:"text"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// Model says which model was traced, and its sizes.
type Model struct {
	Name       string `json:"name"`
	Family     string `json:"family"`
	Layers     int    `json:"layers"`
	Heads      int    `json:"heads"`
	KVHeads    int    `json:"kv_heads"`
	DModel     int    `json:"d_model"`
	DHead      int    `json:"d_head"`
	DValue     int    `json:"d_value,omitempty"` // of a value, where it is not DHead; else 0
	DVocab     int    `json:"d_vocab"`
	Parameters int64  `json:"parameters"`
	Device     string `json:"device"`
}

// ValueWidth is how many numbers a value has.
func (m Model) ValueWidth() int {
	if m.DValue > 0 {
		return m.DValue
	}
	return m.DHead
}

// Selected is the layer, head and focus token that the walk tells of.
type Selected struct {
	Layer int `json:"layer"`
	Head  int `json:"head"`
	Focus int `json:"focus"`
}

// Neighbour is a word of the vocabulary near some vector.
type Neighbour struct {
	ID     int32   `json:"id"`
	Text   string  `json:"text"`
	Cosine float64 `json:"cosine"`
}

// Nearest holds the words nearest to the focus token's vector before and after
// one head's change. It needs the embedding matrix, so it is worked out when
// the trace is made.
type Nearest struct {
	Selected
	Before []Neighbour `json:"before"`
	After  []Neighbour `json:"after"`
}

// Meta is what a trace knows beside its steps.
type Meta struct {
	Model        Model
	Text         string
	Dropped      int           // tokens cut from the front by --context
	Scales       []float32     // per layer: what raw scores are multiplied by, 1/√d_head unless the family differs
	Mask         tensor.Mask   // the mask that was used
	Masks        []tensor.Mask // per layer, where they differ; nil when all are Mask
	Parallel     bool          // attention and MLP read the same vector
	PostNorm     bool          // norms come after each sum, and the stream is what they make
	MaskForced   bool          // it is not the model's own
	Tile         *Tile         // the part that the steps of a tile hold; nil when there is none
	Milliseconds float64       // how long the forward pass took; 0 in a loaded trace
	Selected     Selected
	Rule         string // how layer, head and focus were picked, in words
	Nearest      *Nearest
	// Words holds the text of every token id that a reader may want to name:
	// the candidates for the next word at each position.
	Words map[int32]string
}

// Tile is a part of a pattern: queries and keys from the first number to before
// the second.
type Tile struct {
	Queries [2]int `json:"queries"`
	Keys    [2]int `json:"keys"`
}

// Step is one recorded step.
type Step struct {
	Name   string
	Op     string
	Inputs []string
	Rows   []int // the positions that Value holds, in rising order; nil when it holds all
	// Value has no numbers where they follow from others: Whole has.
	Value   tensor.Tensor
	derived *derivation
}

// Trace is one forward pass. Steps are in execution order.
type Trace struct {
	Meta   Meta
	Tokens []Token
	Steps  []Step
}

// Find returns a step's value, if the trace holds it for every position. Numbers that
// had to be worked out stay.
func (t *Trace) Find(name string) (tensor.Tensor, bool) {
	if s, ok := t.Held(name); ok && s.Rows == nil {
		return s.kept(), true
	}
	return tensor.Tensor{}, false
}

// Held returns a step, of whichever positions the trace holds.
func (t *Trace) Held(name string) (Step, bool) {
	for i := range t.Steps {
		if t.Steps[i].Name == name {
			return t.Steps[i], true
		}
	}
	return Step{}, false
}

// InBlock returns a block's step.
func (t *Trace) InBlock(layer int, name string) (tensor.Tensor, bool) {
	return t.Find(InBlock(layer, name))
}

// HeadsSum is what a layer's heads and their bias sum to: what attention writes,
// or, where a norm comes after it, what that norm was given.
func (t *Trace) HeadsSum(layer int) (tensor.Tensor, bool) {
	if out, ok := t.InBlock(layer, HeadsOut); ok {
		return out, true
	}
	return t.InBlock(layer, AttnOut)
}

// HeadsSumAt is HeadsSum at one position, of a trace that may hold no other.
func (t *Trace) HeadsSumAt(layer, pos int) ([]float32, bool) {
	if out, ok := t.At(InBlock(layer, HeadsOut), pos); ok {
		return out, true
	}
	return t.At(InBlock(layer, AttnOut), pos)
}

// Scale returns what a layer's raw scores are multiplied by.
func (t *Trace) Scale(layer int) float32 {
	if layer < len(t.Meta.Scales) {
		return t.Meta.Scales[layer]
	}
	return float32(1 / math.Sqrt(float64(t.Meta.Model.DHead)))
}

// Mask returns the mask that a layer used.
func (t *Trace) Mask(layer int) tensor.Mask {
	if layer < len(t.Meta.Masks) {
		return t.Meta.Masks[layer]
	}
	return t.Meta.Mask
}

// WordText returns the text of a vocabulary entry, or "#17" when the trace does
// not hold it.
func (t *Trace) WordText(id int32) string {
	if text, ok := t.Meta.Words[id]; ok {
		return text
	}
	return NoText(id)
}

// NoText stands for the text of a token that has none.
func NoText(id int32) string { return "#" + strconv.Itoa(int(id)) }

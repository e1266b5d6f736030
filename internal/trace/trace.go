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
// text; both are 0 when the trace was made from ids.
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
	Milliseconds float64       // how long the forward pass took; 0 in a loaded trace
	Selected     Selected
	Rule         string // how layer, head and focus were picked, in words
	Nearest      *Nearest
	// Words holds the text of every token id that a reader may want to name:
	// the candidates for the next word at each position.
	Words map[int32]string
}

// Step is one recorded step.
type Step struct {
	Name   string
	Op     string
	Inputs []string
	Value  tensor.Tensor
}

// Trace is one forward pass. Steps are in execution order.
type Trace struct {
	Meta   Meta
	Tokens []Token
	Steps  []Step
}

// Find returns a step's value.
func (t *Trace) Find(name string) (tensor.Tensor, bool) {
	for i := range t.Steps {
		if t.Steps[i].Name == name {
			return t.Steps[i].Value, true
		}
	}
	return tensor.Tensor{}, false
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

// Recorder collects the steps of a forward pass that somebody wants.
type Recorder struct {
	want  func(name string) bool
	asked map[string]bool // the steps that the model has
	trace Trace
}

// NewRecorder returns a recorder for a sentence. It keeps the steps that want
// says yes to; nil keeps none.
func NewRecorder(tokens []Token, want func(name string) bool) *Recorder {
	if want == nil {
		want = func(string) bool { return false }
	}
	return &Recorder{want: want, asked: map[string]bool{}, trace: Trace{Tokens: tokens}}
}

// Wants reports whether a step is to be kept: ask before copying, and for every
// step that the model has, for that is how the recorder knows them.
func (r *Recorder) Wants(name string) bool {
	if r == nil {
		return false
	}
	r.asked[name] = true
	return r.want(name)
}

// Record keeps a step. The tensor must not change afterwards.
func (r *Recorder) Record(name string, value tensor.Tensor) {
	step := Step{Name: name, Value: value}
	if hook, ok := FindHook(name); ok {
		layer, _ := Split(name)
		step.Op = hook.Op
		step.Inputs = inputsOf(hook.in(r.trace.Meta), layer, r.trace.Meta.Model.Layers, func(step string) bool { return r.asked[step] })
	}
	r.trace.Steps = append(r.trace.Steps, step)
}

// Describe sets what the trace knows beside its steps; call it before the
// first Record.
func (r *Recorder) Describe(meta Meta) { r.trace.Meta = meta }

// Trace returns what was recorded.
func (r *Recorder) Trace() *Trace { return &r.trace }

// NoText stands for the text of a token that has none.
func NoText(id int32) string { return "#" + strconv.Itoa(int(id)) }

package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"attn/internal/kernels"
)

// Config is a model's shape, whatever its family calls the fields.
type Config struct {
	Name    string // as the user knows it: "story", a folder's name
	Family  string
	Layers  int
	Heads   int // query heads
	KVHeads int // key and value heads; fewer than Heads under grouped-query attention
	DModel  int // width of the residual stream
	DHead   int // width of one head's queries, keys and, unless DValue says otherwise, values
	DValue  int // width of one head's values; 0 is DHead
	DMLP    int // width of the MLP's hidden layer
	DVocab  int // rows of the embedding
	DEmbed  int // width of the embedding and the unembedding, where it is not DModel; else 0
	Context int // the most tokens it can read

	Activation  kernels.Activation
	Gated       bool // the MLP's activation lets its up projection through or not
	NormEpsilon float32
	RMS         bool    // norms leave the mean in
	NormShift   float32 // added to every norm's gain: Gemma stores gain − 1
	Tied        bool    // the unembedding is the embedding
	Parallel    bool    // attention and MLP read the same vector
	PostNorm    bool    // norms come after each sum, and the stream is what they make

	Scales  []float32      // per layer: raw scores are multiplied by it
	Mask    kernels.Mask   // the model's own
	Masks   []kernels.Mask // per layer, where they differ; nil when all are Mask
	Ropes   []*Rope        // per layer, nil for a layer without; nil when none has one
	Softcap float32        // scores are bent to at most this; 0 is not
	ALiBi   ALiBi          // added to the scaled scores
	Latent  Latent         // what queries, keys and values come out of, where that is not the stream
	// QKNormWhole normalises queries and keys over all heads at once, not each
	// head's alone.
	QKNormWhole bool

	Experts     int               // of each MLP; 0 when it is one
	DExpert     int               // width of one expert's hidden layer
	DShared     int               // width of the experts that work on every token, side by side; 0 is none
	Routing     kernels.RouteOpts // how tokens choose experts; each block has its own correction
	DenseLayers []bool            // layers whose MLP is one after all; nil when none is
	// Clamp bounds what gate and up projections hand on, and makes the gate
	// gpt-oss's: (up + 1) · g · sigmoid(GateSlope g); 0 is neither.
	Clamp, GateSlope float32

	PositionOffset int     // OPT's table of positions begins with two rows that no text uses
	EmbedScale     float32 // the embedding is multiplied by it; 0 is not
	LogitScale     float32 // the logits are multiplied by it; 0 is not
	LogitSoftcap   float32 // the logits are bent to at most this; 0 is not
}

// embedWidth is the width of the embedding's rows.
func (c *Config) embedWidth() int {
	if c.DEmbed > 0 {
		return c.DEmbed
	}
	return c.DModel
}

// ValueWidth is the width of one head's values.
func (c *Config) ValueWidth() int {
	if c.DValue > 0 {
		return c.DValue
	}
	return c.DHead
}

// mask returns the mask of a layer.
func (c *Config) mask(layer int) kernels.Mask {
	if layer < len(c.Masks) {
		return c.Masks[layer]
	}
	return c.Mask
}

// routed reports whether a layer's MLP is a choice of experts.
func (c *Config) routed(layer int) bool {
	return c.Experts > 0 && (c.DenseLayers == nil || !c.DenseLayers[layer])
}

// rope returns what turns a layer's queries and keys, or nil.
func (c *Config) rope(layer int) *Rope {
	if layer < len(c.Ropes) {
		return c.Ropes[layer]
	}
	return nil
}

// The largest sizes that a config may state: far above every real model, and
// small enough that no product of two overflows.
const (
	maxLayers  = 1 << 12
	maxHeads   = 1 << 14
	maxWidth   = 1 << 20
	maxVocab   = 1 << 24
	maxContext = 1 << 28
	maxExperts = 1 << 12
)

// fields reads a config.json field by field, strictly typed, and gathers what
// is wrong with it.
type fields struct {
	values map[string]json.RawMessage
	errs   []error
}

func parseFields(data []byte) (*fields, error) {
	f := &fields{}
	if err := json.Unmarshal(data, &f.values); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("not JSON: %w, at byte %d", err, syntax.Offset)
		}
		return nil, errors.New("not a JSON object")
	}
	if f.values == nil {
		return nil, errors.New("not a JSON object")
	}
	return f, nil
}

// has reports whether a field is there and not null.
func (f *fields) has(name string) bool {
	raw, ok := f.values[name]
	return ok && string(raw) != "null"
}

func (f *fields) fail(format string, args ...any) {
	f.errs = append(f.errs, fmt.Errorf(format, args...))
}

// size reads a positive whole number of at most limit that must be there.
func (f *fields) size(name string, limit int) int {
	if !f.has(name) {
		f.fail("%s is missing", name)
		return 1
	}
	var number json.Number
	raw := f.values[name]
	if err := json.Unmarshal(raw, &number); err != nil || raw[0] == '"' {
		f.fail("%s is %s, not a whole number", name, short(raw))
		return 1
	}
	n, err := number.Int64()
	switch {
	case err != nil && strings.ContainsAny(number.String(), ".eE"):
		f.fail("%s is %s, not a whole number", name, short(raw))
	case err != nil || n > int64(limit):
		f.fail("%s is %s, the limit is %d", name, short(raw), limit)
	case n < 1:
		f.fail("%s is %d, it must be 1 or more", name, n)
	default:
		return int(n)
	}
	return 1
}

// sizeOr is size with a default for a field that is missing or null.
func (f *fields) sizeOr(name string, limit, otherwise int) int {
	if !f.has(name) {
		return otherwise
	}
	return f.size(name, limit)
}

func (f *fields) boolOr(name string, otherwise bool) bool {
	if !f.has(name) {
		return otherwise
	}
	var b bool
	if err := json.Unmarshal(f.values[name], &b); err != nil {
		f.fail("%s is %s, not true or false", name, short(f.values[name]))
	}
	return b
}

func (f *fields) stringOr(name, otherwise string) string {
	if !f.has(name) {
		return otherwise
	}
	var s string
	if err := json.Unmarshal(f.values[name], &s); err != nil {
		f.fail("%s is %s, not a string", name, short(f.values[name]))
	}
	return s
}

func (f *fields) stringsOf(name string) []string {
	if !f.has(name) {
		return nil
	}
	var list []string
	if err := json.Unmarshal(f.values[name], &list); err != nil {
		f.fail("%s is %s, not a list of strings", name, short(f.values[name]))
	}
	return list
}

// positiveOr reads a positive finite number.
func (f *fields) positiveOr(name string, otherwise float32) float32 {
	if !f.has(name) {
		return otherwise
	}
	var v float64
	if err := json.Unmarshal(f.values[name], &v); err != nil || float32(v) <= 0 || v > math.MaxFloat32 {
		f.fail("%s is %s, not a positive number", name, short(f.values[name]))
		return otherwise
	}
	return float32(v)
}

// err returns the first thing wrong, and says how many more there are.
func (f *fields) err() error {
	switch len(f.errs) {
	case 0:
		return nil
	case 1:
		return f.errs[0]
	}
	return fmt.Errorf("%w (and %d more)", f.errs[0], len(f.errs)-1)
}

// short cuts a value from a file to what fits an error's line.
func short(raw json.RawMessage) string {
	const most = 40
	text := []rune(strings.Join(strings.Fields(string(raw)), " ")) // on one line
	if len(text) > most {
		return string(text[:most]) + "..."
	}
	return string(text)
}

// ParseConfig reads a Hugging Face config.json, and says where its family keeps
// the weights.
func ParseConfig(data []byte) (Config, WeightNames, error) {
	f, err := parseFields(data)
	if err != nil {
		return Config{}, WeightNames{}, err
	}
	kind := f.stringOr("model_type", "")
	names := f.stringsOf("architectures")
	if err := f.err(); err != nil {
		return Config{}, WeightNames{}, err
	}
	for _, family := range Families() {
		fits := func(name string) bool { return slices.Contains(family.Architectures, name) }
		if family.Name != kind && !(kind == "" && slices.ContainsFunc(names, fits)) {
			continue
		}
		if err := f.checkQuantised(family.Quantised); err != nil {
			return Config{}, WeightNames{}, err
		}
		config, names := family.parse(f)
		config.Family = family.Name
		if err := f.err(); err != nil {
			return Config{}, WeightNames{}, err
		}
		if err := config.Routing.Check(config.Experts); config.Experts > 0 && err != nil {
			return Config{}, WeightNames{}, fmt.Errorf("the experts that each token uses: %w", err)
		}
		return config, names, nil
	}
	field := "model_type"
	switch {
	case kind == "" && len(names) == 0:
		return Config{}, WeightNames{}, errors.New("model_type is missing")
	case kind == "":
		field = "architectures"
	}
	return Config{}, WeightNames{}, &UnknownFamilyError{Field: field, Value: short(f.values[field])}
}

// checkQuantised refuses weights that were quantised after training, but for the
// methods that the family reads: their files hold other tensors than config.json
// tells of.
func (f *fields) checkQuantised(read []string) error {
	for _, name := range []string{"quantization_config", "compression_config"} {
		q := f.object(name)
		if q == nil {
			continue
		}
		method := q.stringOr("quant_method", "")
		switch {
		case len(q.errs) > 0:
			return fmt.Errorf("%s: %w", name, q.err())
		case method == "":
			return fmt.Errorf("%s: the weights are quantised, and quant_method is missing: attn does not read them", name)
		case !slices.Contains(read, method):
			return fmt.Errorf("%s: the weights are quantised by %s, which attn does not read", name, short(q.values["quant_method"]))
		}
	}
	return f.err()
}

// UnknownFamilyError says that a config names an architecture that attn does
// not run; Families lists those that it does.
type UnknownFamilyError struct{ Field, Value string }

func (e *UnknownFamilyError) Error() string {
	return fmt.Sprintf("%s %s is not one that attn runs", e.Field, e.Value)
}

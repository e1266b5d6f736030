package params

import "fmt"

// Use is what a model is run with.
type Use struct {
	Context int // tokens read and written so far, of each sequence
	Batch   int // sequences at once
	DType   DType
	Weights int64 // bytes of the weights where a file says them; 0: as many as DType takes
}

// InFile stands for the type of weights that are as their file has them.
const InFile = "file"

// Ledger is what running a model takes. Bytes and operations are floating-point
// numbers, exact up to 2 to the 53rd.
type Ledger struct {
	Batch      int    `json:"batch"`
	DType      string `json:"dtype"`       // of matrices, or InFile
	CacheDType string `json:"cache_dtype"` // of keys, values and scores
	// Source is how many tokens the encoder reads; 0 without one.
	Source int `json:"source,omitempty"`
	// Weights is the bytes of all parameters, idle experts included: matrices
	// in DType, and beside blocks biases, norms and other vectors in f32.
	Weights float64 `json:"weight_bytes"`

	Cost
	// Caches says what the cache is made of, and Grid what the largest layer's
	// scores are, of one sequence.
	Caches []Cache `json:"caches"`
	Grid   Grid    `json:"largest_scores"`
	// Growth is the cost at smaller contexts, each twice the one before, up to
	// Context itself.
	Growth []Cost `json:"growth"`
}

// Cost is what grows with the context.
type Cost struct {
	Context int     `json:"context"`
	Cache   float64 `json:"kv_cache_bytes"` // all layers and sequences
	// Scores is one layer's, the largest: a number for each query and key of
	// each head. AllScores is what all layers compute, one after the other.
	Scores    float64 `json:"score_bytes"`
	AllScores float64 `json:"all_score_bytes"`
	// PerToken is the work for the last token of the context, or for an
	// encoder's the share of one; Prompt that for all of it at once, every
	// sequence's.
	PerToken Work `json:"flops_per_token"`
	Prompt   Work `json:"flops_prompt"`
}

// Cache is what layers keep of one sequence.
type Cache struct {
	What    Kind `json:"what"`
	Layers  int  `json:"layers"`
	Numbers int  `json:"numbers"` // of each token
	Tokens  int  `json:"tokens"`
}

// Grid is the scores of one layer: each head's queries by keys.
type Grid struct {
	Heads   int `json:"heads"`
	Queries int `json:"queries"`
	Keys    int `json:"keys"`
}

// Kind is which tokens an attention sees.
type Kind string

// The kinds of attention.
const (
	Whole  Kind = "whole"  // its own sequence
	Window Kind = "window" // the last tokens of it
	Cross  Kind = "cross"  // the encoder's
)

// Work is floating-point operations; a multiplication with an addition is two.
type Work struct {
	Matrices  float64 `json:"matrices"`  // 2 per weight that works on the token
	Attention float64 `json:"attention"` // queries times keys, weights times values
	Total     float64 `json:"total"`
}

// Share is attention's part of the work.
func (w Work) Share() float64 { return w.Attention / w.Total }

// doublings is how many smaller contexts Growth has.
const doublings = 7

// Ledger says what running the model takes.
func (s Shape) Ledger(u Use) (Ledger, error) {
	if err := s.check(); err != nil {
		return Ledger{}, err
	}
	if u.Context < 1 || u.Batch < 1 || u.Context > maxContext || u.Batch > maxContext {
		return Ledger{}, fmt.Errorf("context %d and batch %d must be 1 to %d", u.Context, u.Batch, maxContext)
	}
	for _, c := range []Convention{Parameters, Chapter} { // so that all counts fit
		if _, err := s.Count(c); err != nil {
			return Ledger{}, err
		}
	}
	l := Ledger{
		Caches: []Cache{},
		Batch:  u.Batch, DType: u.DType.Name, CacheDType: u.DType.computed().Name,
		Weights: s.weightBytes(u.DType), Cost: s.cost(u),
	}
	if u.Weights > 0 {
		l.DType, l.Weights = InFile, float64(u.Weights)
	}
	l.describe(s.meter(u))
	if s.Stacked() {
		l.Source = s.sourceTokens(u.Context)
	}
	for i := doublings; i >= 0; i-- {
		smaller := u
		if smaller.Context = u.Context >> i; smaller.Context > 0 {
			l.Growth = append(l.Growth, s.cost(smaller))
		}
	}
	return l, nil
}

// describe lists what is kept, and finds the largest scores.
func (l *Ledger) describe(m meter) {
	largest := 0.0
	for _, a := range m.attentions {
		if a.cached > 0 {
			l.keep(Cache{What: a.kind, Layers: int(a.layers), Numbers: int(a.kept), Tokens: int(a.cached)})
		}
		if scores := a.heads * a.queries * a.row; scores > largest {
			largest, l.Grid = scores, Grid{Heads: int(a.heads), Queries: int(a.queries), Keys: int(a.row)}
		}
	}
}

// keep adds a cache, or its layers to one that is like it.
func (l *Ledger) keep(c Cache) {
	for i, other := range l.Caches {
		other.Layers = c.Layers
		if other == c {
			l.Caches[i].Layers += c.Layers
			return
		}
	}
	l.Caches = append(l.Caches, c)
}

// weightBytes stores matrices as t. Quantising leaves vectors, which are small
// and sensitive, in f32.
func (s Shape) weightBytes(t DType) float64 {
	var n checked
	vectors := t
	if t.Quantised() {
		vectors = DType{Bytes: 4, Block: 1}
	}
	total := 0.0
	for _, p := range s.trained() {
		if len(p.shape) > 1 {
			total += t.of(p.count(&n))
		} else {
			total += vectors.of(p.count(&n))
		}
	}
	return total
}

// sourceTokens is how long the encoder's text is taken to be: as long as the
// decoder's, where it is not fixed.
func (s Shape) sourceTokens(context int) int {
	if s.Source > 0 {
		return s.Source
	}
	return context
}

func (s Shape) cost(u Use) Cost {
	c := Cost{Context: u.Context}
	m := s.meter(u)
	batch, width := float64(u.Batch), u.DType.computed().Each()
	for _, a := range m.attentions {
		c.Cache += a.layers * a.kept * a.cached * batch * width
		scores := a.heads * a.queries * a.row * batch * width
		c.Scores, c.AllScores = max(c.Scores, scores), c.AllScores+a.layers*scores
		perPair := 2 * a.heads * (a.dHead + a.dValue)
		c.PerToken.Attention += a.layers * perPair * a.perToken
		c.Prompt.Attention += a.layers * perPair * a.pairs * batch
	}
	c.PerToken.Matrices = 2 * m.perToken
	c.Prompt.Matrices = 2 * batch * (m.perToken*float64(u.Context) + m.perSource*float64(s.sourceTokens(u.Context)))
	c.PerToken.Total = c.PerToken.Matrices + c.PerToken.Attention
	c.Prompt.Total = c.Prompt.Matrices + c.Prompt.Attention
	return c
}

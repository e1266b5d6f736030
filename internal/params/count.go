package params

import (
	"fmt"
	"strings"
)

// Convention says what is counted.
type Convention string

// The conventions.
const (
	// Chapter is how 3Blue1Brown counts: matrices only, with no biases, norms
	// or positions, and the unembedding as a matrix of its own.
	Chapter Convention = "chapter"
	// Parameters is every trained number, a tied matrix once.
	Parameters Convention = "parameters"
)

// Conventions lists them all.
func Conventions() []Convention { return []Convention{Chapter, Parameters} }

// ParseConvention finds a convention by its name.
func ParseConvention(name string) (Convention, error) {
	var names []string
	for _, c := range Conventions() {
		if string(c) == name {
			return c, nil
		}
		names = append(names, string(c))
	}
	return "", fmt.Errorf("convention %q is not one of %s", name, strings.Join(names, ", "))
}

// The names of the groups.
const (
	Embedding   = "embedding"
	Position    = "position"
	Query       = "query"
	Key         = "key"
	Value       = "value"  // the chapter's value-down
	Output      = "output" // the chapter's value-up
	Up          = "up"
	Gate        = "gate"
	Down        = "down"
	Bias        = "bias"
	Norm        = "norm"
	Unembedding = "unembedding"
)

// Group is a number of arrays of one shape: Count = Copies × ∏ Shape.
type Group struct {
	Name   string `json:"name"`
	Shape  []int  `json:"shape"`
	Copies int64  `json:"copies"`
	Count  int64  `json:"count"`
}

// Count is what a model's parameters add up to.
type Count struct {
	Model      string     `json:"model"`
	Convention Convention `json:"convention"`
	Groups     []Group    `json:"groups"` // in the order of the forward pass; they sum to Total

	PerHead           int64 `json:"per_head"` // its four matrices, and the three biases of its own where biases count
	PerLayerAttention int64 `json:"per_layer_attention"`
	Attention         int64 `json:"attention"` // all layers, biases included where they count
	MLP               int64 `json:"mlp"`       // likewise
	Total             int64 `json:"total"`

	PerMatrix int64    `json:"per_matrix"` // one query, key, value or output matrix of one head
	Matrices  int64    `json:"matrices"`   // as the chapter counts them, whatever the convention
	ValueMap  ValueMap `json:"value_map"`
	Flags     []Flag   `json:"flags,omitempty"`
}

// ValueMap compares the value map as it is, factored through d_head, with the
// full d_model × d_model matrix that it could be.
type ValueMap struct {
	Full        int64 `json:"full"`         // one head: d_model²
	Factored    int64 `json:"factored"`     // one head: 2 d_head d_model
	AllFull     int64 `json:"all_full"`     // all heads in all layers
	AllFactored int64 `json:"all_factored"` // likewise
}

// Flag is a doubt about a shape, with the other reading and its total.
type Flag struct {
	Text  string `json:"text"`
	Width int    `json:"width"` // all heads together, in the other reading
	Total int64  `json:"total"` // under the other reading
}

// Find returns a group by name.
func (c Count) Find(name string) (Group, bool) {
	for _, g := range c.Groups {
		if g.Name == name {
			return g, true
		}
	}
	return Group{}, false
}

// Count counts under a convention.
func (s Shape) Count(convention Convention) (Count, error) {
	if err := s.check(); err != nil {
		return Count{}, err
	}
	counted := s
	if convention == Chapter {
		counted = s.weightsOnly()
	}
	var n checked
	c := Count{Model: s.Name, Convention: convention, Groups: counted.groups(&n)}
	for _, g := range c.Groups {
		c.Total = n.sum(c.Total, g.Count)
	}
	counted.countAttention(&c, &n)
	counted.countMLP(&c, &n)
	c.Matrices = s.matrices(&n)
	c.ValueMap = s.valueMap(&n)
	if err := n.err(); err != nil {
		return Count{}, err
	}
	return c, s.flag(&c)
}

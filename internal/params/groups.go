package params

import "slices"

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
	Router      = "router"
	Bias        = "bias"
	Norm        = "norm"
	Unembedding = "unembedding"
	Other       = "other"
)

// order is that of the forward pass, and then what stands aside.
func order() []string {
	return []string{
		Embedding, Position, Query, Key, Value, Output, Up, Gate, Down, Router, Bias, Norm, Unembedding, Other,
	}
}

// Group is a number of arrays: Count = Copies × ∏ Shape. Where they are not
// all of one shape, Shape is their number alone and Parts has the shapes.
type Group struct {
	Name   string `json:"name"`
	Shape  []int  `json:"shape"`
	Copies int64  `json:"copies"`
	Count  int64  `json:"count"`
	Parts  []Part `json:"parts,omitempty"` // where there are several

	of []Factor // what Copies is the product of, where there is one part
}

// Rows lists the parts, also where there is only one.
func (g Group) Rows() []Part {
	if len(g.Parts) == 0 {
		return []Part{{Shape: g.Shape, Of: g.of, Count: g.Count}}
	}
	return g.Parts
}

// Part is arrays of one shape: Count = ∏ Of × ∏ Shape.
type Part struct {
	What  string   `json:"what,omitempty"` // which of the group's; empty for the main one
	Shape []int    `json:"shape"`
	Of    []Factor `json:"of,omitempty"`
	Count int64    `json:"count"`
}

// gather puts pieces into groups. The pieces of a group that do the same are
// one part: equal matrices of several layers together, the biases of one layer
// end to end.
func gather(pieces []piece, n *checked) []Group {
	var groups []Group
	for _, name := range order() {
		var parts []piece
		for _, p := range pieces {
			if p.group == name {
				parts = merge(parts, p)
			}
		}
		if len(parts) > 0 {
			groups = append(groups, group(name, parts, n))
		}
	}
	return groups
}

// merge adds a piece to the part that it belongs to, or as a part of its own.
func merge(parts []piece, p piece) []piece {
	for i, q := range parts {
		if q.what != p.what {
			continue
		}
		if p.group == Bias && slices.Equal(q.of, p.of) {
			parts[i].shape = []int{q.shape[0] + p.shape[0]}
			return parts
		}
		if of, ok := more(q.of, p.of); ok && p.group != Bias && slices.Equal(q.shape, p.shape) {
			parts[i].of = of
			return parts
		}
	}
	return append(parts, p)
}

// more adds up copies whose factors differ in the last one at most.
func more(a, b []Factor) ([]Factor, bool) {
	last := len(a) - 1
	if last < 0 || len(b) != len(a) || !slices.Equal(a[:last], b[:last]) || a[last].Unit != b[last].Unit {
		return nil, false
	}
	sum := slices.Clone(a)
	sum[last].N += b[last].N
	return sum, true
}

func group(name string, parts []piece, n *checked) Group {
	g := Group{Name: name, Shape: parts[0].shape}
	for _, p := range parts {
		count := p.count(n)
		g.Copies, g.Count = n.sum(g.Copies, p.copies(n)), n.sum(g.Count, count)
		if !slices.Equal(g.Shape, p.shape) {
			g.Shape = nil
		}
		g.Parts = append(g.Parts, Part{What: p.what, Shape: p.shape, Of: p.of, Count: count})
	}
	if len(parts) == 1 && parts[0].what == "" {
		g.Parts, g.of = nil, parts[0].of
	}
	if g.Shape == nil {
		g.Shape, g.Copies = []int{int(g.Count)}, 1
	}
	return g
}

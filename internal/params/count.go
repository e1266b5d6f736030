package params

import (
	"errors"
	"fmt"
)

// Count is what a model's parameters add up to.
type Count struct {
	Model      string     `json:"model"`
	Convention Convention `json:"convention"`
	Groups     []Group    `json:"groups"` // in the order of the forward pass; they sum to Total

	PerHead           int64 `json:"per_head"` // its four matrices, and the three biases of its own where biases count
	PerLayerAttention int64 `json:"per_layer_attention"`
	Attention         int64 `json:"attention"` // all layers, biases included where they count
	MLP               int64 `json:"mlp"`       // likewise; without routers
	Total             int64 `json:"total"`
	// Active is the part of Total that works on one token, where there are
	// experts that do not; else 0.
	Active int64 `json:"active,omitempty"`

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

// ErrUncounted is in the error of a Count under a convention that says nothing
// of the model: a file that is not known, a formula for other models.
var ErrUncounted = errors.New("not counted")

// Count counts under a convention.
func (s Shape) Count(convention Convention) (Count, error) {
	if err := s.check(); err != nil {
		return Count{}, err
	}
	pieces, err := s.counted(convention)
	if err != nil {
		return Count{}, err
	}
	var n checked
	c := Count{Model: s.Name, Convention: convention, Groups: gather(pieces, &n)}
	c.add(pieces, &n)
	c.PerMatrix = n.product(s.DHead(), s.DModel)
	c.PerHead = s.perHead(pieces, &n)
	c.PerLayerAttention = s.perLayer(pieces, &n)
	c.Matrices = s.matrices(&n)
	c.ValueMap = s.valueMap(&n)
	if err := n.err(); err != nil {
		return Count{}, err
	}
	if err := s.flag(&c); err != nil {
		return Count{}, err
	}
	return c, nil
}

// add sums the pieces.
func (c *Count) add(pieces []piece, n *checked) {
	active := int64(0)
	for _, p := range pieces {
		count := p.count(n)
		c.Total, active = n.sum(c.Total, count), n.sum(active, p.running().count(n))
		switch p.in {
		case attention:
			c.Attention = n.sum(c.Attention, count)
		case mlp:
			c.MLP = n.sum(c.MLP, count)
		}
	}
	if active != c.Total {
		c.Active = active
	}
}

// perHead is one head's share of the matrices that a layer has once per head,
// and of the biases that are as wide as the heads.
func (s Shape) perHead(pieces []piece, n *checked) int64 {
	a, biases := s.main().Self, false
	heads := Shape{DModel: s.DModel}.attention("", 1, a)
	total := int64(0)
	for _, p := range heads {
		if len(p.of) == 2 { // heads × layers
			total = n.sum(total, n.product(p.shape...))
		}
	}
	for _, p := range pieces {
		biases = biases || p.group == Bias && p.in == attention
	}
	for i, there := range []bool{a.Biases.Q, a.Biases.K, a.Biases.V} {
		if there && biases && !s.Latent() {
			total = n.sum(total, int64([]int{a.DHead, a.DHead, a.DValue}[i]))
		}
	}
	return total
}

// perLayer is one layer's attention to its own stack's tokens: the last
// stack's, counted as all the pieces are.
func (s Shape) perLayer(pieces []piece, n *checked) int64 {
	role, total, layers := s.Stacks[len(s.Stacks)-1].Role, int64(0), int64(s.Layers())
	for _, p := range pieces {
		if p.in == attention && (role == "" || p.what == role) {
			total = n.sum(total, p.count(n))
		}
	}
	return total / layers
}

// matrices counts as the chapter does: query, key and value-down of each head,
// one joint output matrix per layer, those of the MLP, and embedding and
// unembedding. For GPT-3 96·96·3 + 96 + 2·96 + 2 = 27,938.
func (s Shape) matrices(n *checked) int64 {
	total := int64(0)
	for _, p := range s.pieces() {
		if !p.weight {
			continue
		}
		if p.joint {
			p.of = p.of[len(p.of)-1:] // the layers
		}
		total = n.sum(total, p.copies(n))
	}
	return total
}

func (s Shape) valueMap(n *checked) ValueMap {
	v := ValueMap{
		Full:     n.product(s.DModel, s.DModel),
		Factored: n.product(2, s.main().Self.DValue, s.DModel),
	}
	heads := int64(0)
	for _, p := range s.pieces() {
		if p.group == Output {
			heads = n.sum(heads, p.copies(n))
		}
	}
	v.AllFull, v.AllFactored = n.times(v.Full, int(heads)), n.times(v.Factored, int(heads))
	return v
}

// flag notes a printed row whose heads do not multiply out to d_model. It is
// counted as printed all the same: which of the figures is off is not known.
func (s Shape) flag(c *Count) error {
	heads, dHead := s.Heads(), s.DHead()
	width := heads * dHead
	if s.Printed == "" || width == s.DModel {
		return nil
	}
	other, err := s.asWideAs(s.DModel, c.Convention)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("the paper's table prints %s heads of %s, together %s, beside a d_model of %s: "+
		"counted as printed the total is %s, with attention as wide as d_model it is %s; the table says %s",
		Digits(int64(heads)), Digits(int64(dHead)), Digits(int64(width)), Digits(int64(s.DModel)),
		Digits(c.Total), Digits(other), s.Printed)
	c.Flags = append(c.Flags, Flag{Text: text, Width: s.DModel, Total: other})
	return nil
}

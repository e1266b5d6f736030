package params

// Factor is one of the numbers that copies are the product of: 96 heads.
type Factor struct {
	N    int    `json:"n"`
	Unit string `json:"unit"` // "head", "layer", "expert"
}

// section is which part of a layer an array belongs to.
type section int

const (
	outside section = iota
	attention
	mlp
)

// piece is a number of arrays of one shape that do one thing.
type piece struct {
	group string
	what  string // which of the group's, where it has several
	shape []int  // as the chapter multiplies, a matrix times a column vector: [out, in]
	of    []Factor
	in    section

	weight bool // counts for the chapter: a matrix, not a bias, norm or position
	joint  bool // the heads' matrices are one, side by side
	uses   int  // how often a token is multiplied with it; 0 for what is looked up
	source bool // the encoder's tokens are
	active int  // of the experts among its factors, how many work on a token; 0 for all
}

func (p piece) copies(n *checked) int64 {
	copies := int64(1)
	for _, f := range p.of {
		copies = n.times(copies, f.N)
	}
	return copies
}

func (p piece) count(n *checked) int64 { return n.times(p.copies(n), p.shape...) }

// running is the piece as one token meets it: without the experts that it is
// not sent to.
func (p piece) running() piece {
	if p.active == 0 {
		return p
	}
	of := make([]Factor, len(p.of))
	for i, f := range p.of {
		if f.Unit == unitExpert {
			f.N = p.active
		}
		of[i] = f
	}
	p.of = of
	return p
}

// The units of factors.
const (
	unitHead   = "head"
	unitLayer  = "layer"
	unitExpert = "expert"
	unitGain   = "gain"
	unitNorm   = "gains and biases" // of layer norms: two vectors each
)

// pieces lists all that the model is made of, the unembedding of its own
// included even where it is the embedding.
func (s Shape) pieces() []piece {
	width := s.embedWidth()
	list := []piece{{group: Embedding, shape: []int{width, s.Vocab}, weight: true}}
	for _, a := range s.Tables {
		list = append(list, a.piece())
	}
	for _, stack := range s.Stacks {
		encoder := s.Stacked() && !stack.Causal
		for _, b := range stack.Blocks {
			for _, p := range s.block(stack.Role, b) {
				p.source = p.source || encoder
				list = append(list, p)
			}
		}
		list = append(list, s.norms("", stack.Norms, s.DModel)...)
	}
	if s.Unembedding != None {
		list = append(list, piece{group: Unembedding, shape: []int{s.Vocab, width}, weight: true, uses: 1})
	}
	return list
}

func (a Array) piece() piece {
	p := piece{group: a.Group, what: a.What, shape: a.Shape, weight: a.Weight, uses: a.Uses, source: a.Source}
	if a.Copies > 1 {
		p.of = []Factor{{a.Copies, unitLayer}}
	}
	return p
}

// norms are n norms of a width; each has NormVectors vectors.
func (s Shape) norms(what string, n, width int) []piece {
	if n == 0 || s.NormVectors == 0 {
		return nil
	}
	unit := unitGain
	if s.NormVectors > 1 {
		unit = unitNorm
	}
	return []piece{{group: Norm, what: what, shape: []int{width}, of: []Factor{{n * s.NormVectors, unit}}}}
}

// block is what a number of equal layers are made of.
func (s Shape) block(role string, b Block) []piece {
	list := s.attention(role, b.Layers, b.Self)
	if b.Cross.Heads > 0 {
		for _, p := range s.attention("cross", b.Layers, b.Cross) {
			p.source = p.group == Key || p.group == Value // they read the encoder's tokens
			list = append(list, p)
		}
	}
	list = append(list, s.mlp(role, b)...)
	return append(list, s.norms("", b.Norms*b.Layers, s.DModel)...)
}

// attention is that of a number of layers.
func (s Shape) attention(role string, layers int, a Attention) []piece {
	heads := []Factor{{a.Heads, unitHead}, {layers, unitLayer}}
	kvHeads := []Factor{{a.KVHeads, unitHead}, {layers, unitLayer}}
	each := []Factor{{layers, unitLayer}}
	var list []piece
	matrix := func(group, what string, of []Factor, out, in int) {
		list = append(list, piece{
			group: group, what: join(role, what), shape: []int{out, in}, of: of, in: attention,
			weight: true, joint: group == Output, uses: 1,
		})
	}
	vector := func(group, what string, size int) {
		if size > 0 {
			list = append(list, piece{group: group, what: join(role, what), shape: []int{size}, of: each, in: attention})
		}
	}
	if rank := a.Latent.Query; rank > 0 {
		matrix(Query, "to the latent", each, rank, s.DModel)
		vector(Query, "the latent's norm", rank)
		matrix(Query, "from the latent", heads, a.DHead, rank)
	} else {
		matrix(Query, "", heads, a.DHead, s.DModel)
	}
	if rank := a.Latent.KeyValue; rank > 0 {
		matrix(Key, "to the latent", each, rank, s.DModel) // which the values share
		vector(Key, "the latent's norm", rank)
		matrix(Key, "position", each, a.Latent.Rope, s.DModel)
		matrix(Key, "from the latent", heads, a.DHead-a.Latent.Rope, rank)
		matrix(Value, "from the latent", heads, a.DValue, rank)
	} else {
		matrix(Key, "", kvHeads, a.DHead, s.DModel)
		matrix(Value, "", kvHeads, a.DValue, s.DModel)
	}
	matrix(Output, "", heads, s.DModel, a.DValue)
	vector(Bias, "", a.bias(s.DModel))
	if a.Sinks {
		vector(Other, "sinks", a.Heads)
	}
	return append(list, a.norms(role, layers)...)
}

// norms are those of queries and keys.
func (a Attention) norms(role string, layers int) []piece {
	if a.QNorm == a.KNorm && a.QNorm > 0 {
		return []piece{{group: Norm, what: join(role, "queries and keys"), shape: []int{a.QNorm}, of: []Factor{{2 * layers, unitGain}}}}
	}
	var list []piece
	if a.QNorm > 0 {
		list = append(list, piece{group: Norm, what: join(role, "queries"), shape: []int{a.QNorm}, of: []Factor{{layers, unitGain}}})
	}
	if a.KNorm > 0 {
		list = append(list, piece{group: Norm, what: join(role, "keys"), shape: []int{a.KNorm}, of: []Factor{{layers, unitGain}}})
	}
	return list
}

// bias is the length of one layer's: b_Q, b_K, b_V, as wide as all their
// heads, and b_O, which the heads share. Where there are latents it is their
// maps that add one, not those from them to the heads.
func (a Attention) bias(dModel int) int {
	length, queries, keys := 0, a.Heads*a.DHead, a.KVHeads*a.DHead
	if a.Latent.KeyValue > 0 {
		queries, keys = a.Latent.Query, a.Latent.KeyValue+a.Latent.Rope
	}
	for _, part := range []struct {
		there bool
		width int
	}{
		{a.Biases.Q, queries},
		{a.Biases.K, keys},
		{a.Biases.V, a.KVHeads * a.DValue},
		{a.Biases.O, dModel},
	} {
		if part.there {
			length += part.width
		}
	}
	return length
}

// mlp is that of a number of layers, with its router.
func (s Shape) mlp(role string, b Block) []piece {
	m, e := b.MLP, b.MLP.Experts
	each := []Factor{{b.Layers, unitLayer}}
	if e.Routed == 0 && s.MLP().Experts.Routed > 0 { // beside layers with experts
		return m.pieces(join(role, "dense"), s.DModel, 0, each)
	}
	if e.Routed == 0 {
		return m.pieces(role, s.DModel, 0, each)
	}
	list := m.pieces(join(role, "experts"), s.DModel, e.Active, []Factor{{e.Routed, unitExpert}, {b.Layers, unitLayer}})
	if e.Shared > 0 {
		list = append(list, m.pieces(join(role, "shared"), s.DModel, 0, []Factor{{e.Shared, unitExpert}, {b.Layers, unitLayer}})...)
	}
	list = append(list, piece{group: Router, what: role, shape: []int{e.Routed, s.DModel}, of: each, weight: true, uses: 1})
	if e.RouterBias {
		list = append(list, piece{group: Router, what: join(role, "bias"), shape: []int{e.Routed}, of: each})
	}
	return list
}

// pieces are a number of MLPs: the up-projection, the gate, the
// down-projection and their biases.
func (m MLP) pieces(what string, dModel, active int, of []Factor) []piece {
	p := piece{what: what, of: of, in: mlp, active: active}
	matrix := func(group string, out, in int) piece {
		q := p
		q.group, q.shape, q.weight, q.uses = group, []int{out, in}, true, 1
		return q
	}
	list, bias := []piece{matrix(Up, m.Width, dModel)}, m.Width+dModel
	if m.Gated {
		list, bias = append(list, matrix(Gate, m.Width, dModel)), bias+m.Width
	}
	list = append(list, matrix(Down, dModel, m.Width))
	if m.Biases {
		p.group, p.shape = Bias, []int{bias}
		list = append(list, p)
	}
	return list
}

// join names a part of a part.
func join(role, what string) string {
	if role == "" || what == "" {
		return role + what
	}
	return role + ", " + what
}

package kernelstest

import (
	"fmt"
	"math"
	"sync"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// How far a fused attention may lie from package ref. A score s(i, j) that is
// worked out in float32 is off by at most
//
//	e(i, j) = (d + 8) u (|scale| sum|q||k| + |slope| j + tiny (1 + |scale|))
//
// for the softcap bends no two scores apart, and E(i) is the largest e of a row.
// The weight p(i, j) is e^(s − top) over the sum of all: both parts are off by a
// factor of e^±E for the scores, by 4 u for each exponential, and by
// u |s − top| for its argument, once when the weight is made and once, all
// together, when it is scaled down because a larger score came, which happens at
// most once in a block of 64 keys and takes 10 u. The sums over keys are n
// additions. With T(i) the mean of |s − top| under p, that is
//
//	r(i, j) = exp(2 E + u (2 |s − top| + 2 T + n + 10 (n/64 + 1) + 24)) − 1
//
//	out          sum_j p r |v|
//	lse          E + u (2 |lse| + 2 T + 10 (n/64 + 1) + 24)
//	entropy      sum_j p r (|log p| + 2) + 4 u (entropy + T), to first order in r
//	weights      p r, and for a sum of them the sum of p r
//	tile scores  e
//
// Weights below the smallest normal float32 may be zero.

// fusedResults are the results of a call, in the order in which they are told.
// The keys listed are held to their weights by listedKeys.
const (
	fusedOut = iota
	fusedLSE
	fusedEntropy
	fusedFirst
	fusedNear
	fusedSink
	fusedTop
	fusedRest
	fusedReceived
	fusedPooled
	fusedTileScores
	fusedTilePattern
)

// fused is a call of Attention that asks for everything.
func fused(name string, q, k, v tensor.Tensor, o kernels.AttentionOpts) Call {
	dense := sync.OnceValue(func() *densePattern { return newDensePattern(q, k, v, o) })
	return Call{
		Name: name, inputs: []tensor.Tensor{q, k, v},
		run: func(be kernels.Backend, _ kernels.Weight, in []kernels.Array) []kernels.Array {
			out, s := settled(be, in[0], in[1], in[2], o)
			results := []kernels.Array{out}
			for _, stat := range []tensor.Tensor{
				s.LSE, s.Entropy, s.First, s.Near, s.Sink, s.TopWeights, s.Rest, s.Received, s.Pooled, s.TileScores, s.TilePattern,
			} {
				if stat.Shape == nil {
					stat = tensor.New(tensor.D(tensor.One, 1))
				}
				results = append(results, be.Put(stat))
			}
			return results
		},
		allowed: func(result, i int, _ float64) bound { return dense().allowed(result, i) },
	}
}

// settled is Attention, and waits for the statistics.
func settled(be kernels.Backend, q, k, v kernels.Array, o kernels.AttentionOpts) (kernels.Array, kernels.AttentionStats) {
	out, stats := be.(kernels.FusedAttention).Attention(q, k, v, o)
	if later, ok := be.(kernels.Overlapping); ok {
		later.Settle()
	}
	return out, stats
}

// densePattern is the whole pattern in float64, and how far a weight may be off.
type densePattern struct {
	o             kernels.AttentionOpts
	v             tensor.Tensor
	t, n          int // queries, keys
	heads, wide   int
	score, weight []float64 // [head, query, key]
	scoreError    []float64
	relative      []float64 // r
	rows          []denseRow
}

type denseRow struct{ lse, top, mean, worst, sink, sinkError float64 }

func newDensePattern(q, k, v tensor.Tensor, o kernels.AttentionOpts) *densePattern {
	t, heads, d := q.Shape[0].Size, q.Shape[1].Size, q.Shape[2].Size
	n := k.Shape[0].Size
	all := heads * t * n
	p := &densePattern{
		o: o, v: v, t: t, n: n, heads: heads, wide: v.Shape[2].Size, rows: make([]denseRow, heads*t),
		score: make([]float64, all), weight: make([]float64, all), scoreError: make([]float64, all), relative: make([]float64, all),
	}
	for row := range p.rows {
		h, i := row/t, row%t
		for j := range n {
			p.fill(row*n+j, h, i, j, q.Row(i, h), k.Row(j, h/(heads/k.Shape[1].Size)), d)
		}
		p.normalise(row)
	}
	return p
}

// fill works one score out.
func (p *densePattern) fill(at, h, i, j int, q, k []float32, d int) {
	product, size := 0.0, 0.0
	for e := range q {
		product += float64(q[e]) * float64(k[e])
		size += math.Abs(float64(q[e]) * float64(k[e]))
	}
	x := product * float64(p.o.Scale)
	size *= math.Abs(float64(p.o.Scale))
	if c := float64(p.o.Softcap); c != 0 {
		x = c * math.Tanh(x/c)
	}
	if p.o.Slopes != nil {
		bias := float64(p.o.Slopes[h]) * float64(j)
		x, size = x+bias, size+math.Abs(bias)
	}
	if !p.o.Mask.Allows(i, j) {
		p.score[at] = math.Inf(-1)
		return
	}
	p.score[at], p.scoreError[at] = x, float64(d+8)*u*(size+tiny*(1+math.Abs(float64(p.o.Scale))))
}

// normalise makes weights of a row's scores.
func (p *densePattern) normalise(row int) {
	scores, r := p.score[row*p.n:][:p.n], &p.rows[row]
	sink := math.Inf(-1)
	if p.o.Sinks != nil {
		sink = float64(p.o.Sinks[row/p.t])
	}
	r.top = sink
	for j, s := range scores {
		r.top, r.worst = math.Max(r.top, s), math.Max(r.worst, p.scoreError[row*p.n+j])
	}
	sum := math.Exp(sink - r.top)
	for _, s := range scores {
		sum += math.Exp(s - r.top)
	}
	r.lse, r.sink = r.top+math.Log(sum), math.Exp(sink-r.top)/sum
	for j, s := range scores {
		w := math.Exp(s-r.top) / sum
		p.weight[row*p.n+j] = w
		if w > 0 {
			r.mean += w * (r.top - s)
		}
	}
	for j, s := range scores {
		p.relative[row*p.n+j] = p.factor(*r, s)
	}
	r.sinkError = r.sink * p.factor(*r, sink)
}

// factor is r for a score.
func (p *densePattern) factor(r denseRow, score float64) float64 {
	if math.IsInf(score, -1) {
		return 0
	}
	return math.Expm1(2*r.worst + u*(2*(r.top-score)+2*r.mean+float64(p.n)+p.rescaling()))
}

func (p *densePattern) rescaling() float64 { return 10*float64(p.n/64+1) + 24 }

// sum adds f up over the keys of a row.
func (p *densePattern) sum(row int, f func(j int, weight, wrong float64) float64) float64 {
	sum := 0.0
	for j := range p.n {
		w := p.weight[row*p.n+j]
		sum += f(j, w, w*p.relative[row*p.n+j]+tiny)
	}
	return sum
}

// allowed is how far one number of one result may be off.
func (p *densePattern) allowed(result, i int) bound {
	far := 0.0
	switch r := p.rowOf(result, i); result {
	case fusedOut:
		head := (i / p.wide % p.heads) / (p.heads / p.v.Shape[1].Size)
		far = p.sum(r, func(j int, _, wrong float64) float64 { return wrong * math.Abs(float64(p.v.At(j, head, i%p.wide))) })
	case fusedLSE:
		row := p.rows[r]
		far = row.worst + u*(2*math.Abs(row.lse)+2*row.mean+p.rescaling())
	case fusedEntropy:
		entropy := 0.0
		far = p.sum(r, func(_ int, w, wrong float64) float64 {
			log := 0.0
			if w > 0 {
				log = math.Abs(math.Log(w))
			}
			entropy += w * log
			return wrong * (log + 2)
		})
		far += 4 * u * (entropy + p.rows[r].mean)
	case fusedFirst:
		far = p.wrong(r, 0)
	case fusedNear, fusedRest:
		far = p.sum(r, func(_ int, _, wrong float64) float64 { return wrong })
	case fusedSink:
		far = p.rows[r].sinkError + tiny
	case fusedTop:
		p.sum(r, func(_ int, _, wrong float64) float64 { far = math.Max(far, wrong); return 0 })
	case fusedReceived:
		for q := range p.t {
			far += p.wrong(i/p.n*p.t+q, i%p.n)
		}
	case fusedPooled:
		far = p.pooled(i)
	case fusedTileScores, fusedTilePattern:
		far = p.tile(result, i)
	}
	if math.IsInf(far, 0) || math.IsNaN(far) {
		return bound(math.Inf(1))
	}
	return bound(far)
}

// rowOf is the row [head, query] that a number belongs to, where it is one's.
func (p *densePattern) rowOf(result, i int) int {
	switch result {
	case fusedOut:
		return i/p.wide%p.heads*p.t + i/p.wide/p.heads
	case fusedTop:
		return i / p.o.Top
	case fusedReceived, fusedPooled, fusedTileScores, fusedTilePattern:
		return 0
	}
	return i
}

// wrong is how far the weight of one key may be off.
func (p *densePattern) wrong(row, j int) float64 {
	return p.weight[row*p.n+j]*p.relative[row*p.n+j] + tiny
}

func (p *densePattern) pooled(i int) float64 {
	size := kernels.BlockSize(max(p.t, p.n), p.o.Blocks)
	rows, cols := kernels.BlockSize(p.t, size), kernels.BlockSize(p.n, size)
	head, queries, keys := i/cols/rows, i/cols%rows*size, i%cols*size
	far, count := 0.0, 0
	for q := queries; q < min(queries+size, p.t); q++ {
		count++
		for j := keys; j < min(keys+size, p.n); j++ {
			far += p.wrong(head*p.t+q, j)
		}
	}
	return far / float64(count)
}

func (p *densePattern) tile(result, i int) float64 {
	rows, cols := p.o.Tile.Queries[1]-p.o.Tile.Queries[0], p.o.Tile.Keys[1]-p.o.Tile.Keys[0]
	row := i/cols/rows*p.t + p.o.Tile.Queries[0] + i/cols%rows
	j := p.o.Tile.Keys[0] + i%cols
	if result == fusedTilePattern {
		return p.wrong(row, j)
	}
	return p.scoreError[row*p.n+j]
}

// FusedOps lists the calls that the suite makes of a backend that has
// kernels.FusedAttention.
func FusedOps() []Op {
	return []Op{
		{"attention", fusedCalls(newSource(50))},
		{"cross-attention", crossCalls(newSource(55))},
	}
}

// crossCalls are of attention between two texts.
func crossCalls(s source) (calls []Call) {
	add := func(name string, t, n, h, kv, d, wide int, change func(o *kernels.AttentionOpts)) {
		o := everythingBetween(t, n, kernels.Mask{}, d)
		change(&o)
		name = fmt.Sprintf("%s, %d queries, %d keys, heads %d/%d of %d and %d", name, t, n, h, kv, d, wide)
		calls = append(calls, fused(name, s.normal(pos(t), heads(h), headSize(d)), s.normal(pos(n), heads(kv), headSize(d)), s.normal(pos(n), heads(kv), headSize(wide)), o))
	}
	for _, size := range [][6]int{
		{1, 2, 2, 1, 20, 20},
		{2, 1, 2, 2, 7, 5},
		{1, 150, 2, 1, 16, 16},
		{150, 1, 2, 1, 16, 16},
		{33, 70, 3, 3, 1, 5},
		{70, 33, 4, 2, 5, 1},
		{65, 64, 1, 1, 64, 64},
		{48, 193, 6, 2, 67, 67},
		{200, 97, 2, 2, 12, 9},
		{66, 300, 2, 1, 8, 200},
	} {
		add("plain", size[0], size[1], size[2], size[3], size[4], size[5], func(*kernels.AttentionOpts) {})
	}
	for name, change := range fusedVariants() {
		add(name, 50, 70, 2, 1, 12, 9, change)
		add(name, 70, 26, 2, 2, 12, 12, change)
	}
	return calls
}

// everythingOf are options that ask for all statistics of t tokens.
func everythingOf(t int, m kernels.Mask, d int) kernels.AttentionOpts {
	return everythingBetween(t, t, m, d)
}

// everythingBetween is everythingOf t queries and n keys.
func everythingBetween(t, n int, m kernels.Mask, d int) kernels.AttentionOpts {
	return kernels.AttentionOpts{
		Scale: float32(1 / math.Sqrt(float64(d))), Mask: m, Rows: true, Near: 5, Top: 3, Blocks: 7, Keys: true,
		Tile: &kernels.Tile{Queries: [2]int{t / 3, t}, Keys: [2]int{n / 4, n/2 + 1}},
	}
}

func fusedCalls(s source) (calls []Call) {
	add := func(name string, t, h, kv, d, wide int, change func(o *kernels.AttentionOpts), m kernels.Mask) {
		o := everythingOf(t, m, d)
		change(&o)
		name = fmt.Sprintf("%s, T %d, heads %d/%d of %d and %d, mask %v", name, t, h, kv, d, wide, m)
		calls = append(calls, fused(name, s.normal(pos(t), heads(h), headSize(d)), s.normal(pos(t), heads(kv), headSize(d)), s.normal(pos(t), heads(kv), headSize(wide)), o))
	}
	plain := func(*kernels.AttentionOpts) {}
	for _, m := range append(masks(), kernels.Mask{Window: 90}) {
		for _, t := range []int{1, 2, 7, 33, 70, 150} {
			add("plain", t, 2, 1, 20, 20, plain, m)
		}
	}
	causal := kernels.Mask{Causal: true}
	for _, size := range [][5]int{{70, 3, 3, 1, 5}, {130, 4, 2, 5, 1}, {65, 1, 1, 16, 24}, {64, 6, 2, 67, 67}, {129, 2, 2, 256, 256}, {33, 2, 1, 96, 130}, {9, 2, 1, 4, 300}} {
		add("sizes", size[0], size[1], size[2], size[3], size[4], plain, causal)
	}
	for name, change := range fusedVariants() {
		add(name, 140, 2, 1, 12, 12, change, causal)
		add(name, 75, 2, 2, 12, 9, change, kernels.Mask{Causal: true, Window: 20})
		add(name, 75, 2, 2, 12, 9, change, kernels.Mask{})
	}
	return append(calls, fusedEdges(s)...)
}

// fusedVariants are the options that only some families have, and the
// statistics one by one.
func fusedVariants() map[string]func(o *kernels.AttentionOpts) {
	return map[string]func(o *kernels.AttentionOpts){
		"softcap":    func(o *kernels.AttentionOpts) { o.Softcap = 0.7 },
		"ALiBi":      func(o *kernels.AttentionOpts) { o.Slopes = []float32{0.5, 0.0625} },
		"sinks":      func(o *kernels.AttentionOpts) { o.Sinks = []float32{-1, 3} },
		"all":        func(o *kernels.AttentionOpts) { o.Softcap, o.Slopes, o.Sinks = 2, []float32{0.25, 1}, []float32{40, 0} },
		"steep":      func(o *kernels.AttentionOpts) { o.Scale = 30 },
		"no stats":   func(o *kernels.AttentionOpts) { *o = kernels.AttentionOpts{Scale: o.Scale, Mask: o.Mask} },
		"keys alone": func(o *kernels.AttentionOpts) { *o = kernels.AttentionOpts{Scale: o.Scale, Mask: o.Mask, Keys: true} },
		"list alone": func(o *kernels.AttentionOpts) {
			*o = kernels.AttentionOpts{Scale: o.Scale, Mask: o.Mask, Top: kernels.MaxTop}
		},
		"one block":      func(o *kernels.AttentionOpts) { o.Blocks = 1 },
		"a block a key":  func(o *kernels.AttentionOpts) { o.Blocks = 1000 },
		"no scale":       func(o *kernels.AttentionOpts) { o.Scale = 0 },
		"negative scale": func(o *kernels.AttentionOpts) { o.Scale = -2 },
	}
}

// fusedEdges are inputs at the edges of float32.
func fusedEdges(s source) []Call {
	const t, d = 70, 8
	shape := []tensor.Dim{pos(t), heads(2), headSize(d)}
	alike := tensor.New(shape...)
	poisoned := s.normal(shape...)
	poisoned.Data[3*2*d] = nan()
	large := s.normal(shape...)
	for i := range large.Data {
		large.Data[i] *= 1e15
	}
	o := everythingOf(t, kernels.Mask{Causal: true}, d)
	return []Call{
		fused("equal scores", alike, s.normal(shape...), s.normal(shape...), o),
		fused("NaN in one query", poisoned, s.normal(shape...), s.normal(shape...), o),
		fused("scores of 1e30", large, large, s.normal(shape...), o),
		fused("extreme values", s.normal(shape...), s.normal(shape...), s.among(extremes(), shape...), o),
		fused("denormal", s.among([]float32{denormal, 1e-40}, shape...), s.normal(shape...), s.normal(shape...), o),
	}
}

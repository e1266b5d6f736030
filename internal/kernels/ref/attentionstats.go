package ref

import (
	"cmp"
	"slices"

	"attn/internal/kernels"
)

// attentionTeller gathers what is told of the pattern, row by row. Sums over
// several rows are kept in float64.
type attentionTeller struct {
	o                kernels.AttentionOpts
	queries, keys    int
	stats            kernels.AttentionStats
	received, pooled []float64
}

func newAttentionTeller(queries, keys, heads int, o kernels.AttentionOpts) *attentionTeller {
	s := kernels.NewAttentionStats(queries, keys, heads, o)
	return &attentionTeller{
		o: o, queries: queries, keys: keys, stats: s,
		received: make([]float64, len(s.Received.Data)), pooled: make([]float64, len(s.Pooled.Data)),
	}
}

// row adds one query's row.
func (a *attentionTeller) row(r patternRow) {
	at := r.head*a.queries + r.query
	if a.o.Rows {
		a.masses(at, r)
	}
	if a.o.Top > 0 {
		a.list(at, r)
	}
	for j, p := range r.weights {
		if a.o.Keys {
			a.received[r.head*a.keys+j] += p
		}
		if a.o.Blocks > 0 {
			a.pool(r, j, p)
		}
	}
	if tile := a.o.Tile; tile != nil && r.query >= tile.Queries[0] && r.query < tile.Queries[1] {
		to := a.stats.TileScores.Offset(r.head, r.query-tile.Queries[0])
		for j := tile.Keys[0]; j < tile.Keys[1]; j++ {
			a.stats.TileScores.Data[to+j-tile.Keys[0]] = float32(r.scores[j])
			a.stats.TilePattern.Data[to+j-tile.Keys[0]] = float32(r.weights[j])
		}
	}
}

// masses tells of one row as a whole.
func (a *attentionTeller) masses(at int, r patternRow) {
	entropy, near := 0.0, 0.0
	for j, p := range r.weights {
		if p != 0 { // NaN too
			entropy += p * (r.lse - r.scores[j])
		}
		if j > r.query-a.o.Near && j < r.query+a.o.Near {
			near += p
		}
	}
	a.stats.LSE.Data[at] = float32(r.lse)
	a.stats.Entropy.Data[at] = float32(entropy)
	a.stats.First.Data[at] = float32(r.weights[0])
	a.stats.Near.Data[at] = float32(near)
	if a.o.Sinks != nil {
		a.stats.Sink.Data[at] = float32(r.sink)
	}
}

// list sorts the keys that the query may see, and keeps the first.
func (a *attentionTeller) list(at int, r patternRow) {
	var keys []int
	for j := range r.scores {
		if a.o.Mask.Allows(r.query, j) {
			keys = append(keys, j)
		}
	}
	slices.SortStableFunc(keys, func(x, y int) int { return cmp.Compare(r.scores[y], r.scores[x]) })
	rest := 0.0
	for place, j := range keys {
		if place >= a.o.Top {
			rest += r.weights[j]
			continue
		}
		a.stats.TopKeys.Data[at*a.o.Top+place] = float32(j)
		a.stats.TopWeights.Data[at*a.o.Top+place] = float32(r.weights[j])
	}
	for place := len(keys); place < a.o.Top; place++ {
		a.stats.TopKeys.Data[at*a.o.Top+place] = -1
	}
	a.stats.Rest.Data[at] = float32(rest)
}

// pool adds a weight to its block's mean over the queries there.
func (a *attentionTeller) pool(r patternRow, j int, p float64) {
	size := kernels.BlockSize(max(a.queries, a.keys), a.o.Blocks)
	block := r.query / size
	queries := min((block+1)*size, a.queries) - block*size
	a.pooled[a.stats.Pooled.Offset(r.head, block, j/size)] += p / float64(queries)
}

// finish rounds the sums.
func (a *attentionTeller) finish() kernels.AttentionStats {
	for i, v := range a.received {
		a.stats.Received.Data[i] = float32(v)
	}
	for i, v := range a.pooled {
		a.stats.Pooled.Data[i] = float32(v)
	}
	return a.stats
}

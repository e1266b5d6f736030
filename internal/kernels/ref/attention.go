package ref

import (
	"math"

	"attn/internal/kernels"
)

var _ kernels.FusedAttention = (*Backend)(nil)

// Attention is scaled dot-product attention (Vaswani et al. 2017, equation 1)
// for one query after the other. Of the pattern one row is held at a time, in
// float64, and every result is rounded once:
//
//	score(i, j) = cap(scale q[i] · k[j]) + slope j, for the keys that the mask allows
//	lse(i)      = log(Σ_j e^score(i, j) + e^sink)
//	p(i, j)     = e^(score(i, j) − lse(i))
//	out[i]      = Σ_j p(i, j) v[j]
func (b *Backend) Attention(q, k, v kernels.Array, o kernels.AttentionOpts) (kernels.Array, kernels.AttentionStats) {
	qs, ks, vs := b.in(q), b.in(k), b.in(v)
	shape, err := kernels.AttentionShape(qs.shape, ks.shape, vs.shape, o)
	out, ok := b.out(shape, err)
	if !ok {
		return out, kernels.AttentionStats{}
	}
	t, heads, wide := shape[0].Size, shape[1].Size, shape[2].Size
	n, kv, d := ks.shape[0].Size, ks.shape[1].Size, qs.shape[2].Size
	group := heads / kv
	told := newAttentionTeller(t, n, heads, o)
	for h := range heads {
		key := func(j int) []float32 { return ks.data[(j*kv+h/group)*d:][:d] }
		value := func(j int) []float32 { return vs.data[(j*kv+h/group)*wide:][:wide] }
		for i := range t {
			at := i*heads + h
			row := patternRow{head: h, query: i, scores: make([]float64, n), weights: make([]float64, n)}
			for j := range n {
				row.scores[j] = attentionScore(dot(qs.data[at*d:], key(j)), o, h, i, j)
			}
			row.normalise(o)
			for e := range wide {
				sum := 0.0
				for j, p := range row.weights {
					if o.Mask.Allows(i, j) {
						sum += p * float64(value(j)[e])
					}
				}
				out.data[at*wide+e] = float32(sum)
			}
			told.row(row)
		}
	}
	return out, told.finish()
}

// attentionScore takes a product of query i and key j to what the softmax reads.
func attentionScore(product float64, o kernels.AttentionOpts, head, i, j int) float64 {
	if !o.Mask.Allows(i, j) {
		return math.Inf(-1)
	}
	x := product * float64(o.Scale)
	if limit := float64(o.Softcap); limit != 0 {
		x = limit * math.Tanh(x/limit)
	}
	if o.Slopes != nil {
		x += float64(o.Slopes[head]) * float64(j)
	}
	return x
}

// patternRow is what one query of one head gives to every key.
type patternRow struct {
	head, query     int
	scores, weights []float64
	lse             float64
	sink            float64 // the weight that no key gets
}

// normalise makes weights of the scores.
func (r *patternRow) normalise(o kernels.AttentionOpts) {
	top := math.Inf(-1)
	for _, s := range r.scores {
		top = math.Max(top, s)
	}
	sum := 0.0
	if o.Sinks != nil {
		top = math.Max(top, float64(o.Sinks[r.head]))
		sum = math.Exp(float64(o.Sinks[r.head]) - top)
	}
	for _, s := range r.scores {
		sum += math.Exp(s - top)
	}
	r.lse = top + math.Log(sum)
	for j, s := range r.scores {
		if !math.IsInf(s, -1) { // a hidden key has no part in a row of NaN either
			r.weights[j] = math.Exp(s-top) / sum
		}
	}
	if o.Sinks != nil {
		r.sink = math.Exp(float64(o.Sinks[r.head])-top) / sum
	}
}

package bench

import (
	"context"
	"encoding/binary"
	"math"

	"attn/internal/kernels"
	"attn/internal/kernels/ref"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// Heads is scaled dot-product attention: softmax(mask(q·k / √d_head)) · v for
// each of the heads, over N tokens, in float32.
type Heads struct {
	N, Heads, DHead int
	Causal          bool
}

// FLOPs counts queries times keys and weights times values; under a causal mask
// half of that, because half of the pairs count.
func (h Heads) FLOPs() float64 {
	all := 4 * float64(h.Heads) * float64(h.N) * float64(h.N) * float64(h.DHead)
	if h.Causal {
		return all / 2
	}
	return all
}

// Bytes are those of queries, keys, values and the result: what attention reads
// and writes when no score ever leaves the caches.
func (h Heads) Bytes() float64 { return 4 * 4 * float64(h.N) * float64(h.Heads) * float64(h.DHead) }

// Memory is how many bytes timing takes where attention is fused, as it is on
// every device that there is: no scores are held.
func (h Heads) Memory() float64 { return 3 * h.Bytes() }

// scale is what scores are multiplied with.
func (h Heads) scale() float32 { return float32(1 / math.Sqrt(float64(h.DHead))) }

// on computes attention on a device: in one op, with what a long text's trace
// tells of each query (log-sum-exp, entropy, the first token's and the near
// ones' share, the top keys), or step by step where there is no such op.
func (h Heads) on(be kernels.Backend, q, k, v kernels.Array) kernels.Array {
	mask := kernels.Mask{Causal: h.Causal}
	if fused, ok := be.(kernels.FusedAttention); ok {
		out, _ := fused.Attention(q, k, v, kernels.AttentionOpts{
			Scale: h.scale(), Mask: mask, Near: trace.NearKeys, Rows: true, Top: trace.KeysListed,
		})
		return out
	}
	scores := be.Scale(be.Scores(q, k), h.scale())
	return be.Mix(be.Softmax(be.Mask(scores, mask)), v)
}

// Attention makes attention ready, of numbers that are the same every time.
func Attention(be kernels.Backend, h Heads) Work {
	g := newSource(2)
	shape := []tensor.Dim{tensor.D(tensor.Pos, h.N), tensor.D(tensor.Head, h.Heads), tensor.D(tensor.DHead, h.DHead)}
	q, k, v := g.Normal(shape...), g.Normal(shape...), g.Normal(shape...)
	qOn, kOn, vOn := be.Put(q), be.Put(k), be.Put(v)
	return Work{
		FLOPs: h.FLOPs(), Bytes: h.Bytes(), on: be,
		Start: func(context.Context) error {
			release(be, h.on(be, qOn, kOn, vOn))
			return be.Err()
		},
		Check: func(ctx context.Context) (Check, error) {
			got := be.Get(h.on(be, qOn, kOn, vOn))
			if err := be.Err(); err != nil {
				return Check{}, err
			}
			return h.check(ctx, got, q, k, v)
		},
	}
}

// check has package ref compute as many queries of as many heads as it can in a
// moment, one at a time.
func (h Heads) check(ctx context.Context, got, q, k, v tensor.Tensor) (Check, error) {
	count := affordable(h.N*h.Heads, 2*float64(h.N)*float64(h.DHead))
	c := Check{What: sampled(count, h.N*h.Heads, "queries")}
	keys, values := bytesOf(k), bytesOf(v)
	be := ref.New()
	for _, i := range spread(count, h.N*h.Heads) {
		if err := ctx.Err(); err != nil {
			return c, err
		}
		pos, head := i/h.Heads, i%h.Heads
		want := h.query(be, pos, head, q, keys, values)
		if err := be.Err(); err != nil {
			return c, err
		}
		c.Error = max(c.Error, furthest(got.Row(pos, head), want.Data))
	}
	c.Share = c.Error / h.allowed(q, k, v)
	return c, nil
}

// query is the result for one query of one head. Its scores are a product of q
// with a matrix whose rows are the keys that it sees, and the result one with
// the values, turned: both are views of what is there.
func (h Heads) query(be *ref.Backend, pos, head int, q tensor.Tensor, keys, values []byte) tensor.Tensor {
	seen := h.N
	if h.Causal {
		seen = pos + 1
	}
	width := h.Heads * h.DHead
	at := 4 * head * h.DHead
	k := kernels.Weight{Name: "keys", Type: tensor.F32, Shape: [2]int{seen, h.DHead}, Stride: [2]int{width, 1}, Bytes: keys[at:]}
	v := kernels.Weight{Name: "values", Type: tensor.F32, Shape: [2]int{h.DHead, seen}, Stride: [2]int{1, width}, Bytes: values[at:]}
	one := tensor.New(tensor.D(tensor.Pos, 1), tensor.D(tensor.DHead, h.DHead))
	copy(one.Data, q.Row(pos, head))
	scores := be.MatMul(be.Put(one), k, kernels.MatMulOpts{Out: []tensor.Dim{tensor.D(tensor.KeyPos, seen)}})
	pattern := be.Softmax(be.Scale(scores, h.scale()))
	return be.Get(be.MatMul(pattern, v, kernels.MatMulOpts{Out: []tensor.Dim{tensor.D(tensor.DHead, h.DHead)}}))
}

// allowed puts the bounds of kernelstest/bounds.go one after the other. A score
// is off by at most e = (d + 4) u |q| |k| / √d, and lies within ± s = |q| |k| / √d,
// so that a weight is off by the share 2 e + (n + 8 + 4 s) u of itself, and the
// sum of values by that and n + 3 more roundings, of the largest value.
func (h Heads) allowed(q, k, v tensor.Tensor) float64 {
	s := longestVector(q) * longestVector(k) * float64(h.scale())
	e := float64(h.DHead+4) * u * s
	n := float64(h.N)
	return (2*e + (2*n+11+4*s)*u) * float64(largest(v.Data))
}

// longestVector is the length of the longest query, key or value.
func longestVector(t tensor.Tensor) float64 {
	most := 0.0
	for pos := range t.Shape[0].Size {
		for head := range t.Shape[1].Size {
			most = max(most, length(t.Row(pos, head)))
		}
	}
	return most
}

// largest is the largest magnitude.
func largest(x []float32) float32 {
	most := float32(0)
	for _, v := range x {
		most = max(most, v, -v)
	}
	return most
}

// bytesOf is a tensor as a file stores it.
func bytesOf(t tensor.Tensor) []byte {
	data := make([]byte, 0, 4*len(t.Data))
	for _, v := range t.Data {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return data
}

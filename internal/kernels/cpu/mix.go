package cpu

import "attn/internal/kernels"

// Mix returns each query's weighted sum of values: pattern is [head H,
// query_pos T, key_pos T], v [pos T, kv_head KV, d_head D], the result [pos T,
// head H, d_head D].
func (b *Backend) Mix(pattern, v kernels.Array) kernels.Array {
	ps, vs := b.in(pattern), b.in(v)
	out, ok := b.blank(kernels.MixShape(ps.shape, vs.shape))
	if !ok {
		return out
	}
	heads, t := ps.shape[0].Size, ps.shape[1].Size
	kv, d := vs.shape[1].Size, vs.shape[2].Size
	weights, to := matrix{data: ps.data, stride: t}, matrix{data: out.data, stride: heads * d}
	b.pool.queries(heads, t, d, func(h, i, count int, mem *scratch) {
		values := operand{data: vs.data[h/(heads/kv)*d:], stride: [2]int{1, kv * d}}
		b.set.product(mem, to.from(i, h*d), weights.from(h*t+i, 0), values, count, 0, d, 0, t)
	})
	return out
}

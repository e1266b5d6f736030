package cpu

import "attn/internal/kernels"

// queries is how many queries of one head a task takes: it packs the keys (or
// values) for them, which costs a few hundredths of multiplying.
const queries = 192

// Scores returns q · k for every query and key: q is [pos T, head H, d_head D],
// k [pos T, kv_head KV, d_head D], the result [head H, query_pos T, key_pos T].
func (b *Backend) Scores(q, k kernels.Array) kernels.Array {
	qs, ks := b.in(q), b.in(k)
	out, ok := b.blank(kernels.ScoresShape(qs.shape, ks.shape))
	if !ok {
		return out
	}
	t, heads, d := qs.shape[0].Size, qs.shape[1].Size, qs.shape[2].Size
	kv := ks.shape[1].Size
	from, to := matrix{data: qs.data, stride: heads * d}, matrix{data: out.data, stride: t}
	b.pool.queries(heads, t, d, func(h, i, count int, mem *scratch) {
		keys := operand{data: ks.data[h/(heads/kv)*d:], stride: [2]int{kv * d, 1}}
		b.set.product(mem, to.from(h*t+i, 0), from.from(i, h*d), keys, count, 0, t, 0, d)
	})
	return out
}

// queries runs do for some queries of one head at a time, i to i+count-1.
func (p *pool) queries(heads, t, d int, do func(h, i, count int, mem *scratch)) {
	tasks := (t + queries - 1) / queries
	p.run(heads*tasks, heads*t*t*(d+8)/40, func(task int, mem *scratch) {
		i := task % tasks * queries
		do(task/tasks, i, min(queries, t-i), mem)
	})
}

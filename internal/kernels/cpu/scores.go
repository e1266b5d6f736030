package cpu

import "attn/internal/kernels"

// Scores returns q · k for every query and key: q is [pos T, head H, d_head D],
// k [pos T, kv_head KV, d_head D], the result [head H, query_pos T, key_pos T].
// A task is one head's tile of queries.
func (b *Backend) Scores(q, k kernels.Array) kernels.Array {
	qs, ks := b.in(q), b.in(k)
	out, ok := b.out(kernels.ScoresShape(qs.shape, ks.shape))
	if !ok {
		return out
	}
	t, heads, d := qs.shape[0].Size, qs.shape[1].Size, qs.shape[2].Size
	kv := ks.shape[1].Size
	rows := alignedRows(ks.data, t*kv, d)
	keys := matrix{data: rows.data, stride: kv * rows.stride}
	queries := matrix{data: qs.data, stride: heads * d}
	to := matrix{data: out.data, stride: t}
	tiles := (t + tile - 1) / tile
	b.pool.run(heads*tiles, heads*t*t*(d+8)/12, func(task int, _ *scratch) {
		h, i := task/tiles, task%tiles*tile
		for j := 0; j < t; j += tile {
			dots(to.from(h*t+i, j), queries.from(i, h*d), keys.from(j, h/(heads/kv)*rows.stride),
				min(tile, t-i), min(tile, t-j), d)
		}
	})
	return out
}

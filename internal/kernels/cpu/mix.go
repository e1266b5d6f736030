package cpu

import "attn/internal/kernels"

// Mix returns each query's weighted sum of values: pattern is [head H,
// query_pos T, key_pos T], v [pos T, kv_head KV, d_head D], the result [pos T,
// head H, d_head D]. A task is one head's tile of queries.
func (b *Backend) Mix(pattern, v kernels.Array) kernels.Array {
	ps, vs := b.in(pattern), b.in(v)
	out, ok := b.out(kernels.MixShape(ps.shape, vs.shape))
	if !ok {
		return out
	}
	heads, t := ps.shape[0].Size, ps.shape[1].Size
	kv, d := vs.shape[1].Size, vs.shape[2].Size
	values := b.pool.columns(vs.data, t, kv*d)
	weights := matrix{data: ps.data, stride: t}
	to := matrix{data: out.data, stride: heads * d}
	tiles := (t + tile - 1) / tile
	b.pool.run(heads*tiles, heads*t*t*(d+8)/12, func(task int, _ *scratch) {
		h, i := task/tiles, task%tiles*tile
		for e := 0; e < d; e += tile {
			dots(to.from(i, h*d+e), weights.from(h*t+i, 0), values.from(h/(heads/kv)*d+e, 0),
				min(tile, t-i), min(tile, d-e), t)
		}
	})
	return out
}

// columns returns x [rows, cols] turned: an aligned matrix [cols, rows].
func (p *pool) columns(x []float32, rows, cols int) matrix {
	m := matrix{stride: roundUp(rows, lane)}
	m.data = aligned(cols * m.stride)
	p.chunks(cols, panelRows, rows, func(from, to int) {
		for r := range rows {
			for c := from; c < to; c++ {
				m.data[c*m.stride+r] = x[r*cols+c]
			}
		}
	})
	return m
}

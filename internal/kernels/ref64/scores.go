package ref64

import "attn/internal/kernels"

// Scores returns q · k for every query and key: q [pos T, head H, d_head D], k
// [pos T, head KV, d_head D] -> [head H, query_pos T, key_pos T]. Query head h
// reads key head h / (H/KV).
func (b *Backend) Scores(q, k kernels.Array) kernels.Array {
	queries, keys := b.in(q), b.in(k)
	out, ok := b.out(kernels.ScoresShape(queries.shape, keys.shape))
	if !ok {
		return out
	}
	at := 0
	for h := range queries.size(1) {
		for i := range queries.size(0) {
			for j := range keys.size(0) {
				out.data[at] = dot(vector(queries, i, h), vector(keys, j, h*keys.size(1)/queries.size(1)))
				at++
			}
		}
	}
	return out
}

// vector is one head's numbers at one position of x [pos, head, d_head].
func vector(x *array, pos, head int) []float64 {
	width := x.size(2)
	from := (pos*x.size(1) + head) * width
	return x.data[from : from+width]
}

package ref

import "attn/internal/kernels"

// Scores are the dot products of scaled dot-product attention before scaling
// (Vaswani et al. 2017, equation 1), with key heads shared by groups of query
// heads (Ainslie et al. 2023):
//
//	out[h, i, j] = sum_d q[i, h, d] k[j, h / (H/KV), d]
//
// q is [pos T, head H, d_head D], k [pos T, kv_head KV, d_head D], the result
// [head H, query_pos T, key_pos T].
func (b *Backend) Scores(q, k kernels.Array) kernels.Array {
	qs, ks := b.in(q), b.in(k)
	out, ok := b.out(kernels.ScoresShape(qs.shape, ks.shape))
	if !ok {
		return out
	}
	t, heads, d := qs.shape[0].Size, qs.shape[1].Size, qs.shape[2].Size
	kv := ks.shape[1].Size
	for h := range heads {
		for i := range t {
			for j := range t {
				query := qs.data[(i*heads+h)*d:]
				key := ks.data[(j*kv+h/(heads/kv))*d:]
				out.data[(h*t+i)*t+j] = float32(dot(query, key[:d]))
			}
		}
	}
	return out
}

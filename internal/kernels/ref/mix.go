package ref

import "attn/internal/kernels"

// Mix is each query's weighted sum of values (Vaswani et al. 2017, equation 1),
// with value heads shared by groups of query heads (Ainslie et al. 2023):
//
//	out[i, h, d] = sum_j pattern[h, i, j] v[j, h / (H/KV), d]
//
// pattern is [head H, query_pos T, key_pos T], v [pos T, kv_head KV, d_head D],
// the result [pos T, head H, d_head D].
func (b *Backend) Mix(pattern, v kernels.Array) kernels.Array {
	ps, vs := b.in(pattern), b.in(v)
	out, ok := b.out(kernels.MixShape(ps.shape, vs.shape))
	if !ok {
		return out
	}
	heads, t := ps.shape[0].Size, ps.shape[1].Size
	kv, d := vs.shape[1].Size, vs.shape[2].Size
	for h := range heads {
		for i := range t {
			weights := ps.data[(h*t+i)*t:][:t]
			for e := range d {
				sum := 0.0
				for j, p := range weights {
					sum += float64(p) * float64(vs.data[(j*kv+h/(heads/kv))*d+e])
				}
				out.data[(i*heads+h)*d+e] = float32(sum)
			}
		}
	}
	return out
}

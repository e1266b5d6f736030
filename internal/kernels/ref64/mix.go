package ref64

import "attn/internal/kernels"

// Mix returns each query's weighted sum of values: pattern [head H, query_pos
// T, key_pos T], v [pos T, head KV, d_head D] -> [pos T, head H, d_head D].
func (b *Backend) Mix(pattern, v kernels.Array) kernels.Array {
	weights, values := b.in(pattern), b.in(v)
	out, ok := b.out(kernels.MixShape(weights.shape, values.shape))
	if !ok {
		return out
	}
	heads, t := weights.size(0), weights.size(1)
	for h := range heads {
		for q := range t {
			sum := vector(out, q, h)
			for k, weight := range weights.data[(h*t+q)*t : (h*t+q+1)*t] {
				for i, number := range vector(values, k, h*values.size(1)/heads) {
					sum[i] += weight * number
				}
			}
		}
	}
	return out
}

package ref

import "attn/internal/kernels"

// Gather looks rows up, as torch.nn.functional.embedding does:
//
//	out[t, i] = w[ids[t], i]
//
// The result is [pos T, d_model in].
func (b *Backend) Gather(w kernels.Weight, ids []int32) kernels.Array {
	out, ok := b.out(kernels.GatherShape(w, ids))
	if !ok {
		return out
	}
	for t, id := range ids {
		copy(out.data[t*w.Shape[1]:], row(w, int(id)))
	}
	return out
}

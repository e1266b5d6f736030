package ref64

import "attn/internal/kernels"

// Gather returns one row of w for each id: [pos T, d_model in].
func (b *Backend) Gather(w kernels.Weight, ids []int32) kernels.Array {
	out, ok := b.out(kernels.GatherShape(w, ids))
	if !ok {
		return out
	}
	width := w.Shape[1]
	for t, id := range ids {
		copy(out.data[t*width:(t+1)*width], row(w, int(id)))
	}
	return out
}

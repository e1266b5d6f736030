package cpu

import "attn/internal/kernels"

// Gather converts the rows that the ids name: the result is [pos T, d_model in].
func (b *Backend) Gather(w kernels.Weight, ids []int32) kernels.Array {
	out, ok := b.out(kernels.GatherShape(w, ids))
	if !ok {
		return out
	}
	inputs := w.Shape[1]
	b.pool.run(len(ids), len(ids)*inputs, func(t int, s *scratch) {
		row := panel(w, int(ids[t]), 1, &s.panel)
		copy(out.data[t*inputs:], row.data[:inputs])
	})
	return out
}

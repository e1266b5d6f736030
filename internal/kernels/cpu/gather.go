package cpu

import "attn/internal/kernels"

// Gather converts the rows that the ids name: the result is [pos T, d_model in].
func (b *Backend) Gather(w kernels.Weight, ids []int32) kernels.Array {
	out, ok := b.blank(kernels.GatherShape(w, ids))
	if !ok {
		return out
	}
	inputs := w.Shape[1]
	convert := b.set.converter(w.Type)
	b.pool.run(len(ids), len(ids)*inputs, func(t int, _ *scratch) {
		row, at := out.data[t*inputs:][:inputs], int(ids[t])*w.Stride[0]
		if w.Stride[1] == 1 {
			convert(row, w.Bytes[w.Type.Bytes(at):])
			return
		}
		for i := range row {
			convert(row[i:i+1], w.Bytes[w.Type.Bytes(at+i*w.Stride[1]):])
		}
	})
	return out
}

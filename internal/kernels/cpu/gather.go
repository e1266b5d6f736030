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
	b.pool.run(len(ids), len(ids)*inputs, func(t int, mem *scratch) {
		row, at := out.data[t*inputs:][:inputs], w.Row(int(ids[t]))
		if w.Stride[1] == 1 {
			mem.decode(convert, row, &w, at)
			return
		}
		block, _ := w.Type.Block()
		numbers := grow(&mem.rows, block) // that the next is among
		for i := range row {
			place := at + i*w.Stride[1]
			mem.decode(convert, numbers, &w, place)
			row[i] = numbers[place%block]
		}
	})
	return out
}

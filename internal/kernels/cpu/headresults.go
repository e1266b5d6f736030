package cpu

import "attn/internal/kernels"

// HeadResults multiplies each head's z with its own columns of w: z is [pos T,
// head KV, d_head D], w [out d_model, in H*D], the result [pos T, head H,
// d_model]; head h reads z's head h / (H/KV).
func (b *Backend) HeadResults(z kernels.Array, w kernels.Weight) kernels.Array {
	in := b.in(z)
	out, ok := b.blank(kernels.HeadResultsShape(in.shape, w))
	if !ok {
		return out
	}
	t, shared, d := in.shape[0].Size, in.shape[1].Size, in.shape[2].Size
	heads, outputs := out.shape[1].Size, w.Shape[0]
	rows := matrix{data: in.data, stride: shared * d}
	to := matrix{data: out.data, stride: heads * outputs}
	if d%step == 0 && b.set.byParts(t, w) {
		b.headsByParts(to, in, w, t, heads/shared, d)
		return out
	}
	b.outputs(w, t, b.set.tiles, func(first, count int, right operand, mem *scratch) {
		for h := range heads {
			b.set.product(mem, to.from(0, h*outputs+first), rows.from(0, h/(heads/shared)*d),
				right, t, first, count, h*d, d)
		}
	})
	return out
}

// pastBytes is how large a result is that is gone from the caches before anybody
// reads it.
const pastBytes = 8 << 20

// headsByParts is HeadResults by parts: a pass of panels is a head's numbers, and sets
// what the head writes.
func (b *Backend) headsByParts(to matrix, z *array, w kernels.Weight, t, group, d int) {
	outputs, inputs := w.Shape[0], w.Shape[1]
	b.left.past = 4*t*outputs*inputs/d > pastBytes
	defer func() { b.left.past = false }()
	x := matrix{data: z.data, stride: inputs / group}
	b.inTurns(z, x, t, inputs/group, d, func(r, rows int) {
		b.outputs(w, rows, b.set.partTiles(), func(first, count int, right operand, mem *scratch) {
			nothing := startOf(mem, nil, 0, count)
			for head := 0; head*d < inputs && !mem.stopped(); head++ {
				b.set.partsPass(mem, to.from(r, head*outputs+first), nothing, &b.left, head/group*d, right, first, count, head*d)
			}
		})
	})
}

package cpu

import "attn/internal/kernels"

// Join puts y [pos T, head KV, d_head B] behind x [pos T, head H, d_head A],
// head h taking y's head h / (H/KV).
func (b *Backend) Join(x, y kernels.Array) kernels.Array {
	first, second := b.in(x), b.in(y)
	out, ok := b.blank(kernels.JoinShape(first.shape, second.shape))
	if !ok {
		return out
	}
	heads, kv := first.shape[1].Size, second.shape[1].Size
	d1, d2 := first.shape[2].Size, second.shape[2].Size
	d := d1 + d2
	b.pool.chunks(first.shape[0].Size*heads, 1+elements/d, d, func(from, to int) {
		for row := from; row < to; row++ {
			shared := row/heads*kv + row%heads/(heads/kv)
			dst := out.data[row*d : (row+1)*d]
			copy(dst, first.data[row*d1:(row+1)*d1])
			copy(dst[d1:], second.data[shared*d2:(shared+1)*d2])
		}
	})
	return out
}

package ref

import "attn/internal/kernels"

// Join puts y's vectors behind x's: out[t, h] = x[t, h] then y[t, h / (H/KV)],
// for x [pos T, head H, d_head A] and y [pos T, head KV, d_head B].
func (b *Backend) Join(x, y kernels.Array) kernels.Array {
	first, second := b.in(x), b.in(y)
	out, ok := b.out(kernels.JoinShape(first.shape, second.shape))
	if !ok {
		return out
	}
	heads, d1 := first.shape[1].Size, first.shape[2].Size
	kv, d2 := second.shape[1].Size, second.shape[2].Size
	for row := range first.shape[0].Size * heads {
		other := row/heads*kv + row%heads/(heads/kv)
		at := out.data[row*(d1+d2):]
		copy(at, first.data[row*d1:(row+1)*d1])
		copy(at[d1:], second.data[other*d2:(other+1)*d2])
	}
	return out
}

package ref64

import "attn/internal/kernels"

// Join puts y [pos T, head KV, d_head B] behind x [pos T, head H, d_head A],
// head h taking y's head h / (H/KV).
func (b *Backend) Join(x, y kernels.Array) kernels.Array {
	first, second := b.in(x), b.in(y)
	out, ok := b.out(kernels.JoinShape(first.shape, second.shape))
	if !ok {
		return out
	}
	heads, group := first.size(1), first.size(1)/second.size(1)
	width, left := out.size(2), first.size(2)
	for i := range out.data {
		row, e := i/width, i%width
		if e < left {
			out.data[i] = first.data[row*left+e]
			continue
		}
		pos, head := row/heads, row%heads/group
		out.data[i] = second.data[(pos*second.size(1)+head)*second.size(2)+e-left]
	}
	return out
}

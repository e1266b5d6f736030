package ref64

import "attn/internal/kernels"

// HeadResults returns what each head writes into the stream: z [pos T, head KV,
// d_head D] through the head's own D columns of w [out d_model, in H*D] -> [pos
// T, head H, d_model]. Head h reads z's head h / (H/KV).
func (b *Backend) HeadResults(z kernels.Array, w kernels.Weight) kernels.Array {
	in := b.in(z)
	out, ok := b.out(kernels.HeadResultsShape(in.shape, w))
	if !ok {
		return out
	}
	shared, width := in.size(1), in.size(2)
	heads, outputs := out.size(1), w.Shape[0]
	group := heads / shared
	for o := range outputs {
		weights := row(w, o)
		for t := range in.size(0) {
			for h := range heads {
				from := (t*shared + h/group) * width
				out.data[(t*heads+h)*outputs+o] = dot(in.data[from:from+width], weights[h*width:(h+1)*width])
			}
		}
	}
	return out
}

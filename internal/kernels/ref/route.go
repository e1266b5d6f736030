package ref

import "attn/internal/kernels"

// Route gives each token's experts their shares (Shazeer et al. 2017; DeepSeek-AI
// 2024 for the groups and the correction), in float64 up to the last rounding:
// scores [pos T, expert E] -> [pos T, expert E].
//
//	suit(e)  = sigmoid(score(e)), or softmax over all experts
//	share(e) = suit(e) for the experts whose suit(e) + correction(e) are the
//	           largest, of the best groups; made to sum to 1, and scaled
//
// Of experts that suit alike the earlier are chosen.
func (b *Backend) Route(scores kernels.Array, o kernels.RouteOpts) kernels.Array {
	in := b.in(scores)
	out, ok := b.out(kernels.RouteShape(in.shape, o))
	if !ok {
		return out
	}
	n := in.shape[1].Size
	for from := 0; from < len(in.data); from += n {
		o.Shares(out.data[from:from+n], in.data[from:from+n])
	}
	return out
}

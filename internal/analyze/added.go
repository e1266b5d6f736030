package analyze

import "attn/internal/trace"

// Added is what a head adds to the stream at one position [d_model]: its result,
// or, where a norm follows attention, what that norm makes of it. The norm
// multiplies each component by its gain over the size of all heads' sum, which is
// what it wrote over what it was given. It is nil when a step is not recorded.
func Added(t *trace.Trace, layer, head, pos int) []float32 {
	result, ok := t.At(trace.InBlock(layer, trace.Result), pos, head)
	if !ok {
		return nil
	}
	added := append([]float32(nil), result...)
	given, normed := t.At(trace.InBlock(layer, trace.HeadsOut), pos)
	if !normed {
		return added
	}
	written, ok := t.At(trace.InBlock(layer, trace.AttnOut), pos)
	if !ok {
		return nil
	}
	for i, v := range given {
		if v == 0 {
			added[i] = 0 // the factor is not known; all heads together add nothing here
			continue
		}
		added[i] *= written[i] / v
	}
	return added
}

package trace_test

import (
	"math"
	"math/rand/v2"

	"attn/internal/tensor"
	"attn/internal/trace"
)

// honest makes a complete trace of random numbers that satisfies every
// identity of Check: 5 tokens, 2 layers, 4 heads that share 2 keys and values.
// What Check says nothing about, such as norms, is random.
func honest() *trace.Trace {
	h := &maker{random: rand.New(rand.NewPCG(1, 2))}
	h.t = &trace.Trace{
		Meta: trace.Meta{
			Model: trace.Model{
				Name: "honest", Family: "gpt2", Layers: 2, Heads: 4, KVHeads: 2, DModel: 6, DHead: 3, DVocab: 11,
				Parameters: 12, Device: "ref",
			},
			Text: "a blue creature roamed there", Mask: tensor.Mask{Causal: true},
			Scales: []float32{0.5, 0.25}, Selected: trace.Selected{Layer: 1, Head: 2, Focus: 3}, Rule: "by hand",
		},
		Tokens: []trace.Token{
			{Pos: 0, ID: 3, Text: "a", Start: 0, End: 1},
			{Pos: 1, ID: 7, Text: " blue", Start: 1, End: 6},
			{Pos: 2, ID: 10, Text: " creature", Start: 6, End: 15},
			{Pos: 3, ID: 0, Text: " roamed", Start: 15, End: 22},
			{Pos: 4, ID: 3, Text: " there", Start: 22, End: 28},
		},
	}
	h.draw(trace.Embed)
	h.draw(trace.PosEmbed)
	stream := h.sum(trace.InBlock(0, trace.ResidPre), trace.Embed, trace.PosEmbed)
	for layer := range 2 {
		stream = h.block(layer, stream)
	}
	for _, name := range []string{trace.LNFinalScale, trace.LNFinal, trace.Logits} {
		h.draw(name)
	}
	return h.t
}

type maker struct {
	t      *trace.Trace
	random *rand.Rand
}

func (h *maker) block(layer int, before string) string {
	in := func(name string) string { return trace.InBlock(layer, name) }
	if layer > 0 {
		h.sum(in(trace.ResidPre), before)
	}
	for _, name := range []string{trace.LN1Scale, trace.LN1, trace.Q, trace.K, trace.V, trace.QK} {
		h.draw(in(name))
	}
	h.attention(layer)
	h.draw(in(trace.VUp))
	h.heads(layer)
	h.sum(in(trace.ResidMid), in(trace.ResidPre), in(trace.AttnOut))
	for _, name := range []string{trace.LN2Scale, trace.LN2, trace.MLPPre, trace.MLPPost, trace.MLPOut} {
		h.draw(in(name))
	}
	return h.sum(in(trace.ResidPost), in(trace.ResidMid), in(trace.MLPOut))
}

// add appends a zero step of the shape that the table and the model give it.
func (h *maker) add(name string) tensor.Tensor {
	value := blank(h.t, name)
	h.t.Steps = append(h.t.Steps, trace.Step{Name: name, Value: value})
	return value
}

// blank is a zero step.
func blank(t *trace.Trace, name string) tensor.Tensor {
	hook, _ := trace.FindHook(name)
	m, n := t.Meta.Model, len(t.Tokens)
	sizes := map[tensor.Axis]int{
		tensor.Pos: n, tensor.QueryPos: n, tensor.KeyPos: n, tensor.Head: m.Heads, tensor.DHead: m.DHead,
		tensor.DModel: m.DModel, tensor.DMLP: 7, tensor.DVocab: m.DVocab, tensor.One: 1,
	}
	if hook.Name == trace.K || hook.Name == trace.V {
		sizes[tensor.Head] = m.KVHeads
	}
	var shape []tensor.Dim
	for _, axis := range hook.Axes {
		shape = append(shape, tensor.D(axis, sizes[axis]))
	}
	return tensor.New(shape...)
}

func (h *maker) draw(name string) {
	for i, data := 0, h.add(name).Data; i < len(data); i++ {
		data[i] = float32(h.random.NormFloat64())
	}
}

func (h *maker) sum(name string, parts ...string) string {
	total := h.add(name)
	for _, part := range parts {
		value, _ := h.t.Find(part)
		for i, v := range value.Data {
			total.Data[i] += v
		}
	}
	return name
}

// attention: scaled, masked, pattern and z from what was drawn.
func (h *maker) attention(layer int) {
	raw, _ := h.t.InBlock(layer, trace.QK)
	v, _ := h.t.InBlock(layer, trace.V)
	scaled := h.add(trace.InBlock(layer, trace.Scaled))
	masked := h.add(trace.InBlock(layer, trace.AttnScores))
	pattern := h.add(trace.InBlock(layer, trace.Pattern))
	z := h.add(trace.InBlock(layer, trace.Z))
	n := len(h.t.Tokens)
	for i, x := range raw.Data {
		scaled.Data[i] = x * h.t.Scale(layer)
		masked.Data[i] = scaled.Data[i]
		if !h.t.Meta.Mask.Allows(i/n%n, i%n) {
			masked.Data[i] = float32(math.Inf(-1))
		}
	}
	for head := range 4 {
		for q := range n {
			scores, weights, sum := masked.Row(head, q), pattern.Row(head, q), 0.0
			for _, s := range scores {
				sum += math.Exp(float64(s))
			}
			for k, s := range scores {
				weights[k] = float32(math.Exp(float64(s)) / sum)
				for i, x := range v.Row(k, head/2) {
					z.Row(q, head)[i] += weights[k] * x
				}
			}
		}
	}
}

// heads: the results are drawn, and they and the bias sum to the output.
func (h *maker) heads(layer int) {
	h.draw(trace.InBlock(layer, trace.Result))
	h.draw(trace.InBlock(layer, trace.OutputBias))
	result, _ := h.t.InBlock(layer, trace.Result)
	bias, _ := h.t.InBlock(layer, trace.OutputBias)
	out := h.add(trace.InBlock(layer, trace.AttnOut))
	for pos := range h.t.Tokens {
		for i := range out.Row(pos) {
			sum := bias.Data[i]
			for head := range 4 {
				sum += result.At(pos, head, i)
			}
			out.Row(pos)[i] = sum
		}
	}
}

// only keeps the steps of these names.
func only(t *trace.Trace, names ...string) *trace.Trace {
	kept := &trace.Trace{Meta: t.Meta, Tokens: t.Tokens}
	for _, name := range names {
		if value, ok := t.Find(name); ok {
			kept.Steps = append(kept.Steps, trace.Step{Name: name, Value: value})
		}
	}
	return kept
}

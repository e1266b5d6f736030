package model

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"

	"attn/internal/kernels"
	"attn/internal/model/tokenizer"
	"attn/internal/tensor"
)

// Shape is what a random model is asked to look like. Zero fields take the
// defaults that Complete states.
type Shape struct {
	Layers, Heads, KVHeads, DModel, DHead, DMLP int
	DVocab, Context                             int
	Seed                                        uint64
}

// maxRandom bounds a random model's parameters: 1 GiB of float32.
const maxRandom = 1 << 28

// DefaultContext is how many tokens a random model reads unless asked.
const DefaultContext = 1024

// Complete fills what was left open: 2 layers, 4 heads, 16 numbers per head, as
// many key/value heads as heads, an MLP of 4 d_model, a context of 1024.
func (s Shape) Complete() Shape {
	or := func(n *int, otherwise int) {
		if *n == 0 {
			*n = otherwise
		}
	}
	or(&s.Layers, 2)
	or(&s.Heads, 4)
	or(&s.KVHeads, s.Heads)
	if s.DHead == 0 && s.DModel > 0 && s.DModel%s.Heads == 0 {
		s.DHead = s.DModel / s.Heads
	}
	or(&s.DHead, 16)
	or(&s.DModel, s.Heads*s.DHead)
	or(&s.DMLP, 4*s.DModel)
	or(&s.Context, DefaultContext)
	return s
}

func (s Shape) check() error {
	for _, part := range []struct {
		flag         string
		value, limit int
	}{
		{"--layers", s.Layers, maxLayers},
		{"--heads", s.Heads, maxHeads},
		{"--kv-heads", s.KVHeads, maxHeads},
		{"--d-head", s.DHead, maxWidth}, // before --d-model, which may follow from it
		{"--d-model", s.DModel, maxWidth},
		{"--d-mlp", s.DMLP, maxWidth},
		{"vocabulary", s.DVocab, maxVocab},
		{"context", s.Context, maxContext},
	} {
		if part.value < 1 || part.value > part.limit {
			return fmt.Errorf("%s %d: a random model takes 1 to %d", part.flag, part.value, part.limit)
		}
	}
	if s.Heads%s.KVHeads != 0 {
		return fmt.Errorf("--kv-heads %d: %d heads cannot share them evenly", s.KVHeads, s.Heads)
	}
	if n := s.parameters(); n > maxRandom {
		return fmt.Errorf("a random model of this shape has %.3g parameters, the limit is %d", n, maxRandom)
	}
	return nil
}

// parameters counts in float64, which cannot overflow.
func (s Shape) parameters() float64 {
	d, q, kv := float64(s.DModel), float64(s.Heads)*float64(s.DHead), float64(s.KVHeads)*float64(s.DHead)
	perLayer := 2*d*q + 2*d*kv + 2*d*float64(s.DMLP)
	return float64(s.Layers)*perLayer + d*(float64(s.DVocab)+float64(s.Context))
}

// Random makes a GPT-2-like model with random weights that reads the
// tokenizer's tokens. Equal shapes and seeds give equal models everywhere.
//
// Embeddings are drawn from N(0, 1) and matrices from N(0, 1/in), so that every
// vector's components and every score are about 1 in size; norms do nothing,
// biases are zero.
func Random(s Shape, t *tokenizer.Tokenizer) (*Model, error) {
	s = s.Complete()
	if s.DVocab == 0 && t != nil {
		s.DVocab = t.Size()
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	c := Config{
		Name: "random", Family: "gpt2", Layers: s.Layers, Heads: s.Heads, KVHeads: s.KVHeads,
		DModel: s.DModel, DHead: s.DHead, DMLP: s.DMLP, DVocab: s.DVocab, Context: s.Context,
		Activation: kernels.GELUTanh, NormEpsilon: 1e-5, Tied: true, Mask: kernels.Mask{Causal: true},
	}
	c.Scales = scoreScales(c, true, false)
	g := generator{rand.New(rand.NewPCG(s.Seed, 0)), 0}
	m := &Model{Config: c, Tokenizer: t}
	m.Embed = g.matrix("embedding", c.DVocab, c.DModel, 1)
	position := g.positions(c, s.Seed)
	m.Position = &position
	m.Unembed = Linear{Weight: m.Embed}
	m.FinalNorm = g.norm(c)
	m.Blocks = make([]Block, c.Layers)
	for i := range m.Blocks {
		m.Blocks[i] = g.block(c)
	}
	m.Parameters = g.count
	return m, nil
}

type generator struct {
	*rand.Rand
	count int64
}

func (g *generator) block(c Config) Block {
	q, kv := c.Heads*c.DHead, c.KVHeads*c.DHead
	return Block{
		Norm1: g.norm(c),
		Q:     g.linear("query", q, c.DModel),
		K:     g.linear("key", kv, c.DModel),
		V:     g.linear("value", kv, c.DModel),
		O:     g.linear("output", c.DModel, q),
		Norm2: g.norm(c),
		MLP:   MLP{Up: g.linear("up", c.DMLP, c.DModel), Down: g.linear("down", c.DModel, c.DMLP)},
	}
}

func (g *generator) matrix(name string, out, in int, spread float64) kernels.Weight {
	data := make([]byte, 4*out*in)
	for i := 0; i < len(data); i += 4 {
		binary.LittleEndian.PutUint32(data[i:], math.Float32bits(float32(g.NormFloat64()*spread)))
	}
	g.count += int64(out) * int64(in)
	return kernels.Weight{Name: name, Type: tensor.F32, Shape: [2]int{out, in}, Stride: [2]int{in, 1}, Bytes: data}
}

// positions draws those beyond the default from a source of their own, so that a
// longer context changes no other weight.
func (g *generator) positions(c Config, seed uint64) kernels.Weight {
	first := g.matrix("position", min(c.Context, DefaultContext), c.DModel, 1)
	if c.Context <= DefaultContext {
		return first
	}
	rest := generator{rand.New(rand.NewPCG(seed, 1)), 0}
	more := rest.matrix("position", c.Context-DefaultContext, c.DModel, 1)
	g.count += rest.count
	first.Shape[0], first.Bytes = c.Context, append(first.Bytes, more.Bytes...)
	return first
}

func (g *generator) linear(name string, out, in int) Linear {
	g.count += int64(out)
	return Linear{Weight: g.matrix(name, out, in, 1/math.Sqrt(float64(in))), Bias: make([]float32, out)}
}

func (g *generator) norm(c Config) *kernels.NormOpts {
	o := &kernels.NormOpts{Gain: make([]float32, c.DModel), Bias: make([]float32, c.DModel), Epsilon: c.NormEpsilon}
	for i := range o.Gain {
		o.Gain[i] = 1
	}
	g.count += 2 * int64(c.DModel)
	return o
}

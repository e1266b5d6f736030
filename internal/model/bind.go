package model

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"attn/internal/kernels"
	"attn/internal/model/weights"
)

// maxListed is how many weights an error names, and maxLine how much it says of
// each.
const (
	maxListed = 10
	maxLine   = 200
)

// binder finds a model's weights in a file and gathers what is missing or of
// the wrong shape, so that one error tells all of it.
type binder struct {
	files      *weights.Set
	prefix     string
	missing    []string
	misfits    []string
	parameters int64
	counted    map[string]bool
}

// bind fills the model from the file. Every weight must be there, of the right
// shape, and none may be left over.
func (m *Model) bind(names WeightNames, files *weights.Set) error {
	b := &binder{files: files, counted: map[string]bool{}}
	b.prefix = b.findPrefix(names)
	c := m.Config
	m.Embed = b.matrix(names.Embed, c.DVocab, c.DModel)
	m.Position = b.matrix(names.Position, c.Context, c.DModel)
	m.FinalNorm = b.norm(names.FinalNorm, c)
	m.Unembed = m.Embed
	if !c.Tied {
		m.Unembed = contiguous(b.getExact(names.Unembed, c.DVocab, c.DModel), c.DVocab, c.DModel)
	} else {
		files.Get(names.Unembed) // a stored copy of the tied matrix; Hugging Face ignores it too
	}
	m.Blocks = make([]Block, c.Layers)
	for layer := range m.Blocks {
		m.Blocks[layer] = b.block(names, c, fmt.Sprintf(names.Block, layer))
	}
	m.Parameters = b.parameters
	return b.err()
}

func (b *binder) block(names WeightNames, c Config, at string) Block {
	q, kv := c.Heads*c.DHead, c.KVHeads*c.DHead
	for _, buffer := range names.Buffers {
		b.files.Get(b.prefix + at + buffer) // no weight, but not left over either
	}
	return Block{
		Norm1: b.norm(at+names.Norm1, c),
		Q:     b.linear(at, names.Q, q, c.DModel),
		K:     b.linear(at, names.K, kv, c.DModel),
		V:     b.linear(at, names.V, kv, c.DModel),
		O:     b.linear(at, names.O, c.DModel, q),
		Norm2: b.norm(at+names.Norm2, c),
		Up:    b.linear(at, names.Up, c.DMLP, c.DModel),
		Down:  b.linear(at, names.Down, c.DModel, c.DMLP),
	}
}

// findPrefix returns the prefix under which the embedding is found.
func (b *binder) findPrefix(names WeightNames) string {
	all := b.files.Names()
	for _, prefix := range names.Prefixes {
		if slices.Contains(all, prefix+names.Embed) {
			return prefix
		}
	}
	return names.Prefixes[0]
}

func (b *binder) get(name string, shape ...int) weights.Tensor {
	return b.getExact(b.prefix+name, shape...)
}

// getExact finds a tensor whose name takes no prefix.
func (b *binder) getExact(full string, shape ...int) weights.Tensor {
	t, ok := b.files.Get(full)
	if !ok {
		b.missing = append(b.missing, full)
		return weights.Tensor{}
	}
	if err := t.Supported(); err != nil {
		b.misfits = append(b.misfits, err.Error())
		return weights.Tensor{}
	}
	if !slices.Equal(t.Shape, shape) {
		b.misfits = append(b.misfits, fmt.Sprintf("%q is %v, the config makes it %v", full, t.Shape, shape))
		return weights.Tensor{}
	}
	if !b.counted[full] {
		b.counted[full] = true
		n := int64(1)
		for _, size := range shape {
			n *= int64(size)
		}
		b.parameters += n
	}
	return t
}

func (b *binder) matrix(name string, out, in int) kernels.Weight {
	return contiguous(b.get(name, out, in), out, in)
}

func (b *binder) norm(name string, c Config) kernels.NormOpts {
	return kernels.NormOpts{
		Gain:    weights.Floats(b.get(name+".weight", c.DModel)),
		Bias:    weights.Floats(b.get(name+".bias", c.DModel)),
		Epsilon: c.NormEpsilon,
	}
}

// linear makes a layer of out × in from where the family keeps it: a fused
// matrix's part and a transposed one are views.
func (b *binder) linear(at string, s Source, out, in int) Linear {
	parts := max(1, s.Parts)
	stored := []int{parts * out, in}
	if s.InOut {
		stored = []int{in, parts * out}
	}
	t := b.get(at+s.Name+".weight", stored...)
	bias := weights.Floats(b.get(at+s.Name+".bias", parts*out))
	w := contiguous(t, out, in)
	begin := s.Part * out * in
	if s.InOut {
		w.Stride = [2]int{1, parts * out}
		begin = s.Part * out
	}
	if t.Bytes == nil || bias == nil {
		return Linear{}
	}
	w.Bytes = t.Bytes[t.DType.Bytes(begin):]
	return Linear{Weight: w, Bias: bias[s.Part*out : (s.Part+1)*out]}
}

// err tells everything that did not fit, on a dozen lines at most.
func (b *binder) err() error {
	// A fused matrix is asked for three times.
	b.missing, b.misfits = unique(b.missing), unique(b.misfits)
	left := b.files.Unused()
	if len(b.missing) > 0 || len(b.misfits) > 0 {
		left = nil // they follow from the rest more often than not
	}
	var lines []string
	add := func(what string, names []string) {
		for _, name := range names {
			lines = append(lines, fmt.Sprintf("%s %.*s", what, maxLine, name))
		}
	}
	add("wrong:", b.misfits)
	add("missing:", b.missing)
	for i, name := range left { // the file chose these names
		left[i] = strconv.Quote(name)
	}
	add("left over:", left)
	if len(lines) == 0 {
		return nil
	}
	summary := fmt.Sprintf("%d weights do not fit config.json", len(lines))
	if len(lines) == 1 {
		return errors.New(lines[0])
	}
	if len(lines) > maxListed {
		lines = append(lines[:maxListed], "...")
	}
	return errors.New(summary + "\n" + strings.Join(lines, "\n"))
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

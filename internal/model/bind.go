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
	names      WeightNames
	config     Config
	prefix     string
	missing    []string
	misfits    []string
	parameters int64
	counted    map[string]bool
}

// bind fills the model from the file. Every weight must be there, of the right
// shape, and none may be left over.
func (m *Model) bind(names WeightNames, files *weights.Set) error {
	b := &binder{files: files, names: names, config: m.Config, counted: map[string]bool{}}
	b.prefix = b.findPrefix(names)
	c := m.Config
	m.Embed = b.matrix(names.Embed, c.DVocab, c.DModel)
	m.EmbedNorm = b.norm(names.EmbedNorm, c.DModel)
	if names.Position != "" {
		position := b.matrix(names.Position, c.Context+c.PositionOffset, c.DModel)
		m.Position = &position
	}
	if final := b.norm(names.FinalNorm, c.DModel); final != nil {
		m.FinalNorm = *final
	}
	m.Unembed = b.unembed(m.Embed)
	for _, name := range names.Ignored {
		files.Get(b.prefix + name)
	}
	m.Blocks = make([]Block, c.Layers)
	for layer := range m.Blocks {
		m.Blocks[layer] = b.block(fmt.Sprintf(names.Block, layer), layer)
	}
	m.Parameters = b.parameters
	return b.err()
}

// unembed finds the matrix that makes logits: its own, or the embedding when
// they are tied.
func (b *binder) unembed(embed kernels.Weight) Linear {
	name, c := b.names.Unembed, b.config
	l := Linear{Weight: embed}
	if c.Tied {
		b.files.Get(name + ".weight") // a stored copy of the tied matrix; Hugging Face ignores it too
	} else {
		l.Weight = contiguous(b.getExact(name+".weight", c.DVocab, c.DModel), c.DVocab, c.DModel)
	}
	if b.names.UnembedBias {
		l.Bias = weights.Floats(b.getExact(name+".bias", c.DVocab))
	}
	return l
}

func (b *binder) block(at string, layer int) Block {
	names, c := b.names, b.config
	q, kv := c.Heads*c.DHead, c.KVHeads*c.DHead
	for _, buffer := range names.Buffers {
		b.files.Get(b.prefix + at + buffer) // no weight, but not left over either
	}
	block := Block{
		Norm1:         b.normAt(at, names.Norm1, c.DModel),
		Q:             b.linear(at, names.Q, q, c.DModel),
		K:             b.linear(at, names.K, kv, c.DModel),
		V:             b.linear(at, names.V, kv, c.DModel),
		O:             b.linear(at, names.O, c.DModel, q),
		PostAttention: b.normAt(at, names.PostAttention, c.DModel),
		Norm2:         b.normAt(at, names.Norm2, c.DModel),
		PostMLP:       b.normAt(at, names.PostMLP, c.DModel),
	}
	switch {
	case names.GainByHead:
		block.QNorm, block.KNorm = b.headNorm(at, names.QNorm, c.Heads), b.headNorm(at, names.KNorm, c.KVHeads)
	case c.QKNormWhole:
		block.QNorm, block.KNorm = b.normAt(at, names.QNorm, q), b.normAt(at, names.KNorm, kv)
	default:
		block.QNorm, block.KNorm = b.normAt(at, names.QNorm, c.DHead), b.normAt(at, names.KNorm, c.DHead)
	}
	if names.Sinks != "" {
		block.Sinks = weights.Floats(b.get(at+names.Sinks, c.Heads))
	}
	if c.routed(layer) {
		router := b.linear(at, names.Router, c.Experts, c.DModel)
		block.Router = &router
		if names.Stacked {
			block.Experts = b.stacked(at)
			return block
		}
		for e := range c.Experts {
			own := at + fmt.Sprintf(names.Expert, e)
			block.Experts = append(block.Experts, b.mlp(own, names.ExpertGate, names.ExpertUp, names.ExpertDown, c.DExpert))
		}
		return block
	}
	block.MLP = b.mlp(at, names.Gate, names.Up, names.Down, c.DMLP)
	return block
}

// stacked finds experts that share tensors: gate and up projections column by
// column in turn, [experts, d_model, 2 d_expert], and [experts, d_expert, d_model].
func (b *binder) stacked(at string) []MLP {
	c, e, d, w := b.config, b.config.Experts, b.config.DModel, b.config.DExpert
	up := b.get(at+b.names.ExpertUp.Name, e, d, 2*w)
	upBias := weights.Floats(b.get(at+b.names.ExpertUp.Name+"_bias", e, 2*w))
	down := b.get(at+b.names.ExpertDown.Name, e, w, d)
	downBias := weights.Floats(b.get(at+b.names.ExpertDown.Name+"_bias", e, d))
	if up.Bytes == nil || upBias == nil || down.Bytes == nil || downBias == nil {
		return nil
	}
	experts := make([]MLP, c.Experts)
	for i := range experts {
		gate := everyOther(up, upBias, i, 0, d, w)
		experts[i] = MLP{
			Gate: &gate, Up: everyOther(up, upBias, i, 1, d, w),
			Down: Linear{
				Weight: kernels.Weight{Name: down.Name, Type: down.DType, Shape: [2]int{d, w}, Stride: [2]int{1, d}, Bytes: down.Bytes[down.DType.Bytes(i*w*d):]},
				Bias:   downBias[i*d : (i+1)*d],
			},
		}
	}
	return experts
}

// everyOther is the view of every other column of expert i's matrix, from the
// first or the second on.
func everyOther(t weights.Tensor, bias []float32, i, first, in, out int) Linear {
	l := Linear{Weight: kernels.Weight{
		Name: t.Name, Type: t.DType, Shape: [2]int{out, in}, Stride: [2]int{2, 2 * out}, Bytes: t.Bytes[t.DType.Bytes(i*in*2*out+first):],
	}}
	for o := range out {
		l.Bias = append(l.Bias, bias[i*2*out+2*o+first])
	}
	return l
}

// mlp finds one feed-forward network of the given width.
func (b *binder) mlp(at string, gate, up, down Source, width int) MLP {
	d := b.config.DModel
	m := MLP{Up: b.linear(at, up, width, d), Down: b.linear(at, down, d, width)}
	if b.config.Gated {
		g := b.linear(at, gate, width, d)
		m.Gate = &g
	}
	return m
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

// normAt finds a block's norm of the given width; nil when the family has none
// there.
func (b *binder) normAt(at, name string, width int) *kernels.NormOpts {
	if name == "" {
		return nil
	}
	return b.norm(at+name, width)
}

// headNorm finds a norm without bias whose gain differs from head to head:
// [heads * d_head].
func (b *binder) headNorm(at, name string, heads int) *kernels.NormOpts {
	o := &kernels.NormOpts{Epsilon: b.config.NormEpsilon, RMS: b.config.RMS}
	if !strings.Contains(name, "%d") {
		o.Gain = weights.Floats(b.get(at+name+".weight", heads, b.config.DHead))
		return o
	}
	for head := range heads {
		o.Gain = append(o.Gain, weights.Floats(b.get(at+fmt.Sprintf(name, head)+".weight", b.config.DHead))...)
	}
	return o
}

func (b *binder) norm(name string, width int) *kernels.NormOpts {
	if name == "" {
		return nil
	}
	o := &kernels.NormOpts{
		Gain:    weights.Floats(b.get(name+".weight", width)),
		Epsilon: b.config.NormEpsilon, RMS: b.config.RMS,
	}
	if !b.names.NoNormBias {
		o.Bias = weights.Floats(b.get(name+".bias", width))
	}
	for i := range o.Gain {
		o.Gain[i] += b.config.NormShift
	}
	return o
}

// linear makes a layer of out × in from where the family keeps it: a fused
// matrix's part and a transposed one are views, interleaved groups are copied.
func (b *binder) linear(at string, s Source, out, in int) Linear {
	total := out
	if s.Total > 0 {
		total = s.Total
	}
	stored := []int{total, in}
	if s.InOut {
		stored = []int{in, total}
	}
	t := b.get(at+s.Name+".weight", stored...)
	var bias []float32
	if !s.NoBias {
		if bias = weights.Floats(b.get(at+s.Name+".bias", total)); bias == nil {
			return Linear{}
		}
	}
	if t.Bytes == nil {
		return Linear{}
	}
	if s.Size > 0 || s.HalfSplit > 0 {
		return s.gather(t, bias, out, in)
	}
	w := contiguous(t, out, in)
	begin := s.First * in
	if s.InOut {
		w.Stride = [2]int{1, total}
		begin = s.First
	}
	w.Bytes = t.Bytes[t.DType.Bytes(begin):]
	l := Linear{Weight: w}
	if bias != nil {
		l.Bias = bias[s.First : s.First+out]
	}
	return l
}

// gather copies outputs that lie in another order: no stride describes them.
func (s Source) gather(t weights.Tensor, bias []float32, out, in int) Linear {
	row := t.DType.Bytes(in)
	packed := make([]byte, 0, out*row)
	l := Linear{}
	for o := range out {
		from := s.stored(o)
		packed = append(packed, t.Bytes[from*row:(from+1)*row]...)
		if bias != nil {
			l.Bias = append(l.Bias, bias[from])
		}
	}
	t.Bytes = packed
	l.Weight = contiguous(t, out, in)
	return l
}

// stored is where one of our outputs lies among those of the file.
func (s Source) stored(o int) int {
	if s.HalfSplit > 0 {
		head, i, half := o/s.HalfSplit, o%s.HalfSplit, s.HalfSplit/2
		return head*s.HalfSplit + 2*(i%half) + i/half
	}
	return o/s.Size*s.Stride + s.First + o%s.Size
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

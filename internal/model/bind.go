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

// maxListed is how many weights an error names, maxLine how much it says of
// each, and maxGathered after how many that do not fit nobody looks any further.
const (
	maxListed   = 10
	maxLine     = 200
	maxGathered = 100_000
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
	m.Embed = b.matrix(names.Embed, c.DVocab, c.embedWidth())
	if names.EmbedUp != "" {
		m.EmbedUp, m.UnembedDown = b.plain(names.EmbedUp, c.DModel, c.DEmbed), b.plain(names.UnembedDown, c.DEmbed, c.DModel)
	}
	m.EmbedNorm = b.norm(names.EmbedNorm, c.DModel)
	if names.Position != "" {
		position := b.matrix(names.Position, c.Context+c.PositionOffset, c.DModel)
		m.Position = &position
	}
	m.FinalNorm = b.norm(names.FinalNorm, c.DModel)
	m.Unembed = b.unembed(m.Embed)
	for _, name := range names.Ignored {
		files.Get(b.prefix + name)
	}
	m.Blocks = make([]Block, c.Layers)
	for layer := range m.Blocks {
		if b.hopeless() {
			break
		}
		m.Blocks[layer] = b.block(fmt.Sprintf(names.Block, layer), layer)
	}
	for spare := range names.SpareBlocks {
		b.pass(b.prefix + fmt.Sprintf(names.Block, c.Layers+spare))
	}
	m.Parameters = b.parameters
	if err := b.err(); err != nil {
		return err
	}
	if m.EmbedUp != nil {
		m.projected = newProjection(m.EmbedUp.Weight)
	}
	return nil
}

// unembed finds the matrix that makes logits: its own, or the embedding when
// they are tied.
func (b *binder) unembed(embed kernels.Weight) Linear {
	name, c := b.names.Unembed, b.config
	l := Linear{Weight: embed}
	if c.Tied {
		b.files.Get(name + ".weight") // a stored copy of the tied matrix; Hugging Face ignores it too
	} else {
		l.Weight = contiguous(b.getExact(name+".weight", c.DVocab, c.embedWidth()), c.DVocab, c.embedWidth())
	}
	if b.names.UnembedBias {
		l.Bias = weights.Floats(b.getExact(name+".bias", c.DVocab))
	}
	return l
}

func (b *binder) block(at string, layer int) Block {
	names, c := b.names, b.config
	q, kv, values := c.Heads*c.DHead, c.KVHeads*c.DHead, c.KVHeads*c.ValueWidth()
	queryFrom, valueFrom := c.DModel, c.DModel
	var latent *LatentMaps
	if c.Latent.KeyValue > 0 {
		latent = b.latent(at)
		kv, valueFrom = c.KVHeads*(c.DHead-c.Latent.Rope), c.Latent.KeyValue
		if c.Latent.Query > 0 {
			queryFrom = c.Latent.Query
		}
	}
	for _, buffer := range names.Buffers {
		b.files.Get(b.prefix + at + buffer) // no weight, but not left over either
	}
	block := Block{
		Norm1:         b.normAt(at, names.Norm1, c.DModel),
		Latent:        latent,
		Q:             b.linear(at, names.Q, q, queryFrom),
		K:             b.linear(at, names.K, kv, valueFrom),
		V:             b.linear(at, names.V, values, valueFrom),
		O:             b.linear(at, names.O, c.DModel, c.Heads*c.ValueWidth()),
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
		if names.RouterBias != "" {
			block.RouterBias = weights.Floats(b.get(at+names.RouterBias, c.Experts))
		}
		if c.DShared > 0 {
			shared := b.mlp(at, names.SharedGate, names.SharedUp, names.SharedDown, c.DShared)
			block.Shared = &shared
		}
		if names.Stacked {
			block.Experts = b.stacked(at)
			return block
		}
		if names.StackedRows {
			block.Experts = b.stackedRows(at)
			return block
		}
		for e := range c.Experts {
			if b.hopeless() {
				break
			}
			own := at + fmt.Sprintf(names.Expert, e)
			block.Experts = append(block.Experts, b.mlp(own, names.ExpertGate, names.ExpertUp, names.ExpertDown, c.DExpert))
		}
		return block
	}
	block.MLP = b.mlp(at, names.Gate, names.Up, names.Down, c.DMLP)
	return block
}

// latentEpsilon is that of the narrow vectors' norms, whatever rms_norm_eps says:
// transformers makes them with the default.
const latentEpsilon = 1e-6

// latent finds the narrow vectors' matrices and norms.
func (b *binder) latent(at string) *LatentMaps {
	names, c := b.names, b.config
	m := &LatentMaps{
		KVDown:     b.linear(at, names.KVDown, c.Latent.KeyValue, c.DModel),
		KVDownNorm: b.normAt(at, names.KVDownNorm, c.Latent.KeyValue),
		KRope:      b.linear(at, names.KRope, c.Latent.Rope, c.DModel),
		KByHead:    names.K.Turned,
	}
	if c.Latent.Query > 0 {
		down := b.linear(at, names.QDown, c.Latent.Query, c.DModel)
		m.QDown, m.QDownNorm = &down, b.normAt(at, names.QDownNorm, c.Latent.Query)
		m.QDownNorm.Epsilon = latentEpsilon
	}
	m.KVDownNorm.Epsilon = latentEpsilon
	return m
}

// stacked finds experts that share tensors: gate and up projections column by
// column in turn, [experts, d_model, 2 d_expert], and [experts, d_expert, d_model].
func (b *binder) stacked(at string) []MLP {
	c, e, d, w := b.config, b.config.Experts, b.config.DModel, b.config.DExpert
	if b.names.MXFP4 {
		return b.stackedMXFP4(at)
	}
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

// stackedMXFP4 is stacked for blocks of 4 bits: gate and up projections row by
// row in turn, [experts, 2 d_expert, d_model], and [experts, d_model, d_expert].
func (b *binder) stackedMXFP4(at string) []MLP {
	c, e, d, w := b.config, b.config.Experts, b.config.DModel, b.config.DExpert
	up := b.paired(at+b.names.ExpertUp.Name, e, 2*w, d)
	upBias := weights.Floats(b.get(at+b.names.ExpertUp.Name+"_bias", e, 2*w))
	down := b.paired(at+b.names.ExpertDown.Name, e, d, w)
	downBias := weights.Floats(b.get(at+b.names.ExpertDown.Name+"_bias", e, d))
	if up.Bytes == nil || upBias == nil || down.Bytes == nil || downBias == nil {
		return nil
	}
	experts := make([]MLP, c.Experts)
	for i := range experts {
		rows := func(t weights.Tensor, bias []float32, first, step, out, in int) Linear {
			l := Linear{Weight: kernels.Weight{
				Name: t.Name, Type: t.DType, Shape: [2]int{out, in}, Stride: [2]int{step * in, 1},
				Bytes: t.Bytes[first*in/2:], Scales: t.Scales[first*in/32:],
			}}
			for o := range out {
				l.Bias = append(l.Bias, bias[first+o*step])
			}
			return l
		}
		gate := rows(up, upBias, i*2*w, 2, w, d)
		experts[i] = MLP{Gate: &gate, Up: rows(up, upBias, i*2*w+1, 2, w, d), Down: rows(down, downBias, i*d, 1, d, w)}
	}
	return experts
}

// paired finds a stack of matrices whose 4-bit numbers and scales are two tensors.
func (b *binder) paired(name string, experts, out, in int) weights.Tensor {
	const block = 32
	full := b.prefix + name
	blocks, ok1 := b.files.Get(full + "_blocks")
	scales, ok2 := b.files.Get(full + "_scales")
	for _, part := range []struct {
		name string
		ok   bool
	}{{"_blocks", ok1}, {"_scales", ok2}} {
		if !part.ok {
			b.missing = append(b.missing, full+part.name)
		}
	}
	if !ok1 || !ok2 {
		return weights.Tensor{}
	}
	if want := []int{experts, out, in / block, block / 2}; in%block != 0 || !slices.Equal(blocks.Shape, want) {
		b.misfits = append(b.misfits, fmt.Sprintf("%q is %v, the config makes it %v of %d numbers", full+"_blocks", blocks.Shape, want, in))
		return weights.Tensor{}
	}
	t, err := weights.PairMXFP4(full, blocks, scales)
	if err != nil {
		b.misfits = append(b.misfits, err.Error())
		return weights.Tensor{}
	}
	b.parameters += int64(experts) * int64(out) * int64(in)
	return t
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

// stackedRows finds experts whose gates, up and down projections share a tensor
// each, [experts, out, in].
func (b *binder) stackedRows(at string) []MLP {
	d, w := b.config.DModel, b.config.DExpert
	gate, up, down := b.layers(at, b.names.ExpertGate, w, d), b.layers(at, b.names.ExpertUp, w, d), b.layers(at, b.names.ExpertDown, d, w)
	if gate == nil || up == nil || down == nil {
		return nil
	}
	experts := make([]MLP, b.config.Experts)
	for i := range experts {
		experts[i] = MLP{Gate: &gate[i], Up: up[i], Down: down[i]}
	}
	return experts
}

// layers finds every expert's layer of out × in in one tensor; nil when it is
// not there.
func (b *binder) layers(at string, s Source, out, in int) []Linear {
	t := b.get(at+s.Name+".weight", b.config.Experts, out, in)
	var bias []float32
	if !s.NoBias {
		if bias = weights.Floats(b.get(at+s.Name+".bias", b.config.Experts, out)); bias == nil {
			return nil
		}
	}
	if t.Bytes == nil {
		return nil
	}
	all := make([]Linear, b.config.Experts)
	size, shared := t.DType.Bytes(out*in), t.Bytes
	for i := range all {
		t.Bytes = shared[i*size : (i+1)*size]
		all[i].Weight = contiguous(t, out, in)
		if bias != nil {
			all[i].Bias = bias[i*out : (i+1)*out]
		}
	}
	return all
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

// pass takes every tensor whose name begins so, for nobody.
func (b *binder) pass(prefix string) {
	for _, name := range b.files.Names() {
		if strings.HasPrefix(name, prefix) {
			b.files.Get(name)
		}
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

// plain finds a layer without bias outside the blocks.
func (b *binder) plain(name string, out, in int) *Linear {
	return &Linear{Weight: b.matrix(name+".weight", out, in)}
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
// matrix's part and a transposed one are views, and so are interleaved groups.
func (b *binder) linear(at string, s Source, out, in int) Linear {
	if s.Heads > 0 {
		return b.byHead(at, s, out, in)
	}
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
		return s.ordered(t, bias, out, in)
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

// byHead makes a layer without bias of a matrix for each head. Turned ones stand
// side by side: [out/heads, heads * in], as a head's own columns of an output matrix
// do.
func (b *binder) byHead(at string, s Source, out, in int) Linear {
	rows := out / s.Heads
	if !s.Turned {
		return Linear{Weight: contiguous(b.get(at+s.Name+".weight", s.Heads, rows, in), out, in)}
	}
	t := b.get(at+s.Name+".weight", s.Heads, in, rows)
	return Linear{Weight: kernels.Weight{
		Name: t.Name, Type: t.DType, Shape: [2]int{rows, s.Heads * in}, Stride: [2]int{1, rows}, Bytes: t.Bytes,
	}}
}

// ordered views outputs that lie in another order: no stride describes them.
func (s Source) ordered(t weights.Tensor, bias []float32, out, in int) Linear {
	l := Linear{Weight: contiguous(t, out, in)}
	for o := range out {
		from := s.stored(o)
		l.Weight.Order = append(l.Weight.Order, int32(from))
		if bias != nil {
			l.Bias = append(l.Bias, bias[from])
		}
	}
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

// hopeless says that so much is wrong that the rest need not be looked at: a
// config of a few bytes may promise thousands of layers of thousands of experts.
func (b *binder) hopeless() bool { return len(b.missing)+len(b.misfits) > maxGathered }

// err tells everything that did not fit, on a dozen lines at most.
func (b *binder) err() error {
	gaveUp := b.hopeless()
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
	if gaveUp {
		summary = fmt.Sprintf("%d weights and more do not fit config.json", len(lines))
	}
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

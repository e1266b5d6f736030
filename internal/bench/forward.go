package bench

import (
	"context"
	"fmt"
	"math"
	"slices"

	"attn/internal/kernels"
	"attn/internal/kernels/ref"
	"attn/internal/model"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// Pass is a model's forward pass over the first N tokens of a made-up text.
type Pass struct {
	Model  *model.Model
	N      int
	Record bool     // keep every step, as attn trace does when all are asked for,
	Only   []string // or those that patterns name, as attn trace --record does
	FLOPs  float64  // of the pass: internal/params knows
	Bytes  float64  // of the weights
}

// wants reports whether a step is kept.
func (p Pass) wants(name string) bool {
	matches := func(pattern string) bool { return trace.Match(pattern, name) }
	return p.Record && (p.Only == nil || slices.ContainsFunc(p.Only, matches))
}

// maps reports whether attention is not fused: a number is kept for every query and
// key.
func (p Pass) maps() bool {
	for _, h := range trace.Hooks() {
		if slices.Contains(h.Axes, tensor.KeyPos) && h.Op != "attention" && p.recorded(h) > 0 {
			return true
		}
	}
	return false
}

// Logits reports of how many tokens the pass computes the logits: of all where
// somebody looks at them, or at what they are made of.
func (p Pass) Logits() int {
	if p.wants(trace.Logits) || p.wants(trace.LNFinal) || p.wants(trace.LNFinalScale) {
		return p.N
	}
	return 1
}

// ids are N tokens from all over the vocabulary.
func (p Pass) ids() []int32 {
	ids := make([]int32, p.N)
	for i := range ids {
		ids[i] = int32((2*i + 1) * p.Model.Config.DVocab / (2 * p.N))
	}
	return ids
}

// Memory is how many bytes timing takes at most: what a layer holds while it is under
// way, and every step where they are kept, twice, because those of the last pass
// may still be there.
func (p Pass) Memory() float64 {
	c := &p.Model.Config
	under := 8 * size(c, []tensor.Axis{tensor.Pos, tensor.DMLP}, p.N)
	if p.maps() { // otherwise attention is fused
		under += 4 * 2 * size(c, []tensor.Axis{tensor.Head, tensor.QueryPos, tensor.KeyPos}, p.N)
	}
	return 4 * (under + 2*p.kept(false))
}

// kept counts the numbers of the steps that are kept, but for those that are derived.
func (p Pass) kept(derived bool) float64 {
	c, n, total := &p.Model.Config, p.N, 0.0
	for _, h := range trace.Hooks() {
		switch {
		case h.Op == "attention": // fused attention tells it where the maps are not recorded
		case derived && slices.Contains(model.Derived(), h.Name):
		case h.Name == trace.Softcapped && c.Softcap == 0, h.Name == trace.Biased && c.ALiBi.Slopes == nil:
		case c.Ropes == nil && (h.Name == trace.RotQ || h.Name == trace.RotK), h.Name == trace.MLPLinear && !c.Gated:
		default:
			total += float64(p.recorded(h)) * size(c, h.Axes, n)
		}
	}
	return total
}

// recorded is how often a step of this name is kept: in how many layers, if it has
// them.
func (p Pass) recorded(h trace.Hook) (times int) {
	names := []string{h.Name}
	if h.Block {
		names = nil
		for layer := range p.Model.Config.Layers {
			names = append(names, trace.InBlock(layer, h.Name))
		}
	}
	for _, name := range names {
		if p.wants(name) {
			times++
		}
	}
	return times
}

// size counts the numbers of one step.
func size(c *model.Config, axes []tensor.Axis, n int) float64 {
	numbers := 1.0
	for _, axis := range axes {
		numbers *= float64(map[tensor.Axis]int{
			tensor.Pos: n, tensor.QueryPos: n, tensor.KeyPos: n, tensor.Head: c.Heads, tensor.DHead: c.DHead,
			tensor.DLatent: c.Latent.KeyValue, tensor.DRope: c.Latent.Rope,
			tensor.DModel: c.DModel, tensor.DMLP: c.DMLP, tensor.DVocab: c.DVocab, tensor.Expert: c.Experts, tensor.One: 1,
		}[axis])
	}
	return numbers
}

// Forward makes a pass ready.
func Forward(be kernels.Backend, p Pass) Work {
	ids := p.ids()
	return Work{
		FLOPs: p.FLOPs, Bytes: p.Bytes + 4*p.kept(model.Derives(be)), on: be,
		Start: func(ctx context.Context) error {
			steps, err := p.run(ctx, be, ids, p.wants)
			if lender, ok := be.(kernels.Lender); ok { // nobody looks at them
				for _, s := range steps {
					lender.Return(s.Value)
				}
			}
			return err
		},
		Check: func(ctx context.Context) (Check, error) { return p.check(ctx, be, ids) },
	}
}

// run is one pass. It returns what was recorded, and the logits under the name
// of their step where that was not.
func (p Pass) run(ctx context.Context, be kernels.Backend, ids []int32, wants func(string) bool) ([]trace.Step, error) {
	tokens := make([]trace.Token, len(ids))
	for i, id := range ids {
		tokens[i] = trace.Token{Pos: i, ID: id}
	}
	rec := trace.NewRecorder(tokens, wants)
	logits, err := p.Model.Forward(ctx, be, ids, rec)
	if err != nil {
		return nil, err
	}
	defer release(be, logits)
	steps := rec.Trace().Steps
	if !wants(trace.Logits) {
		steps = append(steps, trace.Step{Name: trace.Logits, Value: be.Get(logits)})
	}
	return steps, be.Err()
}

// stepShare is what a step may lie off, as a share of max(1, its largest
// number): what attn verify allows.
const stepShare = 1e-4

// check has package ref read as many of the tokens as it can in a moment. No
// token sees a later one, so that what it computes is the beginning of every
// step of the whole pass; the logits, which nobody asked for in between, are
// compared after a pass over these tokens alone.
func (p Pass) check(ctx context.Context, be kernels.Backend, ids []int32) (Check, error) {
	count := p.checked()
	c := Check{What: sampled(count, p.N, "tokens")}
	if count < p.N {
		c.What = "the first " + c.What
	}
	last := trace.InBlock(p.Model.Config.Layers-1, trace.ResidPost)
	wants := func(name string) bool { return p.wants(name) || name == last }
	want, err := p.run(ctx, ref.New(), ids[:count], wants)
	if err != nil {
		return c, err
	}
	got, err := p.run(ctx, be, ids, wants)
	if err != nil {
		return c, err
	}
	if !p.wants(trace.Logits) && count < p.N {
		first, err := p.run(ctx, be, ids[:count], wants)
		if err != nil {
			return c, err
		}
		got[len(got)-1] = first[len(first)-1]
	}
	err = c.compare(got, want)
	return c, err
}

// compare finds how far the steps lie off, and how far measured against what they
// may.
func (c *Check) compare(got, want []trace.Step) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d steps, package ref has %d", len(got), len(want))
	}
	for i, step := range want {
		if got[i].Name != step.Name {
			return fmt.Errorf("step %d is %s, package ref's is %s", i, got[i].Name, step.Name)
		}
		of := step.Whole()
		off := furthestInCorner(got[i].Whole(), of)
		allowed := stepShare * max(1, float64(finiteLargest(of.Data)))
		c.Error, c.Share = max(c.Error, off), max(c.Share, off/allowed)
	}
	return nil
}

// checked is how many tokens package ref reads: all of them where what the first
// ones become depends on how many there are.
func (p Pass) checked() int {
	for _, r := range p.Model.Config.Ropes {
		if r != nil && (r.Scaling.Kind == "dynamic" || r.Scaling.Kind == "longrope") && float64(p.N) > r.Scaling.Original {
			return p.N
		}
	}
	return affordable(p.N, p.FLOPs/2/float64(p.N))
}

// furthestInCorner compares a tensor with the part of another that begins where
// it begins.
func furthestInCorner(got, want tensor.Tensor) float64 {
	if len(got.Shape) != len(want.Shape) {
		return math.Inf(1)
	}
	for i, d := range want.Shape {
		if got.Shape[i].Axis != d.Axis || got.Shape[i].Size < d.Size {
			return math.Inf(1)
		}
	}
	if len(want.Shape) == 1 {
		return furthest(got.Data, want.Data)
	}
	most := 0.0
	for i := range want.Shape[0].Size {
		most = max(most, furthestInCorner(got.Sub(i), want.Sub(i)))
	}
	return most
}

// finiteLargest is the largest magnitude of those that are finite.
func finiteLargest(x []float32) float32 {
	most := float32(0)
	for _, v := range x {
		if a := max(v, -v); !math.IsInf(float64(a), 1) {
			most = max(most, a)
		}
	}
	return most
}

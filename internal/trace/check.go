package trace

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"attn/internal/tensor"
)

// Check reports every identity of attention that the recorded steps break.
// Identities that need a step which was not recorded are passed over.
//
//	all heads' keys end in the part that they share, under latent attention
//	the pattern's weights for one query sum to 1
//	scaled = raw × scale; masked = scaled, or −∞ exactly where the mask hides
//	pattern = softmax(masked)
//	z = Σ_keys pattern · v; Σ_heads result + b_O = attn_out
//	resid_mid = resid_pre + attn_out; resid_post = resid_mid + mlp_out
//	each block starts where the one before it ended
//	with norms after each sum: what the norm made of resid_mid, of resid_post
//	what a query takes from the keys that are listed, from all others and from
//	the sink sums to 1; its entropy is at most log n
//	Σ received = Σ pooled · queries = Σ_queries (1 − sink)
//	a tile's weights = e^(score − lse)
func (t *Trace) Check() error {
	var errs []error
	for _, s := range t.Steps {
		errs = append(errs, checkFinite(s))
	}
	errs = append(errs, t.checkSum("embed", InBlock(0, ResidPre), Embed, PosEmbed))
	for layer := range t.Meta.Model.Layers {
		errs = append(errs, t.checkLayer(layer)...)
	}
	return errors.Join(errs...)
}

func (t *Trace) checkLayer(layer int) []error {
	in := func(name string) string { return InBlock(layer, name) }
	errs := []error{
		t.checkShared(layer),
		t.checkScaled(layer),
		t.checkMasked(layer),
		t.checkPattern(layer),
		t.checkSoftmax(layer),
		t.checkMix(layer),
		t.checkHeads(layer),
		t.checkSum("attention", in(ResidMid), in(ResidPre), in(AttnOut)),
		t.checkSum("mlp", in(ResidPost), in(t.either(ResidMid, LN1)), in(MLPOut)),
		t.checkParallel(layer),
		t.checkListed(layer),
		t.checkEntropy(layer),
		t.checkReceived(layer),
		t.checkPooled(layer),
		t.checkTilePattern(layer),
	}
	if layer > 0 {
		errs = append(errs, t.checkSum("handover", in(ResidPre), InBlock(layer-1, t.either(ResidPost, LN2))))
	}
	return errs
}

// either is the first name, or the second where norms come after each sum: what
// they make is the stream.
func (t *Trace) either(name, postNorm string) string {
	if t.Meta.PostNorm {
		return postNorm
	}
	return name
}

// checkFinite allows −∞ in masked scores and nothing else that is not a number.
func checkFinite(s Step) error {
	_, name := Split(s.Name)
	for i, v := range s.Whole().Data {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 1) || math.IsInf(float64(v), -1) && !MayHide(name) {
			return fmt.Errorf("%s: value %d is %v", s.Name, i, v)
		}
	}
	return nil
}

// near is the bound for sums in float32: relative to the numbers at hand.
func near(got, want, size, tolerance float64) bool {
	return math.Abs(got-want) <= tolerance*math.Max(1, size)
}

func (t *Trace) checkSum(what, sum string, parts ...string) error {
	total, ok := t.Find(sum)
	if !ok {
		return nil
	}
	values := make([]tensor.Tensor, len(parts))
	for i, part := range parts {
		if values[i], ok = t.Find(part); !ok || len(values[i].Data) != len(total.Data) {
			return nil
		}
	}
	for i, got := range total.Data {
		want, size := 0.0, 0.0
		for _, v := range values {
			want += float64(v.Data[i])
			size = math.Max(size, math.Abs(float64(v.Data[i])))
		}
		if !near(float64(got), want, size, 1e-6) {
			return fmt.Errorf("%s: %s is %v at %d, its parts sum to %v", what, sum, got, i, want)
		}
	}
	return nil
}

// checkParallel: in a block whose attention and MLP read the same vector, both
// are added to it at once.
func (t *Trace) checkParallel(layer int) error {
	if _, serial := t.InBlock(layer, ResidMid); serial || !t.Meta.Parallel {
		return nil
	}
	return t.checkSum("parallel", InBlock(layer, ResidPost), InBlock(layer, ResidPre), InBlock(layer, AttnOut), InBlock(layer, MLPOut))
}

// checkShared: the last components of every head's key are those that all share.
func (t *Trace) checkShared(layer int) error {
	k, ok1 := t.InBlock(layer, K)
	rope, ok2 := t.InBlock(layer, KRope)
	if !ok1 || !ok2 {
		return nil
	}
	width := rope.Size(tensor.DRope)
	if width > k.Size(tensor.DHead) {
		return fmt.Errorf("%s has %d numbers, keys have %d", InBlock(layer, KRope), width, k.Size(tensor.DHead))
	}
	for pos := range t.Tokens {
		for head := range k.Size(tensor.Head) {
			key := k.Row(pos, head)
			if end := key[len(key)-width:]; !slices.Equal(end, rope.Row(pos)) {
				return fmt.Errorf("%s: position %d, head %d ends in %v, the part that all heads share is %v", InBlock(layer, K), pos, head, end, rope.Row(pos))
			}
		}
	}
	return nil
}

func (t *Trace) checkScaled(layer int) error {
	raw, ok1 := t.InBlock(layer, QK)
	scaled, ok2 := t.InBlock(layer, Scaled)
	if !ok1 || !ok2 {
		return nil
	}
	factor := float64(t.Scale(layer))
	for i, v := range scaled.Data {
		if want := float64(raw.Data[i]) * factor; !near(float64(v), want, math.Abs(want), 1e-6) {
			return fmt.Errorf("%s: value %d is %v, raw %v × %v is %v", InBlock(layer, Scaled), i, v, raw.Data[i], factor, want)
		}
	}
	return nil
}

func (t *Trace) checkMasked(layer int) error {
	masked, ok := t.InBlock(layer, AttnScores)
	if !ok {
		return nil
	}
	stage, scaled, haveScaled := t.lastStage(layer)
	n := len(t.Tokens)
	for i, v := range masked.Data {
		q, k := i/n%n, i%n
		hidden := math.IsInf(float64(v), -1)
		if hidden == t.Mask(layer).Allows(q, k) {
			return fmt.Errorf("%s: query %d, key %d is %v under mask %v", InBlock(layer, AttnScores), q, k, v, t.Mask(layer))
		}
		if !hidden && haveScaled && v != scaled.Data[i] {
			return fmt.Errorf("%s: query %d, key %d is %v, in %s it was %v", InBlock(layer, AttnScores), q, k, v, stage, scaled.Data[i])
		}
	}
	return nil
}

// lastStage finds the scores as they were before the mask.
func (t *Trace) lastStage(layer int) (name string, scores tensor.Tensor, ok bool) {
	for _, name := range []string{Biased, Softcapped, Scaled} {
		if scores, ok := t.InBlock(layer, name); ok {
			return name, scores, true
		}
	}
	return "", tensor.Tensor{}, false
}

// sinkShare is the weight that a row of the pattern leaves to its head's sink.
func (t *Trace) sinkShare(layer, row int) float64 {
	if sink, ok := t.InBlock(layer, Sink); ok {
		return float64(sink.Data[row])
	}
	return 0
}

func (t *Trace) checkPattern(layer int) error {
	pattern, ok := t.InBlock(layer, Pattern)
	if !ok {
		return nil
	}
	n := len(t.Tokens)
	for row := 0; row*n < len(pattern.Data); row++ {
		sum := t.sinkShare(layer, row)
		for k, w := range pattern.Data[row*n : row*n+n] {
			if w < 0 || w != 0 && !t.Mask(layer).Allows(row%n, k) {
				return fmt.Errorf("%s: query %d gives key %d the weight %v", InBlock(layer, Pattern), row%n, k, w)
			}
			sum += float64(w)
		}
		if math.Abs(sum-1) > 1e-6 {
			return fmt.Errorf("%s: head %d, query %d: the weights sum to %v", InBlock(layer, Pattern), row/n, row%n, sum)
		}
	}
	return nil
}

// checkSoftmax holds each row of weights to exp(score − max) / Σ.
func (t *Trace) checkSoftmax(layer int) error {
	masked, ok1 := t.InBlock(layer, AttnScores)
	pattern, ok2 := t.InBlock(layer, Pattern)
	if !ok1 || !ok2 {
		return nil
	}
	n := len(t.Tokens)
	for row := 0; row*n < len(pattern.Data); row++ {
		scores, largest, sum := masked.Data[row*n:row*n+n], math.Inf(-1), 0.0
		for _, s := range scores {
			largest = math.Max(largest, float64(s))
		}
		for _, s := range scores {
			sum += math.Exp(float64(s) - largest)
		}
		for k, got := range pattern.Data[row*n : row*n+n] {
			if want := (1 - t.sinkShare(layer, row)) * math.Exp(float64(scores[k])-largest) / sum; !near(float64(got), want, 1, 1e-6) {
				return fmt.Errorf("%s: head %d, query %d gives key %d the weight %v, the softmax of its scores is %v",
					InBlock(layer, Pattern), row/n, row%n, k, got, want)
			}
		}
	}
	return nil
}

func (t *Trace) checkMix(layer int) error {
	pattern, ok1 := t.InBlock(layer, Pattern)
	v, ok2 := t.InBlock(layer, V)
	z, ok3 := t.InBlock(layer, Z)
	if !ok1 || !ok2 || !ok3 {
		return nil
	}
	group := z.Size(tensor.Head) / v.Size(tensor.Head)
	for pos := range t.Tokens {
		for head := range z.Size(tensor.Head) {
			got := z.Row(pos, head)
			want, size := make([]float64, len(got)), make([]float64, len(got))
			for k, w := range pattern.Row(head, pos) {
				for i, value := range v.Row(k, head/group) {
					want[i] += float64(w) * float64(value)
					size[i] = math.Max(size[i], math.Abs(float64(value)))
				}
			}
			for i := range got {
				if !near(float64(got[i]), want[i], size[i], 1e-5) {
					return fmt.Errorf("%s: position %d, head %d, component %d is %v, Σ pattern · v is %v", InBlock(layer, Z), pos, head, i, got[i], want[i])
				}
			}
		}
	}
	return nil
}

func (t *Trace) checkHeads(layer int) error {
	result, ok1 := t.InBlock(layer, Result)
	bias, ok2 := t.InBlock(layer, OutputBias)
	out, ok3 := t.HeadsSum(layer)
	if !ok1 || !ok2 || !ok3 {
		return nil
	}
	for pos := range t.Tokens {
		for i, got := range out.Row(pos) {
			want := float64(bias.Data[i])
			size := math.Abs(want)
			for head := range result.Size(tensor.Head) {
				part := float64(result.At(pos, head, i))
				want += part
				size = math.Max(size, math.Abs(part))
			}
			if !near(float64(got), want, size, 1e-5) {
				return fmt.Errorf("%s: position %d, component %d is %v, heads and bias sum to %v", InBlock(layer, AttnOut), pos, i, got, want)
			}
		}
	}
	return nil
}

// MayHide reports whether a step, of whatever block, has −∞ where the mask hides.
func MayHide(name string) bool { return name == AttnScores || name == TileScores }

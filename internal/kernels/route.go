package kernels

import (
	"fmt"
	"math"
	"slices"

	"attn/internal/tensor"
)

// RouteOpts say how a router's scores become experts and their shares.
type RouteOpts struct {
	Used    int     // experts that each token chooses
	Sigmoid bool    // a score's suitability is its sigmoid; otherwise softmax over all
	Anew    bool    // the chosen experts' shares are made to sum to 1
	Scale   float32 // then multiplied by it; 0 is not
	// Experts lie in groups, of which only the best may be chosen from: those
	// whose best few experts, summed, suit most. 0 groups is any expert.
	Groups, GroupsUsed, GroupBest int
	// Correction is added to each expert's suitability for the choice alone; nil is
	// none.
	Correction []float32
}

// RouteShape is the shape of Route's result: that of the scores, [pos T, expert E].
func RouteShape(scores []tensor.Dim, o RouteOpts) ([]tensor.Dim, error) {
	if len(scores) != 2 {
		return nil, fmt.Errorf("route: %s is not [pos, expert]", tensor.ShapeString(scores))
	}
	if err := o.Check(scores[1].Size); err != nil {
		return nil, fmt.Errorf("route: %w", err)
	}
	return checked("route", scores...)
}

// Check reports whether tokens can choose so among so many experts.
func (o RouteOpts) Check(experts int) error {
	if o.Used < 1 || o.Used > experts {
		return fmt.Errorf("%d of %d experts", o.Used, experts)
	}
	if o.Correction != nil && len(o.Correction) != experts {
		return fmt.Errorf("%d corrections for %d experts", len(o.Correction), experts)
	}
	switch {
	case o.Groups == 0:
		return nil
	case o.Groups < 0 || experts%o.Groups != 0:
		return fmt.Errorf("%d experts do not lie in %d groups", experts, o.Groups)
	case o.GroupsUsed < 1 || o.GroupsUsed > o.Groups:
		return fmt.Errorf("%d of %d groups", o.GroupsUsed, o.Groups)
	}
	size := experts / o.Groups
	if o.GroupBest < 1 || o.GroupBest > size {
		return fmt.Errorf("the best %d of a group of %d experts", o.GroupBest, size)
	}
	if o.Used > size*o.GroupsUsed {
		return fmt.Errorf("%d experts of %d groups of %d", o.Used, o.GroupsUsed, size)
	}
	return nil
}

// Shares gives one token's experts their shares: dst, as long as scores, which
// o.Check has accepted. It stands here because it is more a choice than a sum:
// backends on the host share it, so that they choose alike to the last bit.
func (o RouteOpts) Shares(dst, scores []float32) {
	suits := o.suitability(scores)
	kept := o.choose(suits)
	factor := 1.0
	if o.Anew {
		total := 0.0
		for _, e := range kept {
			total += suits[e]
		}
		factor /= total
	}
	if o.Scale != 0 {
		factor *= float64(o.Scale)
	}
	clear(dst)
	for _, e := range kept {
		dst[e] = float32(suits[e] * factor)
	}
}

func (o RouteOpts) suitability(scores []float32) []float64 {
	suits := make([]float64, len(scores))
	if o.Sigmoid {
		for e, v := range scores {
			suits[e] = 1 / (1 + math.Exp(-float64(v)))
		}
		return suits
	}
	top, sum := float64(slices.Max(scores)), 0.0
	for e, v := range scores {
		suits[e] = math.Exp(float64(v) - top)
		sum += suits[e]
	}
	for e := range suits {
		suits[e] /= sum
	}
	return suits
}

// choose lists the experts that suit most, out of the best groups.
func (o RouteOpts) choose(suits []float64) []int32 {
	choice := slices.Clone(suits)
	for e, v := range o.Correction {
		choice[e] += float64(v)
	}
	if o.Groups > 0 {
		o.leaveGroups(choice)
	}
	return tensor.Largest(choice, o.Used)
}

// leaveGroups makes the experts of all but the best groups suit nobody.
func (o RouteOpts) leaveGroups(choice []float64) {
	size := len(choice) / o.Groups
	best := make([]float64, o.Groups)
	for g := range best {
		own := choice[g*size : (g+1)*size]
		for _, e := range tensor.Largest(own, o.GroupBest) {
			best[g] += own[e]
		}
	}
	for _, g := range tensor.Largest(best, o.Groups)[o.GroupsUsed:] {
		for e := range size {
			choice[int(g)*size+e] = math.Inf(-1)
		}
	}
}

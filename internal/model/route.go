package model

import (
	"cmp"
	"math"
	"slices"

	"attn/internal/tensor"
)

// Routing says how a router's scores become experts and their shares.
type Routing struct {
	Sigmoid bool    // a score's suitability is its sigmoid; otherwise softmax over all
	Anew    bool    // the chosen experts' shares are made to sum to 1
	Scale   float32 // then multiplied by it; 0 is not
	// Experts lie in groups, of which only the best may be chosen from: those
	// whose best few experts, summed, suit most. 0 groups is any expert.
	Groups, GroupsUsed, GroupBest int
}

// route gives each token's experts their shares [pos, expert]. correction is
// added to each expert's suitability for the choice alone; nil is none.
func (c *Config) route(scores tensor.Tensor, correction []float32) tensor.Tensor {
	shares := tensor.New(scores.Shape...)
	for pos := range scores.Shape[0].Size {
		suits := c.Routing.suitability(scores.Row(pos))
		kept := c.Routing.choose(suits, correction, c.ExpertsUsed)
		factor := 1.0
		if c.Routing.Anew {
			total := 0.0
			for _, e := range kept {
				total += suits[e]
			}
			factor /= total
		}
		if c.Routing.Scale != 0 {
			factor *= float64(c.Routing.Scale)
		}
		for _, e := range kept {
			shares.Row(pos)[e] = float32(suits[e] * factor)
		}
	}
	return shares
}

func (r Routing) suitability(scores []float32) []float64 {
	if !r.Sigmoid {
		return softmax(scores)
	}
	out := make([]float64, len(scores))
	for i, v := range scores {
		out[i] = 1 / (1 + math.Exp(-float64(v)))
	}
	return out
}

// choose picks the n experts that suit most, out of the best groups.
func (r Routing) choose(suits []float64, correction []float32, n int) []int {
	choice := slices.Clone(suits)
	for e, v := range correction {
		choice[e] += float64(v)
	}
	if r.Groups > 0 {
		size := len(choice) / r.Groups
		best := make([]float64, r.Groups)
		for g := range best {
			own := choice[g*size : (g+1)*size]
			for _, e := range largest(own, r.GroupBest) {
				best[g] += own[e]
			}
		}
		for _, g := range largest(best, r.Groups)[r.GroupsUsed:] {
			for e := g * size; e < (g+1)*size; e++ {
				choice[e] = math.Inf(-1)
			}
		}
	}
	return largest(choice, n)
}

// largest lists the places of the n largest numbers, the largest first.
func largest(x []float64, n int) []int {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(x[b], x[a]) })
	return order[:min(n, len(order))]
}

func softmax(x []float32) []float64 {
	out, largest, sum := make([]float64, len(x)), float64(slices.Max(x)), 0.0
	for i, v := range x {
		out[i] = math.Exp(float64(v) - largest)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

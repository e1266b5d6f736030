package analyze

import "attn/internal/trace"

// PickRule says in words how Pick chooses.
const PickRule = "it divides the most attention between two earlier words"

// Pick chooses the head and the token whose attention is divided most between
// two earlier words: it maximises the product of the two largest weights among
// the keys before the query. The first token is left out, because many heads
// park on it when they find nothing; so is the query itself. A head that looks
// at one word only, such as the word before, scores 0.
//
// Layers and heads limit the choice (nil: all); focus fixes the token when it
// is not negative. Ties go to the earliest. With no candidate at all the first
// layer and head and the last token are taken.
func Pick(t *trace.Trace, layers, heads []int, focus int) trace.Selected {
	layers, heads = orAll(layers, t.Meta.Model.Layers), orAll(heads, t.Meta.Model.Heads)
	best := trace.Selected{Layer: layers[0], Head: heads[0], Focus: focus}
	if focus < 0 {
		best.Focus = len(t.Tokens) - 1
	}
	most := 0.0
	for _, layer := range layers {
		pattern, whole := t.InBlock(layer, trace.Pattern)
		for _, head := range heads {
			for query := range t.Tokens {
				if focus >= 0 && query != focus {
					continue
				}
				var d float64
				if whole {
					d = divided(pattern.Row(head, query), query)
				} else {
					d = dividedInList(t, layer, head, query)
				}
				if d > most {
					most = d
					best = trace.Selected{Layer: layer, Head: head, Focus: query}
				}
			}
		}
	}
	return best
}

// divided is the product of the two largest weights among keys 1 to query-1.
func divided(weights []float32, query int) float64 {
	var most twoLargest
	for k := 1; k < query; k++ {
		most.add(float64(weights[k]))
	}
	return most.first * most.second
}

// dividedInList finds the same in a list of the largest weights, 0 where there is
// none. Besides the two it may hold those of the first token and of the query
// itself: a list of four has them.
func dividedInList(t *trace.Trace, layer, head, query int) float64 {
	var most twoLargest
	attended, _ := AttendedBy(t, layer, head, query)
	for i, k := range attended.Keys {
		if k >= 1 && k < query {
			most.add(attended.Weights[i])
		}
	}
	return most.first * most.second
}

type twoLargest struct{ first, second float64 }

func (m *twoLargest) add(w float64) {
	switch {
	case w > m.first:
		m.first, m.second = w, m.first
	case w > m.second:
		m.second = w
	}
}

func orAll(some []int, n int) []int {
	if some != nil {
		return some
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

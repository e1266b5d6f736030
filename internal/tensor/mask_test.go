package tensor

import "testing"

// TestVisibleIsWhatAllows compares the range with every key on its own.
func TestVisibleIsWhatAllows(t *testing.T) {
	for _, m := range []Mask{{}, {Causal: true}, {Causal: true, Window: 1}, {Causal: true, Window: 3}, {Window: 1}, {Window: 4}, {Window: 1 << 62}, {Causal: true, Window: 1 << 62}} {
		for _, n := range []int{1, 2, 7} {
			for q := range n {
				from, to := m.Visible(q, n)
				for k := range n {
					if m.Allows(q, k) != (k >= from && k < to) {
						t.Errorf("mask %v: query %d of %d sees keys %d to before %d, and key %d: %v", m, q, n, from, to, k, m.Allows(q, k))
					}
				}
			}
		}
	}
}

package model

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"sync"

	"attn/internal/kernels"
	"attn/internal/trace"
)

// Nearest returns, for each of the vectors [d_model], the k tokens whose
// embeddings have the largest cosine with it, the largest first and the earliest
// of equals, leaving out those that skip says yes to (nil leaves out none; it
// is called from several goroutines). A backend that is a kernels.Comparer makes
// it faster and changes nothing; nil does without.
func (m *Model) Nearest(be kernels.Backend, vectors [][]float32, k int, skip func(id int32) bool) ([][]trace.Neighbour, error) {
	n := m.newNearest(vectors, k, skip)
	search := n.scan
	if c, ok := be.(kernels.Comparer); ok && m.projected == nil {
		search = func(m *Model) error { return n.compare(m, be, c) }
	}
	if err := search(m); err != nil {
		return nil, err
	}
	for v := range n.best {
		n.keep(v)
		for i, token := range n.best[v] {
			n.best[v][i].Text = m.TokenText(token.ID)
		}
	}
	return n.best, nil
}

// nearest gathers the tokens nearest to some vectors.
type nearest struct {
	vectors [][]float32 // where the embedding's rows are
	lengths []float64
	most    int
	skip    func(id int32) bool
	best    [][]trace.Neighbour // by vector, the nearest first
}

func (m *Model) newNearest(vectors [][]float32, most int, skip func(id int32) bool) nearest {
	n := nearest{most: max(0, most), skip: skip, best: make([][]trace.Neighbour, len(vectors))}
	for _, v := range vectors {
		n.lengths = append(n.lengths, math.Sqrt(dot(v, v)))
		if m.projected != nil {
			v = m.projected.down(v)
		}
		n.vectors = append(n.vectors, v)
	}
	return n
}

// scan looks at every token.
func (n *nearest) scan(m *Model) error {
	if m.projected != nil { // worked out once, before several need it
		if err := m.guard(func() error { m.projected.length(m, 0); return nil }); err != nil {
			return err
		}
	}
	vocabulary := m.Config.DVocab
	parts := make([]nearest, min(runtime.GOMAXPROCS(0), max(1, vocabulary)))
	errs := make([]error, len(parts))
	var running sync.WaitGroup
	for i := range parts {
		parts[i] = *n
		parts[i].best = make([][]trace.Neighbour, len(n.vectors))
		running.Go(func() {
			errs[i] = m.guard(func() error { // each goroutine reads mapped memory
				row := make([]float32, m.Config.embedWidth())
				for id := i * vocabulary / len(parts); id < (i+1)*vocabulary/len(parts); id++ {
					parts[i].read(m, int32(id), row)
				}
				return nil
			})
		})
	}
	running.Wait()
	for i, part := range parts { // in the order of their tokens
		if errs[i] != nil { // the same in every part
			return errs[i]
		}
		for v, best := range part.best {
			n.best[v] = append(n.best[v], best...)
		}
	}
	return nil
}

// read looks at one token; row is room for its vector.
func (n *nearest) read(m *Model, id int32, row []float32) {
	readRow(row, m.Embed, int(id))
	length := math.Sqrt(dot(row, row))
	if m.projected != nil {
		length = m.projected.length(m, id)
	}
	for v := range n.vectors {
		if size := length * n.lengths[v]; size != 0 {
			n.offer(v, trace.Neighbour{ID: id, Cosine: dot(n.vectors[v], row) / size})
		}
	}
}

// compare has the backend compare all tokens in float32, and reads those again that
// may be among the nearest.
func (n *nearest) compare(m *Model, be kernels.Backend, c kernels.Comparer) error {
	return m.guard(func() error {
		products, squares := c.Compare(n.vectors, m.Embed)
		if err := be.Err(); err != nil {
			return err
		}
		row := make([]float32, m.Config.embedWidth())
		for _, id := range n.candidates(products, squares) {
			n.read(m, id, row)
		}
		return nil
	})
}

// candidates lists the tokens that may be among the nearest of a vector, by cosines
// that are rounded: a sum of so many products in float32 lies within slack of the
// vectors' lengths, so a token that is further off the last of the nearest than
// twice that is none of them.
func (n *nearest) candidates(products [][]float32, squares []float64) []int32 {
	cosine := func(v, id int) float64 { return float64(products[v][id]) / (n.lengths[v] * math.Sqrt(squares[id])) }
	wanted := make([]bool, len(squares))
	for v := range products {
		if n.lengths[v] == 0 {
			continue // nothing is near it
		}
		slack := 2 * float64(len(n.vectors[v])) / (1 << 24)
		rough := nearest{most: n.most, skip: n.skip, best: make([][]trace.Neighbour, 1)}
		for id := range squares {
			if !n.roundsWell(v, squares[id]) {
				wanted[id] = true
				continue
			}
			rough.offer(0, trace.Neighbour{ID: int32(id), Cosine: cosine(v, id)})
		}
		least := math.Inf(-1)
		if best := rough.best[0]; len(best) == n.most && n.most > 0 {
			least = best[n.most-1].Cosine - 2*slack
		}
		for id := range squares {
			wanted[id] = wanted[id] || cosine(v, id) >= least
		}
	}
	var ids []int32
	for id, yes := range wanted {
		if yes {
			ids = append(ids, int32(id))
		}
	}
	return ids
}

// roundsWell reports whether products of a vector with a row are far from what
// float32 cannot hold.
func (n *nearest) roundsWell(v int, square float64) bool {
	const small, large = 1e-30, 1e30
	size := n.lengths[v] * math.Sqrt(square)
	return size > small && size < large
}

// offer takes a token in if it is among the nearest so far.
func (n *nearest) offer(v int, token trace.Neighbour) {
	best := n.best[v]
	if len(best) == n.most && (n.most == 0 || token.Cosine <= best[n.most-1].Cosine) || n.skip != nil && n.skip(token.ID) {
		return
	}
	n.best[v] = append(best, token)
	n.keep(v)
}

// keep puts a vector's tokens in order and lets the furthest go.
func (n *nearest) keep(v int) {
	slices.SortStableFunc(n.best[v], func(a, b trace.Neighbour) int { return cmp.Compare(b.Cosine, a.Cosine) })
	n.best[v] = n.best[v][:min(n.most, len(n.best[v]))]
}

// dot sums in four lanes: one alone would wait for itself at every term.
func dot(a, b []float32) float64 {
	var s0, s1, s2, s3 float64
	for len(a) >= 4 && len(b) >= 4 {
		s0 += float64(a[0]) * float64(b[0])
		s1 += float64(a[1]) * float64(b[1])
		s2 += float64(a[2]) * float64(b[2])
		s3 += float64(a[3]) * float64(b[3])
		a, b = a[4:], b[4:]
	}
	sum := (s0 + s1) + (s2 + s3)
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return sum
}

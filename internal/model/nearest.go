package model

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"sync"

	"attn/internal/trace"
)

// Nearest returns, for each of the vectors [d_model], the k tokens whose
// embeddings have the largest cosine with it, the largest first and the earliest
// of equals, leaving out those that skip says yes to (nil leaves out none; it
// is called from several goroutines).
func (m *Model) Nearest(vectors [][]float32, k int, skip func(id int32) bool) ([][]trace.Neighbour, error) {
	vocabulary := m.Config.DVocab
	err := m.guard(func() error {
		if m.projected != nil { // worked out once, before several need it
			m.projected.length(m, 0)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	parts := min(runtime.GOMAXPROCS(0), max(1, vocabulary))
	found, errs := make([]nearest, parts), make([]error, parts)
	var running sync.WaitGroup
	for i := range parts {
		found[i] = m.newNearest(vectors, k, skip)
		running.Go(func() {
			errs[i] = m.guard(func() error { // each goroutine reads mapped memory
				found[i].read(m, int32(i*vocabulary/parts), int32((i+1)*vocabulary/parts))
				return nil
			})
		})
	}
	running.Wait()
	for _, err := range errs {
		if err != nil { // the same in every part
			return nil, err
		}
	}
	all := m.newNearest(vectors, k, skip)
	for _, part := range found { // in the order of their tokens
		for v, best := range part.best {
			all.best[v] = append(all.best[v], best...)
		}
	}
	for v := range all.best {
		all.keep(v)
		for i, n := range all.best[v] {
			all.best[v][i].Text = m.TokenText(n.ID)
		}
	}
	return all.best, nil
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

// read looks at the tokens from first up to end.
func (n *nearest) read(m *Model, first, end int32) {
	row := make([]float32, m.Config.embedWidth())
	for id := first; id < end; id++ {
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

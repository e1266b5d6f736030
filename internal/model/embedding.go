package model

import (
	"cmp"
	"math"
	"slices"

	"attn/internal/kernels"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// EmbeddingRow returns one token's row of the embedding matrix [d_model], in the
// stream's own space where the matrix is narrower.
func (m *Model) EmbeddingRow(id int32) []float32 {
	row := make([]float32, m.Config.embedWidth())
	readRow(row, m.Embed, int(id))
	if m.projected != nil {
		return m.projected.up(row)
	}
	return row
}

func readRow(dst []float32, w kernels.Weight, row int) {
	begin := w.Type.Bytes(row * w.Stride[0])
	tensor.Decode(dst, w.Type, w.Bytes[begin:])
}

// Nearest returns the k tokens whose embeddings have the largest cosine with
// v [d_model], the largest first, leaving out those that skip says yes to (nil
// leaves out none).
func (m *Model) Nearest(v []float32, k int, skip func(id int32) bool) []trace.Neighbour {
	length := math.Sqrt(dot(v, v))
	if k < 1 {
		return nil
	}
	row := make([]float32, m.Config.embedWidth())
	if m.projected != nil {
		v = m.projected.down(v)
	}
	var best []trace.Neighbour
	for id := range int32(m.Config.DVocab) {
		if skip != nil && skip(id) {
			continue
		}
		readRow(row, m.Embed, int(id))
		own := math.Sqrt(dot(row, row))
		if m.projected != nil {
			own = m.projected.length(m, id)
		}
		size := length * own
		if size == 0 {
			continue
		}
		n := trace.Neighbour{ID: id, Cosine: dot(v, row) / size}
		if len(best) == k && n.Cosine <= best[k-1].Cosine {
			continue
		}
		best = append(best, n)
		slices.SortStableFunc(best, func(a, b trace.Neighbour) int { return cmp.Compare(b.Cosine, a.Cosine) })
		best = best[:min(k, len(best))]
	}
	for i := range best {
		best[i].Text = m.TokenText(best[i].ID)
	}
	return best
}

func dot(a, b []float32) float64 {
	sum := 0.0
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return sum
}

// TokenText returns a token's text, or "#17" when the model has no tokenizer
// or its tokenizer has no such token.
func (m *Model) TokenText(id int32) string {
	if m.Tokenizer != nil {
		if text, ok := m.Tokenizer.TokenText(id); ok {
			return text
		}
	}
	return trace.NoText(id)
}

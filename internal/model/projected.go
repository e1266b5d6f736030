package model

import (
	"math"
	"sync"

	"attn/internal/kernels"
)

// projection takes rows of a narrow embedding to the stream, as OPT 350M's
// project_in does, where words are compared.
type projection struct {
	rows    [][]float32 // W [d_model][d_embed]
	once    sync.Once
	lengths []float64 // of every word's vector in the stream
}

func newProjection(w kernels.Weight) *projection {
	p := &projection{}
	for o := range w.Shape[0] {
		row := make([]float32, w.Shape[1])
		w.Decode(row, w.Row(o))
		p.rows = append(p.rows, row)
	}
	return p
}

// up is W x.
func (p *projection) up(x []float32) []float32 {
	out := make([]float32, len(p.rows))
	for i, row := range p.rows {
		out[i] = float32(dot(row, x))
	}
	return out
}

// down is Wᵀ v: v · W x = Wᵀ v · x.
func (p *projection) down(v []float32) []float32 {
	out := make([]float32, len(p.rows[0]))
	for i := range out {
		sum := 0.0
		for o, row := range p.rows {
			sum += float64(row[i]) * float64(v[o])
		}
		out[i] = float32(sum)
	}
	return out
}

// length of a word's vector: |W x|² = xᵀ (WᵀW) x, which is worked out once for
// all words.
func (p *projection) length(m *Model, id int32) float64 {
	p.once.Do(func() {
		gram := p.gram()
		x := make([]float32, len(p.rows[0]))
		for word := range m.Config.DVocab {
			readRow(x, m.Embed, word)
			sum := 0.0
			for i, v := range x {
				sum += float64(v) * dot(gram[i], x)
			}
			p.lengths = append(p.lengths, math.Sqrt(max(0, sum)))
		}
	})
	return p.lengths[id]
}

// gram is WᵀW.
func (p *projection) gram() [][]float32 {
	width := len(p.rows[0])
	sums := make([]float64, width*width)
	for _, row := range p.rows {
		for i, a := range row {
			for j, b := range row {
				sums[i*width+j] += float64(a) * float64(b)
			}
		}
	}
	gram := make([][]float32, width)
	for i := range gram {
		for _, v := range sums[i*width : (i+1)*width] {
			gram[i] = append(gram[i], float32(v))
		}
	}
	return gram
}

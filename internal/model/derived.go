package model

import (
	"math"

	"attn/internal/trace"
)

// A derivation makes a step's numbers of another's: of maps [head, query_pos,
// key_pos] both.
type derivation func(dst, src []float32)

// follow has the recorder keep a step, if somebody wants it, by how it follows from
// another: false where it does not keep that one.
func (p *pass) follow(name, from string, derive derivation) bool {
	return !p.rec.Wants(name) || p.rec.RecordDerived(name, from, derive)
}

// followRaw is follow for scaled and masked scores, where nothing comes between
// them: from q·k. It reports false before it keeps either.
func (p *pass) followRaw(layer int) bool {
	in := func(name string) string { return trace.InBlock(layer, name) }
	scale, mask := p.scaling(layer), p.masking(layer)
	return p.follow(in(trace.Scaled), in(trace.QK), scale) &&
		p.follow(in(trace.AttnScores), in(trace.QK), func(dst, src []float32) {
			scale(dst, src)
			mask(dst, dst)
		})
}

// scaling is what every backend's Scale computes: one product, rounded once.
func (p *pass) scaling(layer int) derivation {
	factor := p.m.Config.Scales[layer]
	return func(dst, src []float32) {
		for i, v := range src {
			dst[i] = v * factor
		}
	}
}

// masking is what every backend's Mask does to rows of keys, one for each query.
func (p *pass) masking(layer int) derivation {
	m, n := p.m.Config.mask(layer), p.tokens
	return func(dst, src []float32) {
		hidden := float32(math.Inf(-1))
		for row := 0; row < len(src); row += n {
			from, to := m.Visible(row/n%n, n)
			copy(dst[row+from:row+to], src[row+from:])
			for k := range from {
				dst[row+k] = hidden
			}
			for k := to; k < n; k++ {
				dst[row+k] = hidden
			}
		}
	}
}

package model

import (
	"attn/internal/kernels"
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

func readRow(dst []float32, w kernels.Weight, row int) { w.Decode(dst, w.Row(row)) }

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

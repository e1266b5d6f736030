package model

import (
	"attn/internal/model/tokenizer"
	"attn/internal/model/weights"
)

// ggufTokenizer reads the tokenizer inside a GGUF file; nil when there is none
// that attn reads: token ids work without.
func ggufTokenizer(*weights.GGUF) (*tokenizer.Tokenizer, error) { return nil, nil }

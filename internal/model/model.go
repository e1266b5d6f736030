// Package model runs a transformer: it reads a model's files, and its Forward
// computes every step of the pass through a kernels.Backend, recording those
// that somebody wants.
package model

import (
	"attn/internal/kernels"
	"attn/internal/model/tokenizer"
	"attn/internal/model/weights"
)

// Linear is one affine map: y = W x + b.
type Linear struct {
	Weight kernels.Weight
	Bias   []float32 // nil when there is none
}

// Block holds one layer's weights.
type Block struct {
	Norm1, Norm2           *kernels.NormOpts // before attention and MLP; nil where a family has none
	PostAttention, PostMLP *kernels.NormOpts // after them, before they are added
	QNorm, KNorm           *kernels.NormOpts // of queries and keys
	Q, K, V, O             Linear
	Latent                 *LatentMaps // nil when Q, K and V read the stream
	Sinks                  []float32   // a logit per head that belongs to no key; nil when there are none
	MLP                                // when it is one
	Router                 *Linear     // [experts, d_model]; nil when the MLP is one
	RouterBias             []float32   // a number per expert that is added for the choice alone; nil is none
	Experts                []MLP
	Shared                 *MLP // the experts that work on every token, as one; nil when there are none
}

// MLP is one feed-forward network.
type MLP struct {
	Gate     *Linear // nil when there is none
	Up, Down Linear
}

// Model is a model ready to run. It is read-only: many passes may share it.
type Model struct {
	Config    Config
	Tokenizer *tokenizer.Tokenizer // nil when the model has none
	Embed     kernels.Weight       // [d_vocab, d_model], or as wide as EmbedUp reads
	EmbedUp   *Linear              // [d_model, d_embed]; nil when the embedding is as wide as the stream
	EmbedNorm *kernels.NormOpts    // nil when there is none
	Position  *kernels.Weight      // [context, d_model]; nil when positions are not learned
	// UnembedDown is [d_embed, d_model]; nil when the unembedding reads the stream.
	UnembedDown *Linear
	Unembed     Linear            // [d_vocab, d_model], or as wide as UnembedDown writes
	FinalNorm   *kernels.NormOpts // nil when there is none
	Blocks      []Block
	// Parameters counts every trained number, a tied matrix once.
	Parameters int64
	// Walk is the head to tell of when nobody chooses one; nil when the model's
	// makers named none.
	Walk *Walk

	files     *weights.Set
	gguf      bool        // llama.cpp's converters made the file
	projected *projection // EmbedUp, where words are compared; nil when there is none
}

// Walk names a head that is worth showing first, and why: it is measured when
// a model is made, and stands beside the model's files.
type Walk struct {
	Layer int    `json:"layer"`
	Head  int    `json:"head"`
	Why   string `json:"why"`
}

// Close lets go of the model's files.
func (m *Model) Close() error {
	if m.files == nil {
		return nil
	}
	return m.files.Close()
}

// WithMask returns the same model with another mask: for teaching what a mask
// does.
func (m *Model) WithMask(mask kernels.Mask) *Model {
	changed := *m
	changed.Config.Mask, changed.Config.Masks = mask, nil
	return &changed
}

package params

import "strings"

// stacked is an encoder and a decoder, whose layers have cross-attention and a
// third norm. lastNorms are those after each stack.
func stacked(family string, encoder, decoder Block, d Sizes, normVectors, lastNorms int) Shape {
	encoder.Norms, decoder.Norms = 2, 3
	decoder.Cross = decoder.Self
	return Shape{
		Family: family, Vocab: d.Vocab, DModel: d.DModel, Context: d.Context,
		Stacks: []Stack{
			{Role: "encoder", Blocks: []Block{encoder}, Norms: lastNorms},
			{Role: "decoder", Blocks: []Block{decoder}, Norms: lastNorms, Causal: true},
		},
		Unembedding: d.Unembedding, NormVectors: normVectors,
	}
}

// t5 has no biases, RMS norms, and in each stack a table of biases by distance,
// of so many buckets for each head, that all its layers share
// (transformers models/t5/modeling_t5.py). d.Layers are the encoder's.
func t5(d Sizes, decoderLayers, buckets int, gated bool) Shape {
	encoder := Block{Layers: d.Layers, Self: d.attention(), MLP: MLP{Width: d.DMLP, Gated: gated}}
	decoder := encoder
	decoder.Layers = decoderLayers
	s := stacked("t5", encoder, decoder, d, 1, 1)
	for _, role := range []string{"encoder", "decoder"} {
		s.Tables = append(s.Tables, Array{Group: Other, What: role + ", distances", Shape: []int{buckets, d.Heads}})
	}
	return s
}

// t5Presets: transformers models/t5/configuration_t5.py, keras-hub's presets.
func t5Presets() []Preset {
	of := func(layers, dModel, heads, dMLP int) Shape {
		return t5(Sizes{layers, dModel, heads, heads, 64, dMLP, 32128, 512, Tied}, layers, 32, false)
	}
	return []Preset{
		preset("google-t5", "t5-small", of(6, 512, 8, 2048)),
		preset("google-t5", "t5-base", of(12, 768, 12, 3072)),
		preset("google-t5", "t5-large", of(24, 1024, 16, 4096)),
	}
}

// parseT5 reads the names of transformers models/t5/configuration_t5.py.
func parseT5(f *fields) Shape {
	d := Sizes{
		Layers:      f.size("num_layers", maxLayers),
		DModel:      f.size("d_model", maxWidth),
		Heads:       f.size("num_heads", maxHeads),
		DHead:       f.size("d_kv", maxWidth),
		DMLP:        f.size("d_ff", maxWidth),
		Vocab:       f.size("vocab_size", maxVocab),
		Context:     f.sizeOr("n_positions", maxContext, 512),
		Unembedding: f.unembedding(Tied),
	}
	d.KVHeads = d.Heads
	decoder := f.sizeOr("num_decoder_layers", maxLayers, d.Layers)
	gated := strings.HasPrefix(f.text("feed_forward_proj", "relu"), "gated-")
	return t5(d, decoder, f.sizeOr("relative_attention_num_buckets", maxWidth, 32), gated)
}

package params

// sound is what Whisper hears: a spectrum of so many mel bands, in frames of
// which its second convolution leaves every other one.
type sound struct{ bands, places int }

// whisper has an encoder behind two convolutions over three frames each, with
// a fixed table of sinusoids that Hugging Face holds as a parameter, and a
// decoder with learned positions. Keys have no bias
// (transformers models/whisper/modeling_whisper.py). d is the decoder's.
func whisper(d Sizes, encoder Block, in sound) Shape {
	decoder := d.biasedBlock()
	decoder.Self.Biases.K, encoder.Self.Biases.K = false, false
	s := stacked("whisper", encoder, decoder, d, 2, 1)
	s.Source = in.places
	const width = 3
	s.Tables = []Array{
		positions("encoder's sinusoids", d.DModel, in.places),
		positions("decoder", d.DModel, d.Context),
		{Group: Other, What: "convolution 1", Shape: []int{d.DModel, in.bands, width}, Weight: true, Uses: 2, Source: true},
		{Group: Other, What: "convolution 2", Shape: []int{d.DModel, d.DModel, width}, Weight: true, Uses: 1, Source: true},
		{Group: Other, What: "convolutions' biases", Shape: []int{2, d.DModel}},
	}
	return s
}

// whisperPresets: transformers models/whisper/configuration_whisper.py and
// openai/whisper.
func whisperPresets() []Preset {
	var list []Preset
	for _, row := range []struct {
		names                                         string
		encoder, decoder, dModel, heads, vocab, bands int
	}{
		{"whisper-tiny", 4, 4, 384, 6, 51865, 80},
		{"whisper-tiny.en", 4, 4, 384, 6, 51864, 80},
		{"whisper-base", 6, 6, 512, 8, 51865, 80},
		{"whisper-small", 12, 12, 768, 12, 51865, 80},
		{"whisper-medium", 24, 24, 1024, 16, 51865, 80},
		{"whisper-large whisper-large-v1 whisper-large-v2", 32, 32, 1280, 20, 51865, 80},
		{"whisper-large-v3", 32, 32, 1280, 20, 51866, 128},
		{"whisper-large-v3-turbo", 32, 4, 1280, 20, 51866, 128},
	} {
		d := Sizes{row.decoder, row.dModel, row.heads, row.heads, row.dModel / row.heads, 4 * row.dModel, row.vocab, 448, Tied}
		encoder := d.biasedBlock()
		encoder.Layers = row.encoder
		list = append(list, preset("openai", row.names, whisper(d, encoder, sound{row.bands, 1500})))
	}
	return list
}

// parseWhisper reads the names of transformers
// models/whisper/configuration_whisper.py.
func parseWhisper(f *fields) Shape {
	encoder, decoder := f.stack("encoder"), f.stack("decoder")
	decoder.Context = f.size("max_target_positions", maxContext)
	decoder.Unembedding = f.unembedding(Tied)
	in := sound{f.size("num_mel_bins", maxWidth), f.size("max_source_positions", maxContext)}
	return whisper(decoder, encoder.biasedBlock(), in)
}

// stack reads the sizes of the stack of that role, as Whisper and Marian call
// them.
func (f *fields) stack(role string) Sizes {
	d := Sizes{
		Layers: f.size(role+"_layers", maxLayers),
		DModel: f.size("d_model", maxWidth),
		Heads:  f.size(role+"_attention_heads", maxHeads),
		DMLP:   f.size(role+"_ffn_dim", maxWidth),
		Vocab:  f.size("vocab_size", maxVocab),
	}
	d.KVHeads = d.Heads
	d.DHead = f.dHead(d, "d_model", role+"_attention_heads")
	return d
}

package params

// marian has layer norms after attention and MLP, none at a stack's end, and a
// fixed table of sinusoids in each stack, which Hugging Face holds as
// parameters (transformers models/marian/modeling_marian.py). d is the
// decoder's.
func marian(d Sizes, encoder Block) Shape {
	s := stacked("marian", encoder, d.biasedBlock(), d, 2, 0)
	s.Tables = []Array{
		positions("encoder's sinusoids", d.DModel, d.Context),
		positions("decoder's sinusoids", d.DModel, d.Context),
	}
	return s
}

// marianPresets: two full configs of sibling models.
func marianPresets() []Preset {
	d := Sizes{6, 512, 8, 8, 64, 2048, 58101, 512, Tied}
	return []Preset{preset("helsinki-nlp", "opus-mt-en-de", marian(d, d.biasedBlock()))}
}

// parseMarian reads the names of transformers
// models/marian/configuration_marian.py.
func parseMarian(f *fields) Shape {
	encoder, decoder := f.stack("encoder"), f.stack("decoder")
	decoder.Context = f.size("max_position_embeddings", maxContext)
	decoder.Unembedding = f.unembedding(Tied)
	if !f.flag("share_encoder_decoder_embeddings", true) {
		f.fail("share_encoder_decoder_embeddings", "is false: only models with one vocabulary are counted")
	}
	return marian(decoder, encoder.biasedBlock())
}

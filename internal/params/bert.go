package params

// bert is an encoder alone, as Hugging Face's BertModel holds it: tables of
// words, positions and token types, a norm over their sum, layers as GPT-2's,
// and the pooler, a matrix over the first token. It predicts no words without
// a head of its own (transformers models/bert/modeling_bert.py).
func bert(d Sizes, types int) Shape {
	s := distilBERT(d)
	s.Family = "bert"
	s.Tables = append(s.Tables,
		Array{Group: Other, What: "token types", Shape: []int{d.DModel, types}, Weight: true},
		Array{Group: Other, What: "pooler", Shape: []int{d.DModel, d.DModel}, Weight: true},
		Array{Group: Other, What: "pooler's bias", Shape: []int{d.DModel}})
	return s
}

// distilBERT has neither token types nor a pooler.
func distilBERT(d Sizes) Shape {
	s := d.decoder("distilbert", 2, d.biasedBlock())
	s.Stacks[0].Causal = false // its one norm outside the layers is the embeddings'
	s.Unembedding = None
	s.Tables = []Array{positions("", d.DModel, d.Context)}
	return s
}

// bertPresets: transformers models/bert/configuration_bert.py, keras-hub's
// presets, ollama's testdata for MiniLM.
func bertPresets() []Preset {
	base := bert(Sizes{12, 768, 12, 12, 64, 3072, 30522, 512, None}, 2)
	base.StoredKnown, base.Stored = true, bertHeads(base)
	mini := bert(Sizes{6, 384, 12, 12, 32, 1536, 30522, 512, None}, 2)
	mini.StoredKnown, mini.Stored = true, []Array{{Group: Other, What: "position ids", Shape: []int{1, mini.Context}}}
	return []Preset{
		preset("google-bert", "bert-base-uncased bert-base", base),
		preset("google-bert", "bert-large-uncased bert-large", bert(Sizes{24, 1024, 16, 16, 64, 4096, 30522, 512, None}, 2)),
		preset("sentence-transformers", "all-minilm-l6-v2", mini),
		preset("distilbert", "distilbert-base-uncased", distilBERT(Sizes{6, 768, 12, 12, 64, 3072, 30522, 512, None})),
	}
}

// bertHeads are the heads that BERT was trained with and that lie in its file:
// masked words (a layer, its norm, a bias per word) and the next sentence.
func bertHeads(s Shape) []Array {
	d := s.DModel
	return []Array{
		{Group: Other, What: "masked words' layer", Shape: []int{d, d}},
		{Group: Other, What: "its bias and norm", Shape: []int{3, d}},
		{Group: Other, What: "masked words' bias", Shape: []int{s.Vocab}},
		{Group: Other, What: "next sentence", Shape: []int{2, d}},
		{Group: Other, What: "next sentence's bias", Shape: []int{2}},
	}
}

// parseBERT reads the names of transformers models/bert/configuration_bert.py.
func parseBERT(f *fields) Shape {
	d := f.sizes(Tied)
	return bert(d, f.sizeOr("type_vocab_size", maxVocab, 2))
}

// parseDistilBERT reads those of models/distilbert.
func parseDistilBERT(f *fields) Shape {
	d := Sizes{
		Layers:  f.size("n_layers", maxLayers),
		DModel:  f.size("dim", maxWidth),
		Heads:   f.size("n_heads", maxHeads),
		DMLP:    f.size("hidden_dim", maxWidth),
		Vocab:   f.size("vocab_size", maxVocab),
		Context: f.sizeOr("max_position_embeddings", maxContext, 512),
	}
	d.KVHeads = d.Heads
	d.DHead = f.dHead(d, "dim", "n_heads")
	return distilBERT(d)
}

package params

// neox is GPT-2 in shape, with rotary positions, which are not trained
// (transformers models/gpt_neox/modeling_gpt_neox.py).
func neox(d Sizes) Shape { return d.decoder("gpt_neox", 2, d.biasedBlock()) }

// pythiaPresets: EleutherAI/pythia's README, litgpt for the padded vocabulary
// and the contexts. What the file of the 70m-deduped holds besides is known:
// masks, and 8 rotary frequencies per layer.
func pythiaPresets() []Preset {
	var list []Preset
	for _, row := range []struct {
		name                                  string
		layers, dModel, heads, vocab, context int
	}{
		{"pythia-14m", 6, 128, 4, 50304, 512},
		{"pythia-31m", 6, 256, 8, 50304, 1024},
		{"pythia-70m", 6, 512, 8, 50304, 2048},
		{"pythia-70m-deduped", 6, 512, 8, 50304, 2048},
		{"pythia-160m", 12, 768, 12, 50304, 2048},
		{"pythia-410m", 24, 1024, 16, 50304, 2048},
		{"pythia-1b", 16, 2048, 8, 50304, 2048},
		{"pythia-1.4b", 24, 2048, 16, 50304, 2048},
		{"pythia-2.8b", 32, 2560, 32, 50304, 2048},
		{"pythia-6.9b", 32, 4096, 32, 50432, 2048},
		{"pythia-12b", 36, 5120, 40, 50688, 2048},
	} {
		s := neox(Sizes{row.layers, row.dModel, row.heads, row.heads, row.dModel / row.heads, 4 * row.dModel, row.vocab, row.context, Own})
		if row.name == "pythia-70m-deduped" {
			frequencies := Array{Group: Other, What: "rotary frequencies", Shape: []int{8}, Copies: row.layers}
			s.StoredKnown, s.Stored = true, []Array{masks(row.layers, row.context), frequencies}
		}
		list = append(list, preset("eleutherai", row.name, s))
	}
	return list
}

// parseNeoX reads the names of transformers models/gpt_neox/configuration_gpt_neox.py.
func parseNeoX(f *fields) Shape {
	d := f.sizes(Own)
	s := neox(d)
	f.attentionBias(&s.Stacks[0].Blocks[0], true)
	return s
}

package params

import (
	"slices"
	"strings"
)

// GPT3 names the preset that the chapter counts.
const GPT3 = "gpt3-175b"

// GPT3Family is the family of the rows of GPT-3's table.
const GPT3Family = "gpt3"

// Preset is a published shape that can be named.
type Preset struct {
	Owners []string // whose repository it may be called: openai/gpt3-175b
	Shape
}

// Presets lists the shapes that can be named, smallest first in each family.
func Presets() []Preset { return append(gpt2Presets(), gpt3Presets()...) }

// gpt2Presets are the released models. Sources: the defaults of transformers
// models/gpt2/configuration_gpt2.py, and keras-hub's presets for the rest.
func gpt2Presets() []Preset {
	var list []Preset
	for _, row := range []struct {
		name                  string
		layers, dModel, heads int
	}{
		{"distilgpt2", 6, 768, 12},
		{"gpt2", 12, 768, 12},
		{"gpt2-medium", 24, 1024, 16},
		{"gpt2-large", 36, 1280, 20},
		{"gpt2-xl", 48, 1600, 25},
	} {
		owners := []string{"openai-community", "openai"}
		if row.name == "distilgpt2" {
			owners = []string{"distilbert"}
		}
		s := gpt2Like(row.name, row.layers, row.dModel, row.heads, row.dModel/row.heads, 1024)
		list = append(list, Preset{Owners: owners, Shape: s})
	}
	return list
}

// gpt3Presets are the rows of Brown et al. 2020, "Language Models are Few-Shot
// Learners", table 2.1, as printed; two of them do not multiply out. The
// layers' sparse attention hides scores and so changes no count.
func gpt3Presets() []Preset {
	var list []Preset
	for _, row := range []struct {
		name                         string
		printed                      string
		layers, dModel, heads, dHead int
	}{
		{"gpt3-small", "125M", 12, 768, 12, 64},
		{"gpt3-medium", "350M", 24, 1024, 16, 64},
		{"gpt3-large", "760M", 24, 1536, 16, 96},
		{"gpt3-xl", "1.3B", 24, 2048, 24, 128},
		{"gpt3-2.7b", "2.7B", 32, 2560, 32, 80},
		{"gpt3-6.7b", "6.7B", 32, 4096, 32, 128},
		{"gpt3-13b", "13.0B", 40, 5140, 40, 128},
		{GPT3, "175.0B", 96, 12288, 96, 128},
	} {
		s := gpt2Like(row.name, row.layers, row.dModel, row.heads, row.dHead, 2048)
		s.Family, s.Printed = GPT3Family, row.printed
		list = append(list, Preset{Owners: []string{"openai"}, Shape: s})
	}
	return list
}

// gpt2Like has what GPT-2 has: its vocabulary, an MLP of 4 d_model, biases,
// layer norms, learned positions and a tied unembedding.
func gpt2Like(name string, layers, dModel, heads, dHead, context int) Shape {
	return Shape{
		Name: name, Family: "gpt2", Layers: layers, Heads: heads, KVHeads: heads,
		DModel: dModel, DHead: dHead, DMLP: 4 * dModel, Vocab: 50257, Context: context,
		LearnedPositions: true, Tied: true, Biases: true, NormVectors: 2,
	}
}

// Find returns a preset by its name, in any case, with or without its owner.
func Find(name string) (Shape, bool) {
	name = strings.ToLower(name)
	owner, bare, owned := strings.Cut(name, "/")
	if !owned {
		bare = name
	}
	for _, p := range Presets() {
		if p.Name == bare && (!owned || slices.Contains(p.Owners, owner)) {
			return p.Shape, true
		}
	}
	return Shape{}, false
}

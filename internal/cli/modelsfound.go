package cli

import (
	"attn/internal/hub"
	"attn/internal/view"
)

// place is where another program keeps models, and which it has.
type place struct {
	Key    string // in JSON
	Title  string
	Models []hub.Model
}

// placesOf looks in all places. What cannot be read there is not listed: it says
// why when it is asked for.
func placesOf(a *App) []place {
	places := hub.FromEnv(a.Getenv)
	return []place{
		{"huggingface", "In the Hugging Face cache", places.ListHuggingFace()},
		{"ollama", "In Ollama's store", places.ListOllama()},
		{"lmstudio", "In LM Studio's folder", places.ListLMStudio()},
	}
}

// foundFacts is what attn models tells of a model that it found.
type foundFacts struct {
	Name   string `json:"name"` // as --model takes it
	Place  string `json:"place"`
	Format string `json:"format"` // of the weights
	Bytes  int64  `json:"bytes"`  // that they weigh
	Path   string `json:"path"`
}

func factsOfFound(places []place) []foundFacts {
	list := []foundFacts{}
	for _, p := range places {
		for _, m := range p.Models {
			list = append(list, foundFacts{m.Name, p.Key, weightFormat(m), m.Bytes, m.Path})
		}
	}
	return list
}

func weightFormat(m hub.Model) string {
	if m.GGUF {
		return "gguf"
	}
	return "safetensors"
}

func namesOf(models []hub.Model) []string {
	names := []string{}
	for _, m := range models {
		names = append(names, m.Name)
	}
	return names
}

// grid lists a place's models.
func (p place) grid() view.Grid {
	t := &view.Table{}
	bytes := view.Column{Title: "bytes", Kind: view.Integer}
	formats := view.Column{Title: "weights", Kind: view.Word}
	for _, m := range p.Models {
		t.Rows = append(t.Rows, view.Label{Text: m.Name, Pos: -1})
		bytes.Numbers = append(bytes.Numbers, float64(m.Bytes))
		formats.Words = append(formats.Words, weightFormat(m))
	}
	t.Columns = []view.Column{bytes, formats}
	return view.Grid{Title: p.Title, Formula: "--model takes these names, where attn runs the architecture", Table: t}
}

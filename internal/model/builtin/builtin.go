// Package builtin holds the models that come with attn, as Hugging Face files
// inside the binary. They are made by tools/train.
package builtin

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"

	"attn/internal/model"
	"attn/internal/model/tokenizer"
	"attn/internal/model/weights"
)

// Default is the model that is used when none is named.
const Default = "story"

//go:embed story
var files embed.FS

// Names lists the built-in models.
func Names() []string { return []string{Default} }

// Has reports whether there is a built-in model of that name.
func Has(name string) bool { return slices.Contains(Names(), name) }

// Open loads a built-in model.
func Open(name string) (*model.Model, error) {
	config, err := read(name, "config.json")
	if err != nil {
		return nil, err
	}
	tokens, err := read(name, "tokenizer.json")
	if err != nil {
		return nil, err
	}
	data, err := read(name, "model.safetensors")
	if err != nil {
		return nil, err
	}
	set, err := weights.Parse(name+"/model.safetensors", data)
	if err != nil {
		return nil, err
	}
	m, err := model.Assemble(name, name+"/", config, tokens, set)
	if err != nil {
		return nil, err
	}
	walk, err := read(name, "walk.json")
	if err != nil {
		return nil, err
	}
	if m.Walk, err = parseWalk(walk, m.Config); err != nil {
		return nil, fmt.Errorf("%s/walk.json: %w", name, err)
	}
	return m, nil
}

// parseWalk reads which head to tell of first, and holds it to the model.
func parseWalk(data []byte, c model.Config) (*model.Walk, error) {
	var w model.Walk
	if err := json.Unmarshal(data, &w); err != nil {
		return nil, err
	}
	if w.Layer < 0 || w.Layer >= c.Layers || w.Head < 0 || w.Head >= c.Heads {
		return nil, fmt.Errorf("the model has no layer %d, head %d", w.Layer, w.Head)
	}
	return &w, nil
}

// Tokenizer loads a built-in model's tokenizer alone.
func Tokenizer(name string) (*tokenizer.Tokenizer, error) {
	data, err := read(name, "tokenizer.json")
	if err != nil {
		return nil, err
	}
	return tokenizer.Parse(data)
}

// Config returns a built-in model's config.json.
func Config(name string) ([]byte, error) { return read(name, "config.json") }

// Card returns a built-in model's card: what it is, what it can do and what
// it cannot.
func Card(name string) (string, error) {
	data, err := read(name, "CARD.md")
	return string(data), err
}

func read(name, file string) ([]byte, error) {
	if !Has(name) {
		return nil, fmt.Errorf("no built-in model is called %q", name)
	}
	return files.ReadFile(name + "/" + file)
}

package params

import (
	"slices"
	"strings"
)

// Preset is a published shape that can be named.
type Preset struct {
	Owners  []string // whose repository it may be called: openai/gpt3-175b
	Aliases []string // what else it is called
	Shape
}

// Presets lists the shapes that can be named, by family, smallest first.
func Presets() []Preset {
	return slices.Concat(
		gpt2Presets(), gpt3Presets(), llamaPresets(), mistralPresets(), qwenPresets(), qwenExpertPresets(),
		gemmaPresets(), pythiaPresets(), optPresets(), phiPresets(), deepSeekPresets(), gptOSSPresets(),
		bertPresets(), t5Presets(), whisperPresets(), marianPresets(),
	)
}

// preset names a shape: the first of names is what it is called here.
func preset(owner, names string, s Shape) Preset {
	list := strings.Fields(names)
	s.Name = list[0]
	return Preset{Owners: strings.Fields(owner), Aliases: list[1:], Shape: s}
}

// tunings are what repositories of a model that was trained further add to its
// name; its shape is the same.
func tunings() []string {
	return []string{"-instruct", "-chat-hf", "-chat", "-hf", "-it", "-pt", "-base", "-deduped"}
}

// Find returns a preset by its name, in any case, with or without its owner.
func Find(name string) (Shape, bool) {
	name = strings.ReplaceAll(strings.ToLower(name), " ", "-")
	owner, bare, owned := strings.Cut(name, "/")
	if !owned {
		bare = name
	}
	presets := Presets()
	for _, tuning := range append([]string{""}, tunings()...) {
		base, ok := strings.CutSuffix(bare, tuning)
		if !ok {
			continue
		}
		for _, p := range presets {
			if p.called(base) && (!owned || slices.Contains(p.Owners, owner)) {
				return p.Shape, true
			}
		}
	}
	return Shape{}, false
}

func (p Preset) called(name string) bool {
	return p.Name == name || slices.Contains(p.Aliases, name)
}

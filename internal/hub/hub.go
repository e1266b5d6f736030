// Package hub finds models by name where other programs keep what they have
// downloaded: the Hugging Face cache, Ollama's store and LM Studio's folder.
//
// What lies there came from outside. Names lead to nothing but these folders,
// small files are read up to a limit, and a link that leads out of a model's own
// folder of the Hugging Face cache is refused.
package hub

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Model is a model on disk.
type Model struct {
	Name  string // by which Find finds it
	Path  string // a folder as Hugging Face lays it out, or a GGUF file, whatever it is called
	GGUF  bool
	Bytes int64 // what the weights weigh
}

// The schemes: what stands before the colon of a name.
const (
	ollamaScheme   = "ollama"
	lmStudioScheme = "lmstudio"
)

// Places are the folders in which models are looked for.
type Places struct {
	HuggingFace string   // the cache; empty when no home is known
	Ollama      []string // the first that has a model counts
	LMStudio    []string
}

// FromEnv works out the places as the programs themselves do, from their
// environment variables and the user's home.
func FromEnv(getenv func(string) string) Places {
	return Places{HuggingFace: cacheFolder(getenv), Ollama: ollamaFolders(getenv), LMStudio: lmStudioFolders(getenv)}
}

// home is the user's own folder, or "".
func home(getenv func(string) string) string {
	if dir := getenv("HOME"); dir != "" {
		return dir
	}
	return getenv("USERPROFILE") // Windows
}

// underHome replaces a ~ at the beginning, which the programs do for their
// variables where no shell has done it.
func underHome(dir string, getenv func(string) string) string {
	if rest, ok := strings.CutPrefix(dir, "~/"); ok && home(getenv) != "" {
		return filepath.Join(home(getenv), rest)
	}
	return dir
}

// Find returns the model of a name:
//
//	OWNER/NAME[@REVISION][:FILE]        in the Hugging Face cache
//	ollama:NAME[:TAG]                   in Ollama's store
//	lmstudio:PUBLISHER/REPO[/FILE]      in LM Studio's folder
//
// FILE is a .gguf file, or what its name says of its types, such as Q4_K_M. The
// error is an *AdvisedError.
func (p Places) Find(name string) (Model, error) {
	scheme, rest, _ := strings.Cut(name, ":")
	switch scheme {
	case ollamaScheme:
		return p.findOllama(rest)
	case lmStudioScheme:
		return p.findLMStudio(rest)
	}
	return p.findCached(name)
}

// AdvisedError says why a name leads to no model, and what its user can do
// about it.
type AdvisedError struct {
	Err    error
	Advice string // one line
}

// Error returns the message without the advice.
func (e *AdvisedError) Error() string { return e.Err.Error() }

// Unwrap returns the error inside.
func (e *AdvisedError) Unwrap() error { return e.Err }

// refuse makes an error to which advise adds the advice.
func refuse(format string, args ...any) *AdvisedError {
	return &AdvisedError{Err: fmt.Errorf(format, args...)}
}

func (e *AdvisedError) advise(format string, args ...any) *AdvisedError {
	e.Advice = fmt.Sprintf(format, args...)
	return e
}

// offer names what is there instead, up to a line's worth.
func offer(place string, models []Model) string {
	const most = 8
	if len(models) == 0 {
		return place + " holds no model that attn could read"
	}
	var names []string
	for _, m := range models[:min(most, len(models))] {
		names = append(names, m.Name)
	}
	if len(models) > most {
		names = append(names, "...")
	}
	return place + " holds " + strings.Join(names, ", ")
}

// byName sorts models and drops those whose name an earlier one has: the first
// of several folders counts.
func byName(models []Model) []Model {
	slices.SortStableFunc(models, func(a, b Model) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(models, func(a, b Model) bool { return a.Name == b.Name })
}

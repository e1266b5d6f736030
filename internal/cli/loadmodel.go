package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"attn/internal/model"
	"attn/internal/model/builtin"
	"attn/internal/model/tokenizer"
)

// randomModel is what --model calls a model with random weights.
const randomModel = "random"

// modelFlags say which model: --model.
type modelFlags struct {
	Model string

	getenv func(string) string // where the Hugging Face cache is
	cached string              // the folder there, once kind has found it
}

func (f *modelFlags) add(a *App, cmd *cobra.Command) {
	f.getenv = a.Getenv
	cmd.Flags().StringVar(&f.Model, "model", builtin.Default, "`model`: a built-in name, a Hugging Face folder, a .gguf file, a name in the Hugging Face cache, or "+randomModel)
	_ = cmd.RegisterFlagCompletionFunc("model", completeModel) // see complete
}

// completeModel offers the built-in names, and folders.
func completeModel(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return append(builtin.Names(), randomModel), cobra.ShellCompDirectiveDefault
}

// modelKind is how a model's name is meant.
type modelKind int

const (
	kindBuiltin modelKind = iota
	kindFolder
	kindFile // GGUF
	kindRandom
)

// kind decides what a name means. A built-in name wins over a folder of the
// same name, which ./name still reaches.
func (f *modelFlags) kind() (modelKind, error) {
	name := f.Model
	switch {
	case name == "":
		return 0, usagef("the model's name is empty: --model").advise("%s", modelAdvice())
	case builtin.Has(name):
		return kindBuiltin, nil
	case name == randomModel:
		return kindRandom, nil
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return kindFolder, nil
	case err == nil && strings.EqualFold(filepath.Ext(name), ".gguf"):
		return kindFile, nil
	case err == nil:
		return 0, failf("not a model folder: %s", name).advise("%s", modelAdvice())
	case !errors.Is(err, fs.ErrNotExist):
		return 0, failf("%w", err)
	}
	if f.getenv != nil {
		if dir, ok := findCached(f.getenv, name); ok {
			f.cached = dir
			return kindFolder, nil
		}
	}
	return 0, failf("no built-in model and no folder is called that: --model %s", name).advise("%s", modelAdvice())
}

func modelAdvice() string {
	return "built in: " + strings.Join(builtin.Names(), ", ") + "; a folder with config.json and model.safetensors works too, and a .gguf file"
}

// open loads the model, which the caller closes. shape is that of a random one.
func (f *modelFlags) open(shape model.Shape) (*model.Model, error) {
	kind, err := f.kind()
	if err != nil {
		return nil, err
	}
	switch kind {
	case kindBuiltin:
		return builtin.Open(f.Model)
	case kindRandom:
		return openRandom(shape)
	}
	m, err := openFolder(f.folder())
	if err == nil && f.cached != "" {
		m.Config.Name = f.Model // not the snapshot's number
	}
	return m, err
}

// folder is where the model lies: as named, or in the Hugging Face cache.
func (f *modelFlags) folder() string {
	if f.cached != "" {
		return f.cached
	}
	return f.Model
}

// openRandom makes a random model that reads the default model's tokens.
func openRandom(shape model.Shape) (*model.Model, error) {
	t, err := builtin.Tokenizer(builtin.Default)
	if err != nil {
		return nil, err
	}
	m, err := model.Random(shape, t)
	if err != nil {
		return nil, usagef("%w", err)
	}
	return m, nil
}

func openFolder(dir string) (*model.Model, error) {
	m, err := model.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, failf("%w", err).advise("a model folder holds config.json and model.safetensors, and tokenizer.json unless --ids gives the tokens")
	}
	var unknown *model.UnknownFamilyError
	if errors.As(err, &unknown) {
		var names []string
		for _, family := range model.Families() {
			names = append(names, family.Name)
		}
		return nil, failf("%w", err).advise("it runs %s", strings.Join(names, ", "))
	}
	return m, err
}

// tokenizer loads the model's tokenizer alone; a folder needs no more than its
// tokenizer.json.
func (f *modelFlags) tokenizer() (*tokenizer.Tokenizer, error) {
	kind, err := f.kind()
	switch {
	case err != nil:
		return nil, err
	case kind == kindFolder || kind == kindFile:
		return model.OpenTokenizer(f.folder())
	case kind == kindRandom:
		return builtin.Tokenizer(builtin.Default)
	}
	return builtin.Tokenizer(f.Model)
}

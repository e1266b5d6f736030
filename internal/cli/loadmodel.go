package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"attn/internal/hub"
	"attn/internal/model"
	"attn/internal/model/builtin"
	"attn/internal/model/tokenizer"
)

// randomModel is what --model calls a model with random weights.
const randomModel = "random"

// modelFlags say which model: --model.
type modelFlags struct {
	Model string

	getenv func(string) string // says where other programs keep models
	found  hub.Model           // one of those, once kind has found it
}

func (f *modelFlags) add(a *App, cmd *cobra.Command) {
	f.getenv = a.Getenv
	cmd.Flags().StringVar(&f.Model, "model", builtin.Default, "`model`: a built-in name, a Hugging Face folder, a .gguf file, a name such as OWNER/NAME, ollama:NAME or lmstudio:PUBLISHER/REPO, or "+randomModel)
	_ = cmd.RegisterFlagCompletionFunc("model", completeModel(a)) // see complete
}

// completeModel offers the built-in names, those of models that other programs
// have downloaded, and folders.
func completeModel(a *App) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		names := append(builtin.Names(), randomModel)
		for _, place := range placesOf(a) {
			for _, m := range place.Models {
				names = append(names, m.Name)
			}
		}
		return names, cobra.ShellCompDirectiveDefault
	}
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
	return f.find()
}

// find looks for a model where other programs keep theirs.
func (f *modelFlags) find() (modelKind, error) {
	if f.getenv == nil {
		return 0, unknownModel(f.Model)
	}
	m, err := hub.FromEnv(f.getenv).Find(f.Model)
	switch {
	case err != nil && looksLikePath(f.Model):
		return 0, unknownModel(f.Model)
	case err != nil:
		return 0, advised(err)
	}
	f.found = m
	if m.GGUF {
		return kindFile, nil
	}
	return kindFolder, nil
}

func unknownModel(name string) error {
	return failf("no built-in model and no folder is called that: --model %s", name).advise("%s", modelAdvice())
}

// looksLikePath reports whether a name may as well be meant as that of a file:
// what has no owner, and what no program's names are like.
func looksLikePath(name string) bool {
	if strings.Contains(name, ":") {
		return false
	}
	_, err := hub.ParseRepo(name)
	return err != nil || !strings.ContainsAny(name, "/@")
}

// advised passes an error of hub on, with its advice.
func advised(err error) error {
	failed := failf("%w", err)
	failed.Advice = adviceOf(err)
	return failed
}

// adviceOf is the advice in an error of hub, or "".
func adviceOf(err error) string {
	var a *hub.AdvisedError
	if errors.As(err, &a) {
		return a.Advice
	}
	return ""
}

func modelAdvice() string {
	return "built in: " + strings.Join(builtin.Names(), ", ") + "; a folder with config.json and model.safetensors works too, and a .gguf file; attn models lists more"
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
	m, err := openFolder(f.path())
	if err == nil && f.found.Path != "" {
		m.Config.Name = f.Model // not a snapshot's number or a blob's hash
	}
	return m, err
}

// path is where the model lies: as named, or where another program keeps it.
func (f *modelFlags) path() string {
	if f.found.Path != "" {
		return f.found.Path
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
		return model.OpenTokenizer(f.path())
	case kind == kindRandom:
		return builtin.Tokenizer(builtin.Default)
	}
	return builtin.Tokenizer(f.Model)
}

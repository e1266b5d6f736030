package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"attn/internal/model"
	"attn/internal/model/builtin"
	"attn/internal/render/text"
	"attn/internal/view"
)

// maxCardBytes bounds a folder's README.md.
const maxCardBytes = 1 << 20

type modelsShowOptions struct {
	model  modelFlags
	output outputFlags
	look   lookFlags
}

func newModelsShowCmd(a *App, runF func(context.Context, *App, *modelsShowOptions) error) *cobra.Command {
	o := &modelsShowOptions{}
	cmd := &cobra.Command{
		Use:     "show NAME",
		Short:   "print a model's card and its sizes",
		Long:    "Print a model's card (what it is, what it can do and what it cannot), its sizes, and where llama.cpp computes\nsomething else than Hugging Face, which attn follows. NAME may be a folder or a .gguf file, whose weights are then checked.",
		Example: "  attn models show story\n  attn models show ./gpt2 --format json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := exactly(1)(cmd, args); err != nil {
				return err
			}
			if err := o.output.resolve(); err != nil {
				return err
			}
			o.model = modelFlags{Model: args[0], getenv: a.Getenv}
			return runF(cmd.Context(), a, o)
		},
		ValidArgsFunction: completeModel(a),
	}
	o.output.add(cmd, formatText, formatJSON)
	o.look.add(cmd)
	return cmd
}

func runModelsShow(_ context.Context, a *App, o *modelsShowOptions) error {
	m, err := o.model.open(model.Shape{})
	if err != nil {
		return err
	}
	defer m.Close() // only read
	card, err := o.card()
	if err != nil {
		return err
	}
	facts := factsOf(m, summary(card))
	if o.output.Format == formatJSON {
		return a.Write(o.output.Output, func(w io.Writer) error {
			return writeJSON(w, struct {
				Schema string `json:"schema"`
				modelFacts
				Card          string   `json:"card"`
				Disagreements []string `json:"disagreements"` // what llama.cpp computes otherwise
			}{"attn.model/1", facts, card, append([]string{}, m.Disagreements()...)})
		})
	}
	grids := []view.Grid{factsGrid(facts)}
	if notes := m.Disagreements(); len(notes) > 0 {
		grids = append(grids, view.Grid{Title: "Where llama.cpp differs", Formula: "attn computes what Hugging Face does", Notes: notes})
	}
	return a.writeCard(o, grids, card)
}

// card returns the model's card, "" where there is none.
func (o *modelsShowOptions) card() (string, error) {
	kind, err := o.model.kind()
	switch {
	case err != nil:
		return "", err
	case kind == kindRandom:
		return "Random weights: what attention looks like before a model has learned anything.\n", nil
	case kind == kindFile:
		return "", nil
	case kind == kindFolder:
		return folderCard(o.model.path())
	}
	return builtinCard(o.model.Model)
}

func builtinCard(name string) (string, error) {
	card, err := builtin.Card(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return card, err
}

// folderCard reads README.md, where Hugging Face keeps the card.
func folderCard(dir string) (string, error) {
	path := filepath.Join(dir, "README.md")
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return "", nil // a model without a card is a model all the same
	}
	f, err := os.Open(path)
	if err != nil {
		return "", failf("%w", err)
	}
	defer f.Close() // only read
	data, err := io.ReadAll(io.LimitReader(f, maxCardBytes))
	if err != nil {
		return "", failf("%w", err)
	}
	return withoutFrontMatter(string(data)), nil
}

// withoutFrontMatter drops the YAML between two lines of --- at the beginning.
func withoutFrontMatter(card string) string {
	card = strings.ReplaceAll(card, "\r\n", "\n")
	if rest, ok := strings.CutPrefix(card, "---\n"); ok {
		if _, body, ok := strings.Cut(rest, "\n---\n"); ok {
			return strings.TrimLeft(body, "\n")
		}
	}
	return card
}

// summary is the card's first sentence: of its first line that is no heading.
func summary(card string) string {
	for _, line := range strings.Split(card, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		sentence, _, _ := strings.Cut(line, ". ")
		return strings.TrimSuffix(sentence, ".")
	}
	return ""
}

// writeCard writes the grids, and below them the card.
func (a *App) writeCard(o *modelsShowOptions, grids []view.Grid, card string) error {
	options, err := a.textOptions(&o.output, &o.look)
	if err != nil {
		return err
	}
	return a.Write(o.output.Output, func(w io.Writer) error {
		if err := text.Draw(w, grids, options); err != nil {
			return err
		}
		if card == "" || o.look.Quiet {
			return nil
		}
		_, err := fmt.Fprintf(w, "\n%s\n", visible(strings.TrimRight(card, "\n")))
		return err
	})
}

func factsGrid(f modelFacts) view.Grid {
	t := &view.Table{}
	var values []string
	add := func(name string, value any) {
		t.Rows = append(t.Rows, view.Label{Text: name, Pos: -1, Role: view.Muted})
		values = append(values, fmt.Sprint(value))
	}
	add("family", f.Family)
	add("layers", f.Layers)
	add("heads", f.Heads)
	if f.KVHeads != f.Heads {
		add("key and value heads", f.KVHeads)
	}
	add("d_model", f.DModel)
	add("d_head", f.DHead)
	if f.DValue != 0 {
		add("d_head of values", f.DValue)
	}
	add("d_mlp", f.DMLP)
	add("vocabulary", f.DVocab)
	add("context", f.Context)
	add("parameters", f.Parameters)
	if f.Tokenizer != "" {
		add("tokenizer", f.Tokenizer)
	}
	t.Columns = []view.Column{{Kind: view.Word, Words: values}}
	return view.Grid{Title: f.Name, Table: t}
}

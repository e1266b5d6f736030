package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"attn/internal/model"
	"attn/internal/model/builtin"
	"attn/internal/render/text"
	"attn/internal/view"
)

type modelsOptions struct {
	output outputFlags
	look   lookFlags
}

func newModelsCmd(a *App, runF func(context.Context, *App, *modelsOptions) error) *cobra.Command {
	o := &modelsOptions{}
	cmd := &cobra.Command{
		Use:     "models",
		Short:   "list the models at hand",
		Long:    "List the models that come with attn, with their sizes, and those that other programs have downloaded: the Hugging Face cache, Ollama's store, LM Studio's folder. --model takes these names, folders, and GGUF files.",
		Example: "  attn models\n  attn models show story\n  attn models --format json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownSubcommand(cmd, args[0])
			}
			if err := o.output.resolve(); err != nil {
				return err
			}
			return runF(cmd.Context(), a, o)
		},
	}
	o.output.add(cmd, formatText, formatJSON)
	o.look.add(cmd)
	cmd.AddCommand(newModelsShowCmd(a, runModelsShow))
	return cmd
}

// modelFacts is what attn tells about a model without running it.
type modelFacts struct {
	Name       string `json:"name"`
	Family     string `json:"family"`
	Layers     int    `json:"layers"`
	Heads      int    `json:"heads"`
	KVHeads    int    `json:"kv_heads"`
	DModel     int    `json:"d_model"`
	DHead      int    `json:"d_head"`
	DValue     int    `json:"d_value,omitempty"` // of values, where it is not d_head
	DMLP       int    `json:"d_mlp"`
	DVocab     int    `json:"d_vocab"`
	Context    int    `json:"context"`
	Parameters int64  `json:"parameters"`
	Tokenizer  string `json:"tokenizer"` // its kind, "" when there is none
	About      string `json:"about"`     // one line
}

func factsOf(m *model.Model, about string) modelFacts {
	c := m.Config
	f := modelFacts{
		Name: c.Name, Family: c.Family, Layers: c.Layers, Heads: c.Heads, KVHeads: c.KVHeads,
		DModel: c.DModel, DHead: c.DHead, DValue: c.DValue, DMLP: c.DMLP, DVocab: c.DVocab, Context: c.Context,
		Parameters: m.Parameters, About: about,
	}
	if m.Tokenizer != nil {
		f.Tokenizer = m.Tokenizer.Kind()
	}
	return f
}

func runModels(_ context.Context, a *App, o *modelsOptions) error {
	var list []modelFacts
	for _, name := range builtin.Names() {
		m, err := builtin.Open(name)
		if err != nil {
			return err
		}
		card, err := builtinCard(name)
		if err != nil {
			return err
		}
		list = append(list, factsOf(m, summary(card)))
		if err := m.Close(); err != nil {
			return err
		}
	}
	places := placesOf(a)
	if o.output.Format == formatJSON {
		return a.Write(o.output.Output, func(w io.Writer) error {
			return writeJSON(w, struct {
				Schema string       `json:"schema"`
				Models []modelFacts `json:"models"`
				Cached []string     `json:"cached"` // names in the Hugging Face cache
				Found  []foundFacts `json:"found"`  // in all places
			}{"attn.models/1", list, namesOf(places[0].Models), factsOfFound(places)})
		})
	}
	grids := []view.Grid{modelsGrid(list)}
	for _, place := range places {
		if len(place.Models) > 0 {
			grids = append(grids, place.grid())
		}
	}
	return a.draw(grids, &o.output, &o.look, text.Options{})
}

func modelsGrid(list []modelFacts) view.Grid {
	t := &view.Table{}
	column := func(title string, value func(modelFacts) int64) {
		c := view.Column{Title: title, Kind: view.Integer}
		for _, f := range list {
			c.Numbers = append(c.Numbers, float64(value(f)))
		}
		t.Columns = append(t.Columns, c)
	}
	var about []string
	for _, f := range list {
		t.Rows = append(t.Rows, view.Label{Text: f.Name, Pos: -1})
		about = append(about, f.About)
	}
	column("layers", func(f modelFacts) int64 { return int64(f.Layers) })
	column("heads", func(f modelFacts) int64 { return int64(f.Heads) })
	column("d_model", func(f modelFacts) int64 { return int64(f.DModel) })
	column("parameters", func(f modelFacts) int64 { return f.Parameters })
	t.Columns = append(t.Columns, view.Column{Title: "", Kind: view.Word, Words: about})
	return view.Grid{
		Title: "Models", Table: t,
		Notes: []string{"attn models show NAME tells more. --model takes a name, a Hugging Face folder, or a .gguf file."},
	}
}

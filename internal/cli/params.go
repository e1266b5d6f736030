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

	"attn/internal/hub"
	"attn/internal/model"
	"attn/internal/model/builtin"
	"attn/internal/params"
	"attn/internal/render/text"
	"attn/internal/view"
)

// paramsOptions is what attn params was asked for.
type paramsOptions struct {
	output     outputFlags
	look       lookFlags
	name       string            // MODEL
	gpt3       bool              // --gpt3
	list       bool              // --list
	convention params.Convention // --convention; empty when not given
	ledger     ledgerOptions
}

func newParamsCmd(a *App, runF func(context.Context, *App, *paramsOptions) error) *cobra.Command {
	o := &paramsOptions{}
	var modelFlag, convention string
	cmd := &cobra.Command{
		Use:   "params [MODEL]",
		Short: "count a model's parameters, group by group",
		Long: `Count a model's parameters, group by group, from its shape alone. MODEL is a
built-in name, a preset (--list), a Hugging Face folder, a .gguf file or a
config.json.

There are four conventions. "chapter" is 3Blue1Brown's: matrices only, without
biases, norms and positions, and the unembedding as a matrix of its own.
"parameters" is every trained number, a tied matrix once. "file" is every number
in the weight file, with masks and second copies, where that file is known.
"transformerlens" is the n_params of TransformerLens: attention and MLP
matrices. Without --convention the text tells all of them; json and csv hold the
chapter's for GPT-3 and all parameters for other models.

--context, --batch and --dtype add what running the model takes: bytes of
weights, of cached keys and values and of scores, and floating-point
operations, and how they grow with the context. csv then holds that growth
alone.`,
		Example: `attn params --gpt3
attn params gpt2 --convention parameters
attn params qwen3-4b --context 32768 --dtype q4_k
attn params --list
attn params path/to/config.json --format json`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return append(builtin.Names(), presetNames()...), cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("model") {
				args = append(args, modelFlag)
			}
			if err := o.complete(cmd, args, convention); err != nil {
				return err
			}
			return runF(cmd.Context(), a, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&modelFlag, "model", "", "the same as `MODEL`")
	f.BoolVar(&o.gpt3, "gpt3", false, "the model that the chapter counts: "+params.GPT3)
	f.BoolVar(&o.list, "list", false, "list the presets")
	f.StringVar(&convention, "convention", "", "count by `name`: "+conventionNames()+" (default: see above)")
	complete(cmd, "convention", strings.Split(conventionNames(), ", ")...)
	o.ledger.add(cmd)
	o.output.add(cmd, formatText, formatJSON, formatCSV)
	o.look.add(cmd)
	return cmd
}

func conventionNames() string {
	var names []string
	for _, c := range params.Conventions() {
		names = append(names, string(c))
	}
	return strings.Join(names, ", ")
}

func presetNames() []string {
	var names []string
	for _, p := range params.Presets() {
		names = append(names, p.Name)
	}
	return names
}

// complete settles which model is meant, and how it is counted.
func (o *paramsOptions) complete(cmd *cobra.Command, args []string, convention string) error {
	if o.gpt3 {
		args = append(args, params.GPT3)
	}
	switch {
	case len(args) > 1:
		return usagef("one model at a time: %s", strings.Join(args, ", "))
	case o.list && (len(args) > 0 || convention != ""):
		return usagef("--list takes no model and no convention: %s", cmd.CommandPath())
	case len(args) == 0:
		o.name = builtin.Default
	case args[0] == "":
		return usagef("the model's name is empty: %s", cmd.UseLine()).advise("attn params --list lists the presets")
	default:
		o.name = args[0]
	}
	if convention != "" {
		c, err := params.ParseConvention(convention)
		if err != nil {
			return usagef("not one of %s: --convention %s", conventionNames(), convention)
		}
		o.convention = c
	}
	if err := o.ledger.complete(cmd); err != nil {
		return err
	}
	if o.list && o.ledger.asked {
		return usagef("--list takes no --context, --batch and --dtype: %s", cmd.CommandPath())
	}
	return o.output.resolve()
}

// wide is how many columns the chapter's table takes for GPT-3 when it also has
// the products in symbols; without them it fits 80.
const wide = 99

func runParams(_ context.Context, a *App, o *paramsOptions) error {
	if o.list {
		return listPresets(a, o)
	}
	shape, err := findModelShape(hub.FromEnv(a.Getenv), o.name)
	if err != nil {
		return err
	}
	var ledger *params.Ledger
	if o.ledger.asked {
		if ledger, err = o.ledger.of(shape); err != nil {
			return err
		}
	}
	if o.output.Format == formatText {
		grids, err := paramsGrids(shape, o.convention, a.Width() >= wide)
		if err != nil {
			return err
		}
		if ledger != nil {
			grids = append(grids, ledgerGrids(shape, *ledger)...)
		}
		return a.draw(grids, &o.output, &o.look, text.Options{})
	}
	if o.output.Format == formatCSV && ledger != nil {
		return a.writeCSV([]view.Grid{growthList(*ledger)}, &o.output)
	}
	count, err := countShape(shape, o.only(shape))
	if err != nil {
		return err
	}
	if o.output.Format == formatCSV {
		return a.writeCSV([]view.Grid{countList(count)}, &o.output)
	}
	return a.Write(o.output.Output, func(w io.Writer) error {
		return writeJSON(w, struct {
			Schema string `json:"schema"`
			params.Count
			Conventions []conventionJSON `json:"conventions"`
			Ledger      *params.Ledger   `json:"ledger,omitempty"`
		}{"attn.params/1", count, conventions(shape), ledger})
	})
}

// only is the one convention of a format that holds one.
func (o *paramsOptions) only(s params.Shape) params.Convention {
	switch {
	case o.convention != "":
		return o.convention
	case s.Family == params.GPT3Family:
		return params.Chapter
	}
	return params.Parameters
}

func countShape(s params.Shape, c params.Convention) (params.Count, error) {
	count, err := s.Count(c)
	if err != nil {
		return count, failf("cannot count: %w: %s", err, s.Name)
	}
	return count, nil
}

// findShape finds a model by name. What stands without a slash is a built-in
// model or a preset before it is a file: ./gpt2 is always a folder.
func findShape(name string) (params.Shape, error) {
	bare := !strings.ContainsAny(name, `/\`)
	if bare && builtin.Has(name) {
		config, err := builtin.Config(name)
		if err != nil {
			return params.Shape{}, err
		}
		return parseShape(name, name+"/config.json", config)
	}
	if bare && name == randomModel {
		m, err := openRandom(model.Shape{})
		if err != nil {
			return params.Shape{}, err
		}
		return randomShape(m.Config), nil
	}
	preset, known := params.Find(name)
	if bare && known {
		return preset, nil
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return readFolder(filepath.Base(filepath.Clean(name)), name)
	case err == nil && strings.EqualFold(filepath.Ext(name), ".gguf"):
		return readGGUF(name)
	case err == nil && strings.EqualFold(filepath.Ext(name), ".json"):
		return readShape(configName(name), name)
	case known:
		return preset, nil
	case err == nil:
		return params.Shape{}, failf("neither a model folder nor a .gguf nor a config.json: %s", name)
	}
	return params.Shape{}, unknownShape(name)
}

// errUnknownShape is what findShape says of a name that it does not know.
var errUnknownShape = errors.New("no preset, no built-in model and no folder is called that")

// findModelShape is findShape, and then a look where other programs keep models.
func findModelShape(places hub.Places, name string) (params.Shape, error) {
	s, err := findShape(name)
	if !errors.Is(err, errUnknownShape) {
		return s, err
	}
	m, missing := places.Find(name)
	switch {
	case missing != nil && (looksLikePath(name) || errors.Is(missing, fs.ErrNotExist)):
		return s, err
	case missing != nil:
		return s, advised(missing)
	case m.GGUF:
		s, err = readGGUF(m.Path)
	default:
		s, err = readFolder(name, m.Path)
	}
	s.Name = name // not a blob's hash
	return s, err
}

// unknownShape names the preset that may have been meant.
func unknownShape(name string) error {
	err := failf("%w: %s", errUnknownShape, name)
	nearest, least := "", 4
	for _, preset := range append(builtin.Names(), presetNames()...) {
		if d := distance(preset, strings.ToLower(filepath.Base(name))); d < least && d < len(preset) {
			nearest, least = preset, d
		}
	}
	if nearest != "" {
		return err.advise("did you mean %s? attn params --list lists the presets", nearest)
	}
	return err.advise("attn params --list lists the presets; a folder or file with a config.json works too")
}

// configName is what a model is called of which there is only a config: its
// folder's name, or else the file's.
func configName(path string) string {
	folder := filepath.Base(filepath.Dir(path))
	if folder == "." || folder == ".." || folder == string(filepath.Separator) {
		return filepath.Base(path)
	}
	return folder
}

func readShape(name, path string) (params.Shape, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return params.Shape{}, failf("not a regular file: %s", path)
	}
	if err == nil && info.Size() > params.MaxConfig {
		return params.Shape{}, failf("%d bytes, the limit is %d: %s", info.Size(), params.MaxConfig, path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return params.Shape{}, failf("%w", err)
	}
	return parseShape(name, path, data)
}

func parseShape(name, path string, config []byte) (params.Shape, error) {
	s, err := params.ParseConfig(name, config)
	if err != nil {
		return s, failf("%s: %w", path, err)
	}
	return s, nil
}

// randomShape is what a random model counts: it is built like GPT-2.
func randomShape(c model.Config) params.Shape {
	unembedding := params.Own
	if c.Tied {
		unembedding = params.Tied
	}
	s := params.GPT2(params.Sizes{
		Layers: c.Layers, DModel: c.DModel, Heads: c.Heads, KVHeads: c.KVHeads, DHead: c.DHead, DMLP: c.DMLP,
		Vocab: c.DVocab, Context: c.Context, Unembedding: unembedding,
	})
	s.Name = c.Name
	return s
}

// presetJSON is one entry of attn params --list --format json.
type presetJSON struct {
	Name       string        `json:"name"`
	Family     string        `json:"family"`
	Layers     int           `json:"layers"`
	Heads      int           `json:"heads"`
	DModel     int           `json:"d_model"`
	DHead      int           `json:"d_head"`
	Vocab      int           `json:"d_vocab"`
	Context    int           `json:"context"`
	Chapter    int64         `json:"chapter"`
	Parameters int64         `json:"parameters"`
	Flags      []params.Flag `json:"flags,omitempty"`
}

func listPresets(a *App, o *paramsOptions) error {
	var list []presetJSON
	for _, p := range params.Presets() {
		chapter, err := countShape(p.Shape, params.Chapter)
		if err != nil {
			return err
		}
		full, err := countShape(p.Shape, params.Parameters)
		if err != nil {
			return err
		}
		list = append(list, presetJSON{
			p.Name, p.Family, p.Layers(), p.Heads(), p.DModel, p.DHead(), p.Vocab, p.Context, chapter.Total, full.Total, full.Flags,
		})
	}
	switch o.output.Format {
	case formatJSON:
		return a.Write(o.output.Output, func(w io.Writer) error {
			return writeJSON(w, struct {
				Schema  string       `json:"schema"`
				Presets []presetJSON `json:"presets"`
			}{"attn.presets/1", list})
		})
	case formatCSV:
		return a.writeCSV([]view.Grid{presetGrid("Presets", list)}, &o.output)
	}
	return a.draw(presetGrids(list), &o.output, &o.look, text.Options{})
}

// inWords says a share in words where it is near a third.
func inWords(share float64) string {
	s := fmt.Sprintf("%.1f %%", 100*share)
	if share > 0.323 && share < 0.343 {
		s += ", about a third"
	}
	return s
}

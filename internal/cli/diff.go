package cli

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"attn/internal/analyze"
	"attn/internal/model"
	"attn/internal/model/builtin"
	"attn/internal/render/text"
	"attn/internal/trace"
	"attn/internal/view"
)

// diffOptions is what attn diff was asked for.
type diffOptions struct {
	device deviceFlags
	output outputFlags
	look   lookFlags
	source source

	files      [2]string     // A and B; empty when models are compared
	models     [2]modelFlags // --model and --model-b
	context    int           // keep only the last tokens; 0 is all
	atol, rtol float64
	top        int // rows of the table; 0 is all
}

func newDiffCmd(a *App, runF func(context.Context, *App, *diffOptions) error) *cobra.Command {
	o := &diffOptions{}
	cmd := &cobra.Command{
		Use:   "diff A B | --model A --model-b B TEXT",
		Short: "find the first step where two traces part",
		Long: `Compare two saved traces, or two models on one text, step by step: the first step
that diverges, then how far each lies apart, and which heads moved most.

A is what is wanted, B what there is. A step diverges when any number of B lies
further from A's than --atol plus --rtol times the largest number of A's step.
The exit code is then 3. Steps that one side alone has are listed and no failure.

A head's pattern moved by the share of attention that goes elsewhere, and its
result by the length of the change, as a share of the length that A has.`,
		Example: `attn diff mine.safetensors theirs.safetensors
attn diff --atol 0 --rtol 0.01 a.safetensors b.safetensors
attn diff --model full --model-b rounded "the cat sat on the mat"
attn diff --format json a.safetensors b.safetensors -o diff.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete(a, cmd, args); err != nil {
				return err
			}
			return runF(cmd.Context(), a, o)
		},
	}
	f := cmd.Flags()
	f.Float64Var(&o.atol, "atol", 1e-5, "`difference` allowed in any step")
	f.Float64Var(&o.rtol, "rtol", 1e-4, "the same as a `share` of the step's largest number, added to --atol")
	f.IntVar(&o.top, "top", 20, "`steps` shown in text: those furthest apart; 0 is all")
	o.models[0].getenv, o.models[1].getenv = a.Getenv, a.Getenv
	f.StringVar(&o.models[0].Model, "model", builtin.Default, "the first `model`, with --model-b: any that attn trace takes")
	f.StringVar(&o.models[1].Model, "model-b", "", "the second `model`: runs both on TEXT, and takes no files")
	_ = cmd.RegisterFlagCompletionFunc("model", completeModel(a))   // see complete
	_ = cmd.RegisterFlagCompletionFunc("model-b", completeModel(a)) // see complete
	o.source.add(cmd)
	f.IntVar(&o.context, "context", 0, "keep only the last `N` tokens")
	o.device.add(a, cmd)
	o.output.add(cmd, formatText, formatJSON, formatCSV)
	o.look.add(cmd)
	return cmd
}

// complete settles whether files or models are compared.
func (o *diffOptions) complete(a *App, cmd *cobra.Command, args []string) error {
	switch {
	case !(o.atol >= 0):
		return usagef("it must be 0 or more: --atol %g", o.atol)
	case !(o.rtol >= 0):
		return usagef("it must be 0 or more: --rtol %g", o.rtol)
	case o.top < 0:
		return usagef("it must be 0 or more: --top %d", o.top)
	case cmd.Flags().Changed("context") && o.context < 1:
		return usagef("at least 1 token is kept: --context %d", o.context)
	}
	if err := o.output.resolve(); err != nil {
		return err
	}
	if cmd.Flags().Changed("model-b") {
		if !(len(args) > 0 || o.source.IDs != nil) {
			return usagef("the text that both models read is missing: %s", cmd.CommandPath()).
				advise(`for example: attn diff --model A --model-b B "the cat sat on the mat"`)
		}
		return o.source.read(a, cmd, args)
	}
	for _, name := range []string{"model", "ids", "context", "device", "threads"} {
		if cmd.Flags().Changed(name) {
			return usagef("--%s is for two models, and the second is missing: --model-b", name).
				advise("two saved traces are compared with attn diff A B alone")
		}
	}
	if len(args) != 2 {
		return usagef("it takes two traces, got %d: %s", len(args), cmd.CommandPath()).
			advise("attn trace --save FILE --record all TEXT writes one; --model A --model-b B TEXT compares models")
	}
	o.files = [2]string(args)
	return nil
}

// allowed is how far a step may lie from one whose largest magnitude is scale.
func (o *diffOptions) allowed(scale float64) float64 { return o.atol + o.rtol*scale }

// comparison is two traces and what became of comparing them.
type comparison struct {
	want, got *trace.Trace
	names     [2]string
	analyze.Agreement
	moves []analyze.HeadMove
}

func runDiff(ctx context.Context, a *App, o *diffOptions) error {
	c, err := o.load(ctx, a)
	if err != nil {
		return err
	}
	if err := c.fit(); err != nil {
		return err
	}
	c.Agreement = analyze.Agree(c.got, c.want, o.allowed)
	c.moves = analyze.HeadMoves(c.got, c.want)
	if len(c.Steps) == 0 {
		return failf("the traces have no step in common: %s and %s", c.names[0], c.names[1]).
			advise("attn trace --record all --save FILE keeps every step")
	}
	if err := o.write(a, c); err != nil {
		return err
	}
	if c.First >= 0 {
		return checkf("they diverge: first at %s", c.describe(c.Steps[c.First]))
	}
	return nil
}

// load reads both traces, or makes them.
func (o *diffOptions) load(ctx context.Context, a *App) (*comparison, error) {
	c := &comparison{names: o.files}
	var traces [2]*trace.Trace
	for i := range traces {
		var err error
		if o.files[0] != "" {
			traces[i], err = loadTrace(o.files[i])
		} else {
			c.names[i] = o.models[i].Model
			traces[i], err = o.run(ctx, a, o.models[i])
		}
		if err != nil {
			return nil, err
		}
	}
	c.want, c.got = traces[0], traces[1]
	return c, nil
}

// run traces the text through one model.
func (o *diffOptions) run(ctx context.Context, a *App, flags modelFlags) (*trace.Trace, error) {
	m, err := flags.open(model.Shape{})
	if err != nil {
		return nil, err
	}
	defer m.Close() // only reads
	be, err := o.device.openFor(a, &o.look, m)
	if err != nil {
		return nil, err
	}
	defer be.Close() // its errors are Forward's
	tokens, err := o.source.tokens(ctx, m)
	if err != nil {
		return nil, err
	}
	tokens, dropped := crop(tokens, o.context)
	defer a.progress(o.look.Quiet, "running "+flags.Model)()
	t, err := everyStep(ctx, m, be, o.source.Text, tokens)
	if err == nil {
		t.Meta.Dropped = dropped
	}
	return t, err
}

// fit reports what makes the traces no pair: other sizes, or more tokens.
func (c *comparison) fit() error {
	if a, b := len(c.want.Tokens), len(c.got.Tokens); a != b {
		return failf("%s has %d tokens, %s has %d: step by step they cannot be compared", c.names[0], a, c.names[1], b)
	}
	a, b := c.want.Meta.Model, c.got.Meta.Model
	for _, size := range []struct {
		what string
		a, b int
	}{
		{"layers", a.Layers, b.Layers},
		{"heads", a.Heads, b.Heads},
		{"key and value heads", a.KVHeads, b.KVHeads},
		{"numbers in a vector (d_model)", a.DModel, b.DModel},
		{"numbers in a head (d_head)", a.DHead, b.DHead},
		{"numbers in a value (d_value)", a.ValueWidth(), b.ValueWidth()},
		{"words (d_vocab)", a.DVocab, b.DVocab},
	} {
		if size.a != size.b {
			return failf("%s has %d %s, %s has %d: step by step they cannot be compared", c.names[0], size.a, size.what, c.names[1], size.b)
		}
	}
	return nil
}

// describe tells one step's distance in a sentence.
func (c *comparison) describe(d analyze.Distance) string {
	if d.Missing {
		return d.Step + ", which has other sizes"
	}
	return fmt.Sprintf("%s, by %s at %s: A %s, B %s, allowed %s",
		d.Step, short(d.Max), c.where(d, false), short(float64(d.Want)), short(float64(d.Got)), short(d.Allowed))
}

// where says at which number a step lies furthest apart.
func (c *comparison) where(d analyze.Distance, brief bool) string {
	if d.Missing {
		return "(other sizes)"
	}
	held, _ := c.want.Held(d.Step)
	if brief {
		return placeBrief(c.want, held, d.At)
	}
	return placeWords(c.want, held, d.At)
}

func (o *diffOptions) write(a *App, c *comparison) error {
	switch o.output.Format {
	case formatJSON:
		return a.Write(o.output.Output, func(w io.Writer) error { return writeJSON(w, o.json(c)) })
	case formatCSV:
		return a.writeCSV([]view.Grid{c.stepsGrid(c.Steps, true)}, &o.output)
	}
	grids := []view.Grid{{View: "diff", Title: "The traces are equal"}}
	if differ := c.differing(); len(differ) > 0 {
		grids = append([]view.Grid{c.stepsGrid(furthest(differ, o.top), false)}, movesGrids(c.moves)...)
	}
	grids[0].Notes = o.notes(c)
	options := text.Options{}
	if !o.look.Quiet {
		options.Header, options.Aside = "A: "+c.names[0]+" · B: "+c.names[1], fmt.Sprintf("%d tokens", len(c.want.Tokens))
	}
	return a.draw(grids, &o.output, &o.look, options)
}

// differing are the steps that are not equal.
func (c *comparison) differing() []analyze.Distance {
	return slices.DeleteFunc(slices.Clone(c.Steps), func(d analyze.Distance) bool { return d.Max == 0 })
}

// furthest keeps the n steps that lie furthest apart, measured against what is
// allowed, and the first that is beyond it, in execution order.
func furthest(steps []analyze.Distance, n int) []analyze.Distance {
	if n == 0 || n >= len(steps) {
		return steps
	}
	order := span(0, len(steps)-1)
	slices.SortStableFunc(order, func(i, j int) int { return compareOff(steps[j], steps[i]) })
	order = order[:n]
	first := slices.IndexFunc(steps, func(d analyze.Distance) bool { return d.Beyond })
	if first >= 0 && !slices.Contains(order, first) {
		order[n-1] = first
	}
	slices.Sort(order)
	kept := make([]analyze.Distance, n)
	for i, at := range order {
		kept[i] = steps[at]
	}
	return kept
}

// compareOff orders distances by how far they are off; without a tolerance, by
// their share of the step.
func compareOff(a, b analyze.Distance) int {
	off := func(d analyze.Distance) float64 {
		if d.Allowed > 0 && !d.Missing {
			return d.Max / d.Allowed
		}
		return d.Relative
	}
	switch x, y := off(a), off(b); {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// stepsGrid is the table of distances; exact gives all digits.
func (c *comparison) stepsGrid(steps []analyze.Distance, exact bool) view.Grid {
	n := len(steps)
	names, verdicts, places := make([]string, n), make([]string, n), make([]string, n)
	apart, relative, want, got := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i, d := range steps {
		names[i], verdicts[i], places[i] = d.Step, mark(!d.Beyond, exact), c.where(d, !exact)
		apart[i], relative[i], want[i], got[i] = d.Max, d.Relative, float64(d.Want), float64(d.Got)
	}
	title := fmt.Sprintf("%d of %d steps differ", n, len(c.Steps))
	if differ := len(c.differing()); n < differ {
		title = fmt.Sprintf("%d of %d steps differ, the %d furthest apart", differ, len(c.Steps), n)
	}
	t := &view.Table{Columns: []view.Column{
		{Title: markTitle(exact), Kind: view.Word, Words: verdicts},
		numbersColumn("apart", apart, exact),
		numbersColumn("relative", relative, exact),
		numbersColumn("A", want, exact),
		numbersColumn("B", got, exact),
		{Title: "where", Kind: view.Word, Role: view.Muted, Words: places},
	}}
	nameRows(t, "step", names, exact)
	return view.Grid{View: "diff", Title: title, Formula: "max |B − A|", Table: t}
}

// notes say what the table cannot.
func (o *diffOptions) notes(c *comparison) []string {
	var notes []string
	if c.First >= 0 {
		beyond := 0
		for _, d := range c.Steps {
			if d.Beyond {
				beyond++
			}
		}
		notes = append(notes, fmt.Sprintf("%d of %d steps diverge; the first is %s.", beyond, len(c.Steps), c.describe(c.Steps[c.First])))
	} else {
		notes = append(notes, fmt.Sprintf("All %d steps agree: within %g + %g × the step's largest number.", len(c.Steps), o.atol, o.rtol))
	}
	for pos, token := range c.want.Tokens {
		if other := c.got.Tokens[pos]; token.ID != other.ID {
			notes = append(notes, fmt.Sprintf("The tokens differ, first at position %d: “%s” in A, “%s” in B.",
				pos, view.TokenText(c.want, pos), view.TokenText(c.got, pos)))
			break
		}
	}
	notes = append(notes, alone("Only A", c.OnlyRef), alone("Only B", c.OnlyGot))
	return slices.DeleteFunc(notes, func(note string) bool { return note == "" })
}

// alone lists the steps that one side alone has.
func alone(side string, steps []string) string {
	const most = 6
	switch {
	case len(steps) == 0:
		return ""
	case len(steps) > most:
		return fmt.Sprintf("%s has %s and %d more (--format json lists them).", side, strings.Join(steps[:most], ", "), len(steps)-most)
	}
	return side + " has " + strings.Join(steps, ", ") + "."
}

// movesGrids are two small pictures, layers down and heads across.
func movesGrids(moves []analyze.HeadMove) []view.Grid {
	grids := []view.Grid{
		movesGrid(moves, "How far the heads' patterns moved", "the share of attention that goes elsewhere, the mean over queries",
			func(m analyze.HeadMove) float64 { return m.Pattern }),
		movesGrid(moves, "How far the heads' results moved", "|B − A| / |A|",
			func(m analyze.HeadMove) float64 { return m.Result }),
	}
	return slices.DeleteFunc(grids, func(g view.Grid) bool { return g.Matrix == nil })
}

func movesGrid(moves []analyze.HeadMove, title, formula string, of func(analyze.HeadMove) float64) view.Grid {
	g := view.Grid{View: "diff", Title: title, Formula: formula}
	m := &view.Matrix{RowAxis: "layers", ColAxis: "heads", Scale: view.Weight}
	most := -1
	for i, move := range moves {
		value := of(move)
		if !math.IsNaN(value) && (most < 0 || value > of(moves[most])) {
			most = i
		}
		if move.Head == 0 {
			m.Rows = append(m.Rows, view.Label{Text: fmt.Sprintf("layer %d", move.Layer), Pos: -1})
		}
		if len(m.Rows) == 1 {
			m.Cols = append(m.Cols, view.Label{Text: fmt.Sprintf("head %d", move.Head), Pos: -1})
		}
		m.Cells.Data = append(m.Cells.Data, float32(value))
	}
	if most < 0 || of(moves[most]) == 0 {
		return g // nothing recorded, or nothing moved
	}
	m.Cells.Shape = layersByHeads(len(m.Rows), len(m.Cols))
	g.Matrix = m
	g.Notes = []string{fmt.Sprintf("Furthest: layer %d, head %d, by %s.", moves[most].Layer, moves[most].Head, short(of(moves[most])))}
	return g
}

// json is the document attn.diff/1.
func (o *diffOptions) json(c *comparison) any {
	type side struct {
		Name   string        `json:"name"`
		Model  trace.Model   `json:"model"`
		Tokens []trace.Token `json:"tokens"`
	}
	type move struct {
		Layer   int      `json:"layer"`
		Head    int      `json:"head"`
		Pattern *float64 `json:"pattern"`
		Result  *float64 `json:"result"`
	}
	moves := make([]move, len(c.moves))
	for i, m := range c.moves {
		moves[i] = move{m.Layer, m.Head, finite(m.Pattern), finite(m.Result)}
	}
	return struct {
		Schema string         `json:"schema"`
		A      side           `json:"a"`
		B      side           `json:"b"`
		ATol   *float64       `json:"atol"`
		RTol   *float64       `json:"rtol"`
		OK     bool           `json:"ok"`
		First  *string        `json:"first"`
		Steps  []distanceJSON `json:"steps"`
		OnlyA  []string       `json:"only_a"`
		OnlyB  []string       `json:"only_b"`
		Heads  []move         `json:"heads"`
	}{
		"attn.diff/1",
		side{c.names[0], c.want.Meta.Model, c.want.Tokens},
		side{c.names[1], c.got.Meta.Model, c.got.Tokens},
		finite(o.atol), finite(o.rtol), c.First < 0, firstName(c.Agreement), distancesJSON(c.Agreement, c.want),
		list(c.OnlyRef), list(c.OnlyGot), moves,
	}
}

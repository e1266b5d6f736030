package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"attn/internal/model"
	"attn/internal/render/csv"
	"attn/internal/render/json"
	"attn/internal/render/text"
	"attn/internal/trace"
	"attn/internal/view"
)

// traceOptions is what attn trace was asked for.
type traceOptions struct {
	model  modelFlags
	device deviceFlags
	output outputFlags
	look   lookFlags
	source source
	recording
	shape model.Shape
	save  string
}

func newTraceCmd(a *App, runF func(context.Context, *App, *traceOptions) error) *cobra.Command {
	o := &traceOptions{}
	cmd := &cobra.Command{
		Use:   "trace [TEXT]",
		Short: "show every step of attention on a text",
		Long: `Show every step of attention on a text, with the model's own numbers: tokens,
embeddings, queries and keys, scores, mask, pattern, values, what the focus word's
vector becomes, the other heads and layers, and the next word.

Without --steps it is one head's walk. It says which head and word it picked, and why.

Steps: ` + strings.Join(view.Names(), " ") + `, or a hook name
such as blocks.0.attn.hook_pattern.`,
		Example: `attn trace "a fluffy blue creature roamed the verdant forest"
attn trace --layer 1 --head all --steps pattern "take a biopsy of the mole"
attn trace --focus forest --steps scores,mask,pattern "a creature roamed the forest"
attn trace --layers 2 --heads 4 --kv-heads 2 --d-model 64 --seed 7 "random weights"
attn trace --save t.safetensors --record all "keep the numbers" && attn view t.safetensors`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete(a, cmd, args); err != nil {
				return err
			}
			return runF(cmd.Context(), a, o)
		},
	}
	o.model.add(a, cmd)
	o.source.add(cmd)
	o.showing.add(cmd)
	o.recording.add(cmd)
	addShape(cmd, &o.shape)
	cmd.Flags().StringVar(&o.save, "save", "", "keep the numbers in `file` (safetensors; attn view shows it)")
	o.device.add(a, cmd)
	o.output.add(cmd, formatText, formatJSON, formatCSV)
	o.look.add(cmd)
	return cmd
}

// add defines the flags that say what of a trace to show.
func (s *showing) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.layer, "layer", "", "`layers` to show: 3, 0-2, 1,4 or all (default: picked)")
	f.StringVar(&s.head, "head", "", "`heads` to show: 3, 0-2, 1,4 or all (default: picked)")
	f.StringVar(&s.focus, "focus", "", "the `word` or position whose update is told; WORD#2 for the second (default: picked)")
	f.StringSliceVar(&s.steps, "steps", nil, "`steps` to show: "+strings.Join(view.Names(), ",")+", or hook names (default: the walk)")
	f.StringVar(&s.layout, "layout", "3b1b", "`layout` of grids: 3b1b (keys down, queries across) or paper (queries down)")
	f.IntVar(&s.top, "top", 8, "`candidates` shown for the next word")
	f.Float64Var(&s.temperature, "temperature", 1, "`divisor` of the logits in the prediction shown")
	complete(cmd, "steps", view.Names()...)
	complete(cmd, "layout", "3b1b", "paper")
}

// add defines the flags that say what a trace is made of.
func (r *recording) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&r.context, "context", 0, "keep only the last `N` tokens")
	f.StringVar(&r.mask, "mask", "", "which keys a query may see, a `mask`: causal, none or window:W (default: the model's own)")
	f.StringVar(&r.tile, "tile", "", "the `part` of scores and pattern to show as it is, Q0:Q1,K0:K1; the rest is told of as for a long text")
	f.StringSliceVar(&r.record, "record", nil, "more hook `names` to keep, with * for any part, or all")
	complete(cmd, "mask", "causal", "none", "window:")
	complete(cmd, "record", "all")
}

// addShape defines the flags of a random model.
func addShape(cmd *cobra.Command, s *model.Shape) {
	f := cmd.Flags()
	for _, part := range []struct {
		into       *int
		name, what string
	}{
		{&s.Layers, "layers", "layers"},
		{&s.Heads, "heads", "heads in each layer"},
		{&s.KVHeads, "kv-heads", "key and value heads, shared by the heads"},
		{&s.DModel, "d-model", "numbers in a token's vector"},
		{&s.DHead, "d-head", "numbers in a query, key or value"},
		{&s.DMLP, "d-mlp", "neurons in each MLP"},
	} {
		f.IntVar(part.into, part.name, 0, "random model: `N` "+part.what)
	}
	f.Uint64Var(&s.Seed, "seed", 0, "random model: its `seed`")
}

// complete reads the text and settles what follows from the flags.
func (o *traceOptions) complete(a *App, cmd *cobra.Command, args []string) error {
	for _, name := range []string{"layers", "heads", "kv-heads", "d-model", "d-head", "d-mlp", "seed"} {
		f := cmd.Flags().Lookup(name)
		if !f.Changed {
			continue
		}
		if name != "seed" && f.Value.String() == "0" {
			return usagef("it must be 1 or more: --%s 0", name)
		}
		if cmd.Flags().Changed("model") && o.model.Model != randomModel {
			return usagef("--%s is the shape of a random model, but: --model %s", name, o.model.Model)
		}
		o.model.Model = randomModel
	}
	if cmd.Flags().Changed("context") && o.context < 1 {
		return usagef("at least 1 token is kept: --context %d", o.context)
	}
	if o.model.Model == randomModel && o.context > model.DefaultContext {
		o.shape.Context = o.context // its positions are extended
	}
	if err := o.output.resolve(); err != nil {
		return err
	}
	if err := o.showing.check(); err != nil {
		return err
	}
	return o.source.read(a, cmd, args)
}

func runTrace(ctx context.Context, a *App, o *traceOptions) error {
	if _, err := o.views(); err != nil {
		return err
	}
	m, err := o.model.open(o.shape)
	if err != nil {
		return err
	}
	defer m.Close() // only reads
	be, err := o.device.openFor(a, &o.look, m)
	if err != nil {
		return err
	}
	defer be.Close() // its errors are Forward's
	stop := a.progress(o.look.Quiet, "making tokens")
	tokens, err := o.source.tokens(ctx, m)
	stop()
	if err != nil {
		return err
	}
	if o.output.Format == formatJSON { // the document always tells the predictions
		o.also = append(o.also, trace.Logits)
	}
	o.whole = o.save != "" || o.output.Format != formatText
	passed := &passed{layers: m.Config.Layers}
	o.watch = passed.step
	stop = a.progressPart(o.look.Quiet, "running the model", passed.part)
	t, sel, err := o.makeTrace(ctx, m, be, o.source.Text, tokens)
	stop()
	if err != nil {
		return err
	}
	if o.save != "" {
		stop = a.progress(o.look.Quiet, "saving the trace")
		err := a.writeFile(o.save, t.Save)
		stop()
		if err != nil {
			return err
		}
	}
	// what goes to the terminal itself shows how far it is
	defer a.progress(o.look.Quiet || !o.output.toFile(), "writing the result")()
	return o.showing.write(a, t, sel, &o.output, &o.look)
}

// write shows a trace in the format that was asked for.
func (s showing) write(a *App, t *trace.Trace, sel view.Select, output *outputFlags, look *lookFlags) error {
	grids, err := s.grids(t, sel) // also finds what the trace lacks
	if err := t.Err(); err != nil {
		return failf("%w", err)
	}
	if err != nil {
		return err
	}
	told := *t
	told.Meta.Selected = sel.Told
	switch output.Format {
	case formatJSON:
		return a.Write(output.Output, func(w io.Writer) error {
			err := json.Trace(w, &told, json.Options{Top: sel.Top, Temperature: sel.Temperature})
			return cmp.Or(t.Err(), err)
		})
	case formatCSV:
		return a.Write(output.Output, func(w io.Writer) error {
			err := csv.Trace(w, &told, a.csvOptions(output))
			return cmp.Or(t.Err(), err) // why a number is NaN, rather than that it is
		})
	}
	options := text.Options{Number: true}
	if !look.Quiet {
		options.Header, options.Aside = headline(t)
		options.Note = picked(t, sel)
	}
	return a.draw(grids, output, look, options)
}

// draw writes grids as text.
func (a *App) draw(grids []view.Grid, output *outputFlags, look *lookFlags, o text.Options) error {
	drawn, err := a.textOptions(output, look)
	if err != nil {
		return err
	}
	drawn.Number, drawn.Header, drawn.Aside, drawn.Note, drawn.MaxRows = o.Number, o.Header, o.Aside, o.Note, o.MaxRows
	return a.Write(output.Output, func(w io.Writer) error { return text.Draw(w, grids, drawn) })
}

// writeCSV writes grids as comma-separated tables.
func (a *App) writeCSV(grids []view.Grid, output *outputFlags) error {
	return a.Write(output.Output, func(w io.Writer) error { return csv.Grids(w, grids, a.csvOptions(output)) })
}

// csvOptions escapes tokens where somebody reads them on a terminal.
func (a *App) csvOptions(output *outputFlags) csv.Options {
	return csv.Options{Shown: a.OutTerminal && !output.toFile()}
}

// headline is the sentence and what read it.
func headline(t *trace.Trace) (sentence, by string) {
	sentence = t.Meta.Text
	if sentence == "" {
		var b strings.Builder
		for _, token := range t.Tokens {
			b.WriteString(token.Text)
		}
		sentence = b.String()
	}
	if longNote(t) != "" {
		sentence = beginning(sentence)
	}
	m := t.Meta.Model
	parts := []string{m.Name, counted(m.Layers, "layer") + " × " + counted(m.Heads, "head"), fmt.Sprintf("d_model %d", m.DModel)}
	if m.Device != "" {
		parts = append(parts, m.Device)
	}
	if t.Meta.Milliseconds > 0 {
		parts = append(parts, fmt.Sprintf("%.1f ms", t.Meta.Milliseconds))
	}
	return sentence, strings.Join(parts, " · ")
}

// picked says which layer, head and focus are told, and why.
func picked(t *trace.Trace, sel view.Select) string {
	s := fmt.Sprintf("layer %d, head %d, told at “%s” (--layer --head --focus)", sel.Told.Layer, sel.Told.Head, view.TokenText(t, sel.Told.Focus))
	if sel.Told == t.Meta.Selected && t.Meta.Rule != "" {
		s += "; picked: " + t.Meta.Rule
	}
	if note := longNote(t); note != "" {
		s += ". " + note
	}
	return s
}

// beginning is the first words of a long text.
func beginning(s string) string {
	const most = 160
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	cut := most
	for i := most; i > most/2; i-- {
		if runes[i] == ' ' {
			cut = i
			break
		}
	}
	return string(runes[:cut]) + " …"
}

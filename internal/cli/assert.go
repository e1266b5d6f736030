package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"attn/internal/analyze"
	"attn/internal/render/text"
	"attn/internal/tensor"
	"attn/internal/trace"
	"attn/internal/view"
)

// assertOptions is what attn assert was asked for.
type assertOptions struct {
	output      outputFlags
	look        lookFlags
	file        string
	expressions []*analyze.Expression
}

func newAssertCmd(a *App, runF func(context.Context, *App, *assertOptions) error) *cobra.Command {
	o := &assertOptions{}
	cmd := &cobra.Command{
		Use:   "assert TRACE EXPR...",
		Short: "hold a saved trace to what it should show",
		Long: `Hold a saved trace to expressions, each a comparison of numbers of its steps. All
are worked out and told; the exit code is 3 if one does not hold.

A step goes by its hook's name or a short one: pattern, scores, raw, scaled, q, k, v,
z, result, resid_pre, resid_mid, resid_post, attn_out, mlp_out, embed, logits. Its
indices are the layer, unless the name says it, then the head, then the other axes.
An index is a number from 0 (-1 is the last), a word (the#2 is the second, "3" the word
and not the place), several with +, whose numbers are added, or * for all. Indices
that are left out are all, too.

Numbers go with + - * / ( ), with sum, mean, max, min, norm and abs, and are compared
with < <= > >= == or ~=, which takes a tolerance: a ~= 0.5 +- 0.01.`,
		Example: `attn trace --save t.safetensors --record all "a fluffy blue creature roamed"
attn assert t.safetensors 'pattern[2,1][creature,fluffy+blue] > 0.5'
attn assert t.safetensors 'sum(pattern[0,0][blue]) ~= 1 +- 1e-6' 'scores[0,0][a,blue] == -inf'
attn assert t.safetensors 'norm(result[2,1][creature]) > 2 * norm(result[2,0][creature])'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete(cmd, args); err != nil {
				return err
			}
			return runF(cmd.Context(), a, o)
		},
	}
	o.output.add(cmd, formatText, formatJSON, formatCSV)
	o.look.add(cmd)
	return cmd
}

// complete reads the expressions; what is wrong with one is told before any
// file is opened.
func (o *assertOptions) complete(cmd *cobra.Command, args []string) error {
	if len(args) < 2 {
		return usagef("a trace and at least one expression are wanted: %s", cmd.CommandPath()).
			advise("for example: attn assert t.safetensors 'pattern[2,1][creature,fluffy+blue] > 0.5'")
	}
	if err := o.output.resolve(); err != nil {
		return err
	}
	o.file = args[0]
	for _, arg := range args[1:] {
		e, err := analyze.ParseExpression(arg)
		if err != nil {
			return usagef("%w: %s", err, arg)
		}
		o.expressions = append(o.expressions, e)
	}
	return nil
}

// asserted is an expression and what came of it.
type asserted struct {
	*analyze.Expression
	analyze.Outcome
}

func runAssert(_ context.Context, a *App, o *assertOptions) error {
	t, err := loadTrace(o.file)
	if err != nil {
		return err
	}
	results := make([]asserted, len(o.expressions))
	for i, e := range o.expressions {
		outcome, err := e.Eval(analyze.Scope{Trace: t, Place: placesIn(t)})
		if err != nil {
			return o.explain(e, err)
		}
		results[i] = asserted{e, outcome}
	}
	if err := o.write(a, results); err != nil {
		return err
	}
	return failed(results)
}

// explain says why an expression has no value.
func (o *assertOptions) explain(e *analyze.Expression, err error) error {
	var missing *analyze.NotRecordedError
	if errors.As(err, &missing) {
		return failf("%w: %s", err, o.file).advise("attn trace --record all --save FILE keeps every step")
	}
	return usagef("%w: %s", err, e.Text)
}

// failed is the error that names the first expression that did not hold.
func failed(results []asserted) error {
	first := slices.IndexFunc(results, func(r asserted) bool { return !r.OK })
	if first < 0 {
		return nil
	}
	n := 0
	for _, r := range results {
		if !r.OK {
			n++
		}
	}
	r := results[first]
	return checkf("%d of %d expressions failed, first: %s (it is %s, wanted %s)", n, len(results), r.Text, nineDigits(r.Left), r.wanted())
}

// nineDigits writes a number with as many digits as it takes to tell a float32 from
// another: next to what was wanted, three would not do.
func nineDigits(v float64) string {
	if s := short(v); s == "inf" || s == "-inf" {
		return s
	}
	return fmt.Sprintf("%.9g", v)
}

// wanted is the right side: > 0.5, or ~= 0.5 +- 0.01.
func (r asserted) wanted() string {
	s := r.Op + " " + nineDigits(r.Right)
	if r.Op == "~=" {
		s += " +- " + nineDigits(r.Margin)
	}
	return s
}

// placesIn finds words on the axes of a trace.
func placesIn(t *trace.Trace) func(tensor.Axis, string) (int, error) {
	return func(axis tensor.Axis, word string) (int, error) {
		switch axis {
		case tensor.Pos, tensor.QueryPos, tensor.KeyPos:
			return findToken(t, word)
		case tensor.DVocab:
			return findWord(t, word)
		}
		return 0, fmt.Errorf("%s takes numbers, not “%s”", axis, word)
	}
}

// findToken is where a word of the text ends, as --focus finds it.
func findToken(t *trace.Trace, word string) (int, error) {
	found, n := places(t, word), 0
	if base, number, ok := cutNumber(word); ok && len(found) == 0 {
		found, n = places(t, base), number
	}
	switch {
	case len(found) == 0:
		return 0, fmt.Errorf("the text has no word “%s”; it has %s", word, wordList(t))
	case n > len(found):
		return 0, fmt.Errorf("“%s”: the word occurs %d times", word, len(found))
	case n == 0 && len(found) > 1:
		return 0, fmt.Errorf("“%s” occurs %d times, at positions %s: write %s#1 to %s#%d", word, len(found), join(found), word, word, len(found))
	}
	return found[max(0, n-1)], nil
}

// findWord is the id of a word of the vocabulary, among those whose texts the
// trace holds: as it is written, or behind a space.
func findWord(t *trace.Trace, word string) (int, error) {
	for _, text := range []string{word, " " + word} {
		best := int32(-1)
		for id, known := range t.Meta.Words {
			if known == text && (best < 0 || id < best) {
				best = id
			}
		}
		if best >= 0 {
			return int(best), nil
		}
	}
	return 0, fmt.Errorf("the trace holds no id of “%s”, only those of likely next words: write the id", word)
}

func (o *assertOptions) write(a *App, results []asserted) error {
	if o.output.Format == formatJSON {
		return a.Write(o.output.Output, func(w io.Writer) error { return writeJSON(w, o.json(results)) })
	}
	grid := assertGrid(results)
	if o.output.Format == formatCSV {
		return a.writeCSV([]view.Grid{grid}, &o.output)
	}
	options := text.Options{}
	if !o.look.Quiet {
		options.Header = o.file
	}
	return a.draw([]view.Grid{grid}, &o.output, &o.look, options)
}

func assertGrid(results []asserted) view.Grid {
	var verdicts, texts, values, wanted []string
	for _, r := range results {
		verdicts = append(verdicts, mark(r.OK, true))
		texts = append(texts, r.Text)
		values = append(values, nineDigits(r.Left))
		wanted = append(wanted, r.wanted())
	}
	return view.Grid{View: "assert", Title: "Expressions", Table: &view.Table{Columns: []view.Column{
		{Title: "verdict", Kind: view.Word, Words: verdicts},
		{Title: "expression", Kind: view.Word, Words: texts},
		{Title: "is", Kind: view.Word, Words: values},
		{Title: "wanted", Kind: view.Word, Role: view.Muted, Words: wanted},
	}}}
}

// json is the document attn.assert/1.
func (o *assertOptions) json(results []asserted) any {
	type expression struct {
		Expression string   `json:"expression"`
		OK         bool     `json:"ok"`
		Left       *float64 `json:"left"`
		Op         string   `json:"op"`
		Right      *float64 `json:"right"`
		Tolerance  *float64 `json:"tolerance,omitempty"`
	}
	ok, list := true, make([]expression, len(results))
	for i, r := range results {
		list[i] = expression{Expression: r.Text, OK: r.OK, Left: finite(r.Left), Op: r.Op, Right: finite(r.Right)}
		if r.Op == "~=" {
			list[i].Tolerance = finite(r.Margin)
		}
		ok = ok && r.OK
	}
	return struct {
		Schema      string       `json:"schema"`
		Trace       string       `json:"trace"`
		OK          bool         `json:"ok"`
		Expressions []expression `json:"expressions"`
	}{"attn.assert/1", o.file, ok, list}
}

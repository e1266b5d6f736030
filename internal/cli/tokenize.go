package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"attn/internal/model/tokenizer"
	"attn/internal/render/escape"
	"attn/internal/render/text"
	"attn/internal/view"
)

type tokenizeOptions struct {
	model     modelFlags
	output    outputFlags
	look      lookFlags
	source    source
	noSpecial bool
	lines     bool // --jsonl
}

func newTokenizeCmd(a *App, runF func(context.Context, *App, *tokenizeOptions) error) *cobra.Command {
	o := &tokenizeOptions{source: source{emptyAllowed: true}}
	cmd := &cobra.Command{
		Use:   "tokenize TEXT",
		Short: "cut a text into tokens",
		Long: `Cut a text into a model's tokens: their ids, their bytes in the text, and the merges that made them.

--model may be a folder with a tokenizer.json alone.`,
		Example: `  attn tokenize "a fluffy blue creature"
  attn tokenize --model ./gpt2 --format json "a fluffy blue creature"
  attn tokenize --jsonl < strings.jsonl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete(a, cmd, args); err != nil {
				return err
			}
			return runF(cmd.Context(), a, o)
		},
	}
	o.model.add(a, cmd)
	cmd.Flags().BoolVar(&o.noSpecial, "no-special", false, "leave out the special tokens that the tokenizer puts around a text")
	cmd.Flags().BoolVar(&o.lines, "jsonl", false, "read one JSON string a line from standard input, write one JSON object a line")
	o.output.add(cmd, formatText, formatJSON, formatCSV)
	o.look.add(cmd)
	return cmd
}

func (o *tokenizeOptions) complete(a *App, cmd *cobra.Command, args []string) error {
	if !o.lines {
		if err := o.output.resolve(); err != nil {
			return err
		}
		return o.source.read(a, cmd, args)
	}
	if len(args) > 0 {
		return usagef("both a text and --jsonl: %s", cmd.CommandPath()).advise("--jsonl reads its texts from standard input")
	}
	if o.output.Format != "" && o.output.Format != formatJSON {
		return usagef("--jsonl writes json only: --format %s", o.output.Format)
	}
	return nil
}

func runTokenize(ctx context.Context, a *App, o *tokenizeOptions) error {
	t, err := o.model.tokenizer()
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return failf("%w", err).advise("the folder needs a tokenizer.json")
		}
		return err
	}
	if o.lines {
		return a.Write(o.output.Output, func(w io.Writer) error { return o.tokenizeLines(ctx, a.In, w, t) })
	}
	tokens, err := o.encode(ctx, t, o.source.Text)
	if err != nil {
		return err
	}
	switch o.output.Format {
	case formatJSON:
		return a.Write(o.output.Output, func(w io.Writer) error { return writeTokens(w, tokens) })
	case formatCSV:
		return a.Write(o.output.Output, func(w io.Writer) error { return tokensCSV(w, tokens) })
	}
	return o.draw(a, t, tokens)
}

func (o *tokenizeOptions) encode(ctx context.Context, t *tokenizer.Tokenizer, text string) ([]tokenizer.Token, error) {
	e, err := t.EncodeWith(text, tokenizer.Options{AddSpecial: !o.noSpecial, Stop: stopped(ctx)})
	if errors.Is(err, tokenizer.ErrStopped) {
		err = ctx.Err()
	}
	return e.Tokens, err
}

// writeTokens writes one JSON object on one line.
func writeTokens(w io.Writer, tokens []tokenizer.Token) error {
	type token struct {
		ID    int32  `json:"id"`
		Text  string `json:"text"`
		Start int    `json:"start"`
		End   int    `json:"end"`
	}
	list := make([]token, len(tokens))
	for i, t := range tokens {
		list[i] = token{t.ID, t.Text, t.Start, t.End}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(map[string][]token{"tokens": list})
}

func tokensCSV(w io.Writer, tokens []tokenizer.Token) error {
	c := csv.NewWriter(w)
	if err := c.Write([]string{"pos", "id", "text", "start", "end"}); err != nil {
		return err
	}
	for i, t := range tokens {
		row := []string{strconv.Itoa(i), strconv.Itoa(int(t.ID)), t.Text, strconv.Itoa(t.Start), strconv.Itoa(t.End)}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// draw writes the tokens as text, and the merges that made them.
func (o *tokenizeOptions) draw(a *App, t *tokenizer.Tokenizer, tokens []tokenizer.Token) error {
	pieces, err := t.Merges(o.source.Text)
	if err != nil {
		return err
	}
	grids := []view.Grid{tokensGrid(t, tokens)}
	if g := mergesGrid(pieces); len(g.Table.Rows) > 0 {
		grids = append(grids, g)
	}
	return a.draw(grids, &o.output, &o.look, text.Options{Header: o.source.Text})
}

func tokensGrid(t *tokenizer.Tokenizer, tokens []tokenizer.Token) view.Grid {
	table := &view.Table{}
	var ids, places, special []string
	anySpecial := false
	for _, token := range tokens {
		table.Rows = append(table.Rows, view.Label{Text: escape.Quote(token.Text), Pos: -1, Role: view.Embedding})
		ids = append(ids, strconv.Itoa(int(token.ID)))
		places = append(places, fmt.Sprintf("%d-%d", token.Start, token.End))
		word := ""
		if token.Special {
			word, anySpecial = "special", true
		}
		special = append(special, word)
	}
	table.Columns = []view.Column{
		{Title: "id", Kind: view.Word, Words: ids},
		{Title: "bytes", Kind: view.Word, Words: places, Role: view.Muted},
	}
	if anySpecial {
		table.Columns = append(table.Columns, view.Column{Kind: view.Word, Words: special, Role: view.Muted})
	}
	return view.Grid{
		Title: "Tokens", Formula: fmt.Sprintf("%d tokens, %s, %d in the vocabulary", len(tokens), t.Kind(), t.Size()), Table: table,
	}
}

// mergesGrid lists, piece by piece, the merges in the order in which they were
// made: of all pairs of neighbours, the one that training found first.
func mergesGrid(pieces []tokenizer.Piece) view.Grid {
	table := &view.Table{}
	var merges []string
	seen := map[string]bool{}
	for _, p := range pieces {
		if len(p.Merges) == 0 || seen[p.Text] {
			continue
		}
		seen[p.Text] = true
		steps := make([]string, len(p.Merges))
		for i, m := range p.Merges {
			steps[i] = symbol(m.Left) + "+" + symbol(m.Right)
		}
		table.Rows = append(table.Rows, view.Label{Text: escape.Quote(p.Text), Pos: -1, Role: view.Embedding})
		merges = append(merges, strings.Join(steps, "  "))
	}
	table.Columns = []view.Column{{Kind: view.Word, Words: merges}}
	return view.Grid{Title: "Merges", Formula: "neighbours joined, the most frequent of training first", Table: table}
}

// symbol writes a part of a token such that its spaces are seen.
func symbol(s string) string { return strings.ReplaceAll(escape.Text(s), " ", "␣") }

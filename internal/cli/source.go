package cli

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"attn/internal/model"
	"attn/internal/model/tokenizer"
	"attn/internal/trace"
)

// Bounds on what is read before anything is computed with it.
const (
	maxTextBytes = 64 << 20
	maxIDs       = 1 << 20
)

// source is what a command reads: TEXT, or --ids.
type source struct {
	IDs  []int32 // --ids; nil when not given
	Text string  // after read

	emptyAllowed bool // a text of no bytes is a text too
}

// add defines --ids.
func (s *source) add(cmd *cobra.Command) {
	cmd.Flags().Var((*idList)(&s.IDs), "ids", "token ids instead of TEXT: 1,2,3")
	complete(cmd, "ids")
}

// read takes the text from the arguments, joined by spaces. A lone - stands for
// standard input, but not behind --.
func (s *source) read(a *App, cmd *cobra.Command, args []string) error {
	switch {
	case s.IDs != nil && len(args) > 0:
		return usagef("both a text and --ids: %s", cmd.CommandPath()).advise("give one of them")
	case s.IDs != nil:
		return nil
	case len(args) == 0:
		return usagef("the text is missing: %s", cmd.UseLine()).advise(`for example: %s "the cat sat on the mat"`, cmd.CommandPath())
	}
	s.Text = strings.Join(args, " ")
	if len(args) == 1 && args[0] == "-" && cmd.ArgsLenAtDash() < 0 {
		text, err := a.readText()
		if err != nil {
			return err
		}
		s.Text = text
	}
	if s.Text == "" && !s.emptyAllowed {
		return usagef("the text is empty: %s", cmd.CommandPath()).advise(`for example: %s "the cat sat on the mat"`, cmd.CommandPath())
	}
	return nil
}

// readText reads standard input as a text. The line end that echo and editors
// put last is not part of it.
func (a *App) readText() (string, error) {
	data, err := io.ReadAll(io.LimitReader(a.In, maxTextBytes+1))
	if err != nil {
		return "", failf("cannot read: standard input: %w", err)
	}
	if len(data) > maxTextBytes {
		return "", failf("more than %d MiB: standard input", maxTextBytes>>20)
	}
	text := strings.TrimSuffix(string(data), "\n")
	if len(text) < len(data) {
		text = strings.TrimSuffix(text, "\r")
	}
	return text, nil
}

// tokens turns what was read into the model's tokens.
func (s *source) tokens(ctx context.Context, m *model.Model) ([]trace.Token, error) {
	if s.IDs != nil {
		return idTokens(m, s.IDs)
	}
	if m.Tokenizer == nil {
		return nil, failf("the model has no tokenizer.json: %s", m.Config.Name).advise("give token ids instead of a text: --ids 1,2,3")
	}
	// An interrupted process ends when it has given back all of its memory: a second
	// list, or one that had to grow, would double what a large text takes.
	const fewestBytes = 2 // of a token, in nearly all texts; what is not used is not taken
	tokens := make([]trace.Token, 0, len(s.Text)/fewestBytes+8)
	o := tokenizer.Options{AddSpecial: true, Stop: stopped(ctx)}
	err := m.Tokenizer.Each(s.Text, o, func(some []tokenizer.Token) {
		for _, t := range some {
			tokens = append(tokens, trace.Token{Pos: len(tokens), ID: t.ID, Text: t.Text, Start: t.Start, End: t.End})
		}
	})
	if errors.Is(err, tokenizer.ErrStopped) {
		err = ctx.Err()
	}
	return tokens, err
}

// stopped reports whether somebody has asked the command to stop.
func stopped(ctx context.Context) func() bool {
	return func() bool { return ctx.Err() != nil }
}

// idTokens gives ids the texts that the model's tokenizer, if it has one, knows;
// their byte ranges are places in these texts, joined.
func idTokens(m *model.Model, ids []int32) ([]trace.Token, error) {
	tokens := make([]trace.Token, len(ids))
	at := 0
	for i, id := range ids {
		if int(id) >= m.Config.DVocab {
			return nil, usagef("the model has the ids 0 to %d: --ids, number %d is %d", m.Config.DVocab-1, i+1, id)
		}
		text, known := "", false
		if m.Tokenizer != nil {
			text, known = m.Tokenizer.TokenText(id)
		}
		if !known {
			text = trace.NoText(id)
		}
		tokens[i] = trace.Token{Pos: i, ID: id, Text: text, Start: at, End: at + len(text)}
		at += len(text)
	}
	return tokens, nil
}

// idList is the value of --ids.
type idList []int32

// String writes the ids as the flag takes them.
func (l *idList) String() string {
	words := make([]string, len(*l))
	for i, id := range *l {
		words[i] = strconv.Itoa(int(id))
	}
	return strings.Join(words, ",")
}

// Type names the value in help.
func (l *idList) Type() string { return "ids" }

// Set reads "1,2,3"; spaces around a number do no harm.
func (l *idList) Set(s string) error {
	if n := strings.Count(s, ",") + 1; n > maxIDs {
		return usagef("%d ids, the limit is %d", n, maxIDs)
	}
	var ids []int32
	for i, word := range strings.Split(s, ",") {
		word = strings.TrimSpace(word)
		n, err := strconv.ParseUint(word, 10, 31)
		if err != nil {
			return usagef("number %d, %s, is no token id (0 or more, separated by commas)", i+1, strconv.Quote(word))
		}
		ids = append(ids, int32(n))
	}
	*l = slices.Clip(ids)
	return nil
}

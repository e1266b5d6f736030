package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"attn/internal/analyze"
	"attn/internal/kernels"
	"attn/internal/model"
	"attn/internal/render/text"
	"attn/internal/trace"
	"attn/internal/view"
)

// embedOptions is what attn embed was asked for.
type embedOptions struct {
	model  modelFlags
	output outputFlags
	look   lookFlags
	top    int
	words  []string
	be     kernels.Backend // that compares words
}

func newEmbedCmd(a *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "embed",
		Short: "find directions of meaning in the embedding matrix",
		Long: `Ask the embedding matrix, where every word has one vector whatever its sentence:
which words are near, what a difference of two words points to, and analogies. The
words given are left out of the answers.`,
		Example: `attn embed near creature
attn embed direction man woman
attn embed direction man woman king
attn embed analogy man woman king`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("no such question: attn embed %s", args[0]).advise("there are near, direction and analogy")
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(
		embedCmd(a, "near WORD", "the words nearest to a word", "attn embed near creature", 1, 1, embedNear),
		embedCmd(a, "direction A B [WORD]", "what points from A to B: words along the difference, or what WORD is that far on",
			"attn embed direction man woman\nattn embed direction man woman king", 2, 3, embedDirection),
		embedCmd(a, "analogy A B C", "A is to B as C is to ...: the words nearest to C - A + B", "attn embed analogy man woman king", 3, 3, embedAnalogy),
	)
	return cmd
}

func embedCmd(a *App, use, short, example string, least, most int, ask func(*model.Model, *embedOptions) (answer, error)) *cobra.Command {
	o := &embedOptions{}
	cmd := &cobra.Command{
		Use: use, Short: short, Long: "Show " + short + ".", Example: example,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < least || len(args) > most {
				return usagef("%d words do not make the question: %s", len(args), cmd.UseLine()).advise("for example: %s", strings.SplitN(example, "\n", 2)[0])
			}
			if o.top < 1 {
				return usagef("at least 1 word is shown: --top %d", o.top)
			}
			o.words = args
			if err := o.output.resolve(); err != nil {
				return err
			}
			return runEmbed(cmd.Context(), a, o, ask)
		},
	}
	o.model.add(a, cmd)
	cmd.Flags().IntVar(&o.top, "top", 10, "`words` shown")
	o.output.add(cmd, formatText, formatJSON, formatCSV)
	o.look.add(cmd)
	return cmd
}

// answer is what the embedding matrix says.
type answer struct {
	Question string            `json:"question"`
	Formula  string            `json:"formula"`
	LeftOut  []string          `json:"left_out"`
	Words    []trace.Neighbour `json:"words"`
	facts    []string          // further sentences
	about    map[string]float64
}

func runEmbed(_ context.Context, a *App, o *embedOptions, ask func(*model.Model, *embedOptions) (answer, error)) error {
	m, err := o.model.open(model.Shape{})
	if err != nil {
		return err
	}
	defer m.Close() // only read
	if m.Tokenizer == nil {
		return failf("the model has no tokenizer.json: %s", m.Config.Name)
	}
	device := deviceFlags{Device: "auto", set: a.Getenv("ATTN_CPU")}
	if o.be, err = device.openFor(a, &o.look, m); err != nil {
		return err
	}
	defer o.be.Close() // its errors are Nearest's
	found, err := ask(m, o)
	if err != nil {
		return err
	}
	if o.output.Format == formatJSON {
		return a.Write(o.output.Output, func(w io.Writer) error {
			return writeJSON(w, struct {
				Schema string `json:"schema"`
				Model  string `json:"model"`
				answer
				Cosines map[string]float64 `json:"cosines,omitempty"`
			}{"attn.embed/1", m.Config.Name, found, found.about})
		})
	}
	grids := []view.Grid{view.Neighbours(found.Words, found.Question, found.Formula)}
	grids[0].Notes = append(slices.Clip(found.facts), "left out of the answers: "+strings.Join(found.LeftOut, ", "))
	if o.output.Format == formatCSV {
		return a.writeCSV(grids, &o.output)
	}
	return a.draw(grids, &o.output, &o.look, text.Options{})
}

// lookup finds each word's token: the word as it stands inside a sentence, with
// a space before it, or else as written.
func lookup(m *model.Model, words []string) ([]int32, error) {
	ids := make([]int32, len(words))
	for i, word := range words {
		id, ok := m.Tokenizer.TokenID(" " + word)
		if !ok {
			id, ok = m.Tokenizer.TokenID(word)
		}
		if !ok {
			return nil, failf("it is no single token of model %s: %s", m.Config.Name, word).advise("attn tokenize %q shows its pieces", word)
		}
		ids[i] = id
	}
	return ids, nil
}

// vectorsFor finds words and their rows of the embedding matrix.
func vectorsFor(m *model.Model, words []string) ([]int32, [][]float32, error) {
	ids, err := lookup(m, words)
	if err != nil {
		return nil, nil, err
	}
	rows := make([][]float32, len(ids))
	for i, id := range ids {
		rows[i] = m.EmbeddingRow(id)
	}
	return ids, rows, nil
}

// without says yes to the words given, in every spelling: with and without the
// space before them, and in any case.
func without(m *model.Model, words []string) func(int32) bool {
	return func(id int32) bool {
		text := strings.TrimPrefix(m.TokenText(id), " ")
		for _, word := range words {
			if strings.EqualFold(text, word) {
				return true
			}
		}
		return false
	}
}

// nearestWords finds the tokens nearest to v but for the words asked about.
func nearestWords(m *model.Model, v []float32, o *embedOptions) ([]trace.Neighbour, error) {
	found, err := m.Nearest(o.be, [][]float32{v}, o.top, without(m, o.words))
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

func embedNear(m *model.Model, o *embedOptions) (answer, error) {
	_, v, err := vectorsFor(m, o.words)
	if err != nil {
		return answer{}, err
	}
	words, err := nearestWords(m, v[0], o)
	return answer{
		Question: fmt.Sprintf("Nearest to “%s”", o.words[0]), Formula: "cosine of the rows of W_E",
		LeftOut: o.words, Words: words,
	}, err
}

func embedDirection(m *model.Model, o *embedOptions) (answer, error) {
	_, v, err := vectorsFor(m, o.words)
	if err != nil {
		return answer{}, err
	}
	a, b := o.words[0], o.words[1]
	difference := combine(v[1], 1, v[0], -1)
	if analyze.Length(difference) == 0 {
		return answer{}, failf("both words are one token, there is no direction between them: %s, %s", a, b)
	}
	found := answer{
		Question: fmt.Sprintf("From “%s” to “%s”", a, b), Formula: fmt.Sprintf("nearest to %s − %s, by cosine", b, a), LeftOut: o.words,
		about: map[string]float64{"a_b": analyze.Cosine(v[0], v[1])},
		facts: []string{fmt.Sprintf("cosine of %s and %s themselves: %.2f; length of the difference: %.2f", a, b, analyze.Cosine(v[0], v[1]), analyze.Length(difference))},
	}
	target := difference
	if len(v) == 3 {
		target = combine(v[2], 1, difference, 1)
		found.Question += fmt.Sprintf(", starting at “%s”", o.words[2])
		found.Formula = fmt.Sprintf("nearest to %s + (%s − %s), by cosine", o.words[2], b, a)
	}
	if found.Words, err = nearestWords(m, target, o); err != nil {
		return answer{}, err
	}
	if len(v) == 3 && len(found.Words) > 0 {
		best := found.Words[0]
		along := analyze.Cosine(combine(m.EmbeddingRow(best.ID), 1, v[2], -1), difference)
		found.about["parallel"] = along
		found.facts = append(found.facts, fmt.Sprintf("the step from %s to%s is parallel to it with cosine %.2f", o.words[2], best.Text, along))
	}
	return found, nil
}

func embedAnalogy(m *model.Model, o *embedOptions) (answer, error) {
	_, v, err := vectorsFor(m, o.words)
	if err != nil {
		return answer{}, err
	}
	a, b, c := o.words[0], o.words[1], o.words[2]
	words, err := nearestWords(m, combine(combine(v[2], 1, v[0], -1), 1, v[1], 1), o)
	return answer{
		Question: fmt.Sprintf("%s is to %s as %s is to ...", a, b, c), Formula: fmt.Sprintf("nearest to %s − %s + %s, by cosine", c, a, b),
		LeftOut: o.words, Words: words,
	}, err
}

// combine is x·a + y·b.
func combine(a []float32, x float32, b []float32, y float32) []float32 {
	out := make([]float32, len(a))
	for i := range out {
		out[i] = x*a[i] + y*b[i]
	}
	return out
}

package cli

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"attn/internal/analyze"
	"attn/internal/kernels"
	"attn/internal/model"
	"attn/internal/render/escape"
	"attn/internal/render/text"
	"attn/internal/tensor"
	"attn/internal/trace"
	"attn/internal/view"
)

// predictOptions is what attn predict was asked for.
type predictOptions struct {
	model       modelFlags
	device      deviceFlags
	output      outputFlags
	look        lookFlags
	source      source
	top         int
	generate    int
	temperature float64
	seed        uint64
	context     int
}

func newPredictCmd(a *App, runF func(context.Context, *App, *predictOptions) error) *cobra.Command {
	o := &predictOptions{}
	cmd := &cobra.Command{
		Use:   "predict [TEXT]",
		Short: "predict the next words",
		Long: `Predict the next word of a text, with the probability of each candidate, or go on
writing: --generate N adds N tokens, at most as many as the model reads, each drawn from the model's own probabilities
(--temperature 0 always takes the likeliest).`,
		Example: `attn predict "the Eiffel tower is in"
attn predict --top 20 "a fluffy blue creature"
attn predict --generate 20 --temperature 0.8 --seed 7 "one day a brave"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			if err := o.source.read(a, cmd, args); err != nil {
				return err
			}
			return runF(cmd.Context(), a, o)
		},
	}
	f := cmd.Flags()
	o.model.add(a, cmd)
	o.source.add(cmd)
	f.IntVar(&o.top, "top", 8, "`candidates` shown")
	f.IntVar(&o.generate, "generate", 0, "go on for `N` tokens")
	f.Float64Var(&o.temperature, "temperature", 1, "`divisor` of the logits; 0 takes the likeliest")
	f.Uint64Var(&o.seed, "seed", 0, "`seed` of what is drawn")
	f.IntVar(&o.context, "context", 0, "read only the last `N` tokens")
	o.device.add(a, cmd)
	o.output.add(cmd, formatText, formatJSON, formatCSV)
	o.look.add(cmd)
	return cmd
}

func (o *predictOptions) check() error {
	switch {
	case o.top < 1:
		return usagef("at least 1 candidate is shown: --top %d", o.top)
	case o.generate < 0:
		return usagef("it must be 0 or more: --generate %d", o.generate)
	case !(o.temperature >= 0) || o.temperature > 1e6:
		return usagef("it must be 0 to 1000000: --temperature %g", o.temperature)
	case o.context < 0:
		return usagef("it must be 1 or more: --context %d", o.context)
	}
	return o.output.resolve()
}

func runPredict(ctx context.Context, a *App, o *predictOptions) error {
	m, err := o.model.open(model.Shape{})
	if err != nil {
		return err
	}
	defer m.Close() // only reads
	be, err := o.device.openFor(a, &o.look, m)
	if err != nil {
		return err
	}
	defer be.Close() // its errors are Forward's
	tokens, err := o.source.tokens(ctx, m)
	if err != nil {
		return err
	}
	if o.context > m.Config.Context {
		return usagef("model %s reads 1 to %d tokens: --context %d", m.Config.Name, m.Config.Context, o.context)
	}
	tokens, _ = crop(tokens, o.context)
	if o.generate > 0 {
		return o.goOn(ctx, a, m, be, idsOf(tokens))
	}
	defer a.progress(o.look.Quiet, "running the model")()
	found, err := o.candidates(ctx, m, be, idsOf(tokens))
	if err != nil {
		return err
	}
	return o.write(a, m, tokens, found)
}

// candidates runs the model once. Temperature 0 shows the model's own
// probabilities, for there the likeliest has all.
func (o *predictOptions) candidates(ctx context.Context, m *model.Model, be kernels.Backend, ids []int32) ([]analyze.Prediction, error) {
	logits, err := lastNumbers(ctx, m, be, ids, unranked)
	if err != nil {
		return nil, err
	}
	temperature := o.temperature
	if temperature == 0 {
		temperature = 1
	}
	probabilities := analyze.Softmax(logits, temperature)
	var found []analyze.Prediction
	for _, id := range tensor.Largest(logits, o.top) {
		found = append(found, analyze.Prediction{ID: id, Text: m.TokenText(id), Logit: float64(logits[id]), Probability: probabilities[id]})
	}
	return found, nil
}

// lastNumbers runs the model and returns what of makes of the last position's logits
// [d_vocab] on the backend.
func lastNumbers(ctx context.Context, m *model.Model, be kernels.Backend, ids []int32, of func(be kernels.Backend, logits kernels.Array) kernels.Array) ([]float32, error) {
	logits, err := m.Forward(ctx, be, ids, nil)
	if err != nil {
		return nil, contextAdvice(m, err)
	}
	numbers := be.Get(of(be, logits))
	return numbers.Data, be.Err()
}

// unranked is the logits themselves.
func unranked(_ kernels.Backend, logits kernels.Array) kernels.Array { return logits }

// likeliest is the place of the largest: one number, where a vocabulary would have to
// be copied.
func likeliest(be kernels.Backend, logits kernels.Array) kernels.Array {
	_, places := be.Top(logits, 1)
	return places
}

func (o *predictOptions) write(a *App, m *model.Model, tokens []trace.Token, found []analyze.Prediction) error {
	if o.output.Format == formatJSON {
		return a.Write(o.output.Output, func(w io.Writer) error { return writeJSON(w, predictionJSON(m, o.source.Text, found)) })
	}
	t := &trace.Trace{Tokens: tokens}
	title := fmt.Sprintf("Next word after “%s”", view.TokenText(t, len(tokens)-1))
	grids := []view.Grid{view.Predictions(found, title, max(o.temperature, 1e-9))}
	if o.temperature == 0 {
		grids[0] = view.Predictions(found, title, 1)
	}
	if o.output.Format == formatCSV {
		return a.writeCSV(grids, &o.output)
	}
	return a.draw(grids, &o.output, &o.look, text.Options{})
}

// predictionJSON has the fields of the trace's JSON that a prediction needs.
func predictionJSON(m *model.Model, text string, found []analyze.Prediction) any {
	type prediction struct {
		ID          int32   `json:"id"`
		Text        string  `json:"text"`
		Logit       float64 `json:"logit"`
		Probability float64 `json:"probability"`
	}
	list := make([]prediction, len(found))
	for i, p := range found {
		list[i] = prediction(p)
	}
	return struct {
		Schema      string       `json:"schema"`
		Model       string       `json:"model"`
		Text        string       `json:"text"`
		Predictions []prediction `json:"predictions"`
	}{"attn.predict/1", m.Config.Name, text, list}
}

// goOn writes token after token. When the context is full the oldest tokens
// are let go.
func (o *predictOptions) goOn(ctx context.Context, a *App, m *model.Model, be kernels.Backend, ids []int32) error {
	if err := m.CheckIDs(ids); err != nil {
		return contextAdvice(m, err)
	}
	limit := m.Config.Context
	if o.generate > limit {
		return usagef("model %s reads at most %d tokens: --generate %d", m.Config.Name, limit, o.generate).
			advise("what it has written would not fit; --generate %d is the most", limit)
	}
	if o.context > 0 {
		limit = o.context
	}
	var done atomic.Int64
	defer a.progressPart(o.look.Quiet, "writing on", func() float64 { return float64(done.Load()) / float64(o.generate) })()
	random := rand.New(rand.NewPCG(o.seed, 0))
	written := make([]int32, 0, o.generate)
	for range o.generate {
		next, err := o.next(ctx, m, be, ids[max(0, len(ids)-limit):], random)
		if err != nil {
			return err
		}
		ids, written = append(ids, next), append(written, next)
		done.Add(1)
	}
	return o.writeText(a, m, written)
}

// next runs the model once and picks an id by its probability; temperature 0 picks
// the likeliest.
func (o *predictOptions) next(ctx context.Context, m *model.Model, be kernels.Backend, ids []int32, random *rand.Rand) (int32, error) {
	if o.temperature == 0 {
		place, err := lastNumbers(ctx, m, be, ids, likeliest)
		if err != nil {
			return 0, err
		}
		return int32(place[0]), nil
	}
	logits, err := lastNumbers(ctx, m, be, ids, unranked)
	if err != nil {
		return 0, err
	}
	return draw(logits, o.temperature, random), nil
}

// draw picks an id by its probability at a temperature above 0.
func draw(logits []float32, temperature float64, random *rand.Rand) int32 {
	left := random.Float64()
	probabilities := analyze.Softmax(logits, temperature)
	for id, p := range probabilities {
		if left -= p; left < 0 {
			return int32(id)
		}
	}
	return tensor.Largest(logits, 1)[0] // rounding left a little over
}

func (o *predictOptions) writeText(a *App, m *model.Model, written []int32) error {
	var b strings.Builder
	for _, id := range written {
		b.WriteString(m.TokenText(id))
	}
	switch o.output.Format {
	case formatJSON:
		return a.Write(o.output.Output, func(w io.Writer) error {
			return writeJSON(w, struct {
				Schema string  `json:"schema"`
				Model  string  `json:"model"`
				Text   string  `json:"text"`
				IDs    []int32 `json:"generated_ids"`
				New    string  `json:"generated"`
			}{"attn.predict/1", m.Config.Name, o.source.Text, written, b.String()})
		})
	case formatCSV:
		return usagef("--generate writes text or json, not --format csv")
	}
	return a.Write(o.output.Output, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, visible(o.source.Text+b.String()))
		return err
	})
}

// visible escapes a text for a terminal, line by line.
func visible(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = escape.Text(line)
	}
	return strings.Join(lines, "\n")
}

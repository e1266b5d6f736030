package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"attn/internal/kernels"
	"attn/internal/kernels/all"
	"attn/internal/kernels/ref64"
	"attn/internal/model"
	"attn/internal/model/builtin"
	"attn/internal/trace"
)

// verifyText is what is read when nobody gives a text: the chapter's sentence.
const verifyText = "a fluffy blue creature roamed the verdant forest"

// verifyOptions is what attn verify was asked for.
type verifyOptions struct {
	model   modelFlags
	device  deviceFlags
	output  outputFlags
	look    lookFlags
	source  source
	context int
}

func newVerifyCmd(a *App, runF func(context.Context, *App, *verifyOptions) error) *cobra.Command {
	o := &verifyOptions{}
	cmd := &cobra.Command{
		Use:   "verify [MODEL] [TEXT]",
		Short: "check a model and everything that computes it",
		Long: `Check a model on a text: that its weights are numbers, that its tokenizer gives the
text back, that every step has the shape and fulfils the identities of attention
(weights sum to 1, the pattern is the softmax of the scores, the parts of the stream
add up, ...), and that every device of this machine gives the same numbers.

The devices are held against the whole pass run once more in float64, written apart
from all of them. A step may lie 1e-4 · max(1, its largest number) off. What is told
is the first step that diverges, how far each device lies from the others, and the
steps that lie furthest off. The exit code is 3 when a check does not hold.

Without a text the chapter's sentence is read; without a tokenizer, eight token ids.`,
		Example: `attn verify
attn verify path/to/model "the cat sat on the mat"
attn verify --device cpu --threads 3 story
attn verify --ids 5,9,2 path/to/model --format json`,
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return completeModel(a)(cmd, args, word)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete(a, cmd, args); err != nil {
				return err
			}
			return runF(cmd.Context(), a, o)
		},
	}
	f := cmd.Flags()
	o.model.getenv = a.Getenv
	f.StringVar(&o.model.Model, "model", builtin.Default, "the same as `MODEL`; all arguments are then TEXT")
	_ = cmd.RegisterFlagCompletionFunc("model", completeModel(a)) // see complete
	o.source.add(cmd)
	f.IntVar(&o.context, "context", 0, "keep only the last `N` tokens")
	o.device.add(a, cmd)
	o.output.add(cmd, formatText, formatJSON, formatCSV)
	o.look.add(cmd)
	return cmd
}

// complete takes the model and the text from the arguments.
func (o *verifyOptions) complete(a *App, cmd *cobra.Command, args []string) error {
	if cmd.Flags().Changed("context") && o.context < 1 {
		return usagef("at least 1 token is kept: --context %d", o.context)
	}
	if err := o.output.resolve(); err != nil {
		return err
	}
	if !cmd.Flags().Changed("model") && len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
		o.model.Model, args = args[0], args[1:]
	}
	if !(len(args) > 0 || o.source.IDs != nil) {
		return nil
	}
	return o.source.read(a, cmd, args)
}

func runVerify(ctx context.Context, a *App, o *verifyOptions) error {
	m, err := o.model.open(model.Shape{})
	if err != nil {
		return err
	}
	defer m.Close() // only reads
	tokens, err := o.tokens(ctx, m)
	if err != nil {
		return err
	}
	devices, absent, err := o.devices(m)
	if err != nil {
		return err
	}
	defer closeAll(devices)
	stop := a.progress(o.look.Quiet, "verifying "+o.model.Model)
	v, err := verify(ctx, m, o.source.Text, tokens, devices)
	stop()
	if err != nil {
		return err
	}
	v.absent = absent
	if err := o.write(a, v); err != nil {
		return err
	}
	return v.err()
}

// tokens are those of the text, or of a default that every model can read.
func (o *verifyOptions) tokens(ctx context.Context, m *model.Model) ([]trace.Token, error) {
	limit := o.context
	if o.source.IDs == nil && o.source.Text == "" {
		if limit == 0 || limit > m.Config.Context {
			limit = m.Config.Context
		}
		if m.Tokenizer == nil {
			return idTokens(m, spread(min(8, limit), m.Config.DVocab))
		}
		o.source.Text = verifyText
	}
	tokens, err := o.source.tokens(ctx, m)
	if err != nil {
		return nil, err
	}
	tokens, _ = crop(tokens, limit)
	return tokens, nil
}

// spread takes n ids from all over the vocabulary.
func spread(n, vocabulary int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32((2*i + 1) * vocabulary / (2 * n))
	}
	return ids
}

// devices opens what --device names: auto is every one that is there and that the
// model fits into, and absent says why others are not among them.
func (o *verifyOptions) devices(m *model.Model) (devices []kernels.Backend, absent []string, err error) {
	names := []string{o.device.Device}
	if o.device.Device == "auto" {
		names = all.Names()[1:]
	}
	for _, name := range names {
		flags := o.device
		flags.Device = name
		be, err := flags.open()
		if err == nil && be.Err() != nil {
			err = failf("%w", be.Err())
		}
		if err == nil && len(names) > 1 {
			if why := kernels.Fit(be, m.Size()); why != nil {
				_ = be.Close() // nothing was computed
				absent = append(absent, why.Error())
				continue
			}
		}
		switch {
		case err == nil:
			devices = append(devices, be)
		case len(names) > 1 && errors.Is(err, kernels.ErrNoDevice):
			absent = append(absent, err.Error())
		default:
			closeAll(devices)
			return nil, nil, err
		}
	}
	return devices, absent, nil
}

func closeAll(devices []kernels.Backend) {
	for _, be := range devices {
		_ = be.Close() // errors are Forward's
	}
}

// verify runs the model on every device and in float64, and compares.
func verify(ctx context.Context, m *model.Model, text string, tokens []trace.Token, devices []kernels.Backend) (*verification, error) {
	v := &verification{model: m, text: text, tokens: tokens}
	v.checks = append(v.checks, checkWeights(m), checkTokenizer(m, text))
	for _, be := range append([]kernels.Backend{ref64.New()}, devices...) {
		t, err := everyStep(ctx, m, be, text, tokens)
		if err != nil {
			var known *Error
			if errors.As(err, &known) || ctx.Err() != nil {
				return nil, err
			}
			return nil, failf("%s: %w", be.Name(), err)
		}
		v.passes = append(v.passes, pass{be.Name(), t})
	}
	for _, p := range v.passes[1:] {
		v.hold(p)
	}
	v.comparePasses()
	return v, nil
}

// hold checks one device's pass: its shapes, its identities, and how far it is
// from float64's.
func (v *verification) hold(p pass) {
	v.checks = append(v.checks, checkShapes(p), checkIdentities(p))
	a := agreeWith(p.trace, v.passes[0].trace)
	c := check{Name: p.name + ", float64", OK: a.First < 0 && a.OnlyGot == nil && a.OnlyRef == nil}
	switch {
	case a.First >= 0:
		d := a.Steps[a.First]
		want, _ := v.passes[0].trace.Find(d.Step)
		c.Detail = fmt.Sprintf("the first step that diverges is %s", d.Step)
		if !d.Missing {
			c.Detail += fmt.Sprintf(", by %s at %s: %s, in float64 %s, allowed %s", short(d.Max),
				placeWords(p.trace, trace.Step{Value: want}, d.At), nineDigits(float64(d.Got)), nineDigits(float64(d.Want)), short(d.Allowed))
		}
	case !c.OK:
		c.Detail = strings.TrimSpace("other steps than float64: " + alone("it alone", a.OnlyGot) + " " + alone("float64 alone", a.OnlyRef))
	default:
		d := a.Steps[a.Worst()]
		c.Detail = fmt.Sprintf("%d steps; furthest: %s, %s off, allowed %s", len(a.Steps), d.Step, short(d.Max), short(d.Allowed))
	}
	v.checks = append(v.checks, c)
	v.against = append(v.against, a)
}

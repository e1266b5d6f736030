package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// group is a heading of help and the commands under it.
type group struct {
	title    string
	commands []*cobra.Command
}

// groups lists all commands, in the order in which help shows them. A new
// command is one line here.
func groups(a *App) []group {
	return []group{
		{"Look inside", []*cobra.Command{
			newTraceCmd(a, runTrace),
			newViewCmd(a, runView),
			newPredictCmd(a, runPredict),
			newEmbedCmd(a),
		}},
		{"Models and tokens", []*cobra.Command{
			newModelsCmd(a, runModels),
			newPullCmd(a, runPull),
			newTokenizeCmd(a, runTokenize),
			newParamsCmd(a, runParams),
		}},
		{"Check", []*cobra.Command{
			newDiffCmd(a, runDiff),
			newAssertCmd(a, runAssert),
			newVerifyCmd(a, runVerify),
		}},
		{"Measure", []*cobra.Command{
			newBenchCmd(a, runBench),
		}},
		{"attn itself", []*cobra.Command{
			newVersionCmd(a, runVersion),
			newCompletionCmd(a, runCompletion),
			newManCmd(a, runMan),
		}},
	}
}

// newRootCmd builds the whole tree of commands.
func newRootCmd(a *App) *cobra.Command {
	var version bool
	root := &cobra.Command{
		Use:   "attn COMMAND",
		Short: "see what attention does inside a transformer",
		Long:  "Show step by step, with the real numbers of a real model, what attention does inside a transformer.",
		Example: `  attn trace "a fluffy blue creature roamed the verdant forest"
  attn trace --layer 1 --head all --steps pattern "take a biopsy of the mole"
  attn predict "the cat sat on the"
  attn help trace`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if version {
				return runVersion(cmd.Context(), a, &versionOptions{short: true})
			}
			return cmd.Help()
		},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			a.started = true
			if err := checkNoneEmpty(cmd); err != nil {
				return err
			}
			return a.checkColor()
		},
		SilenceErrors:              true, // App.report prints them
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
		CompletionOptions:          cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.Flags().BoolVar(&version, "version", false, "print the version")
	root.PersistentFlags().StringVar(&a.color, "color", colorAuto, "`when` to use colours: auto, always, never")
	complete(root, "color", colorAuto, colorAlways, colorNever)
	root.PersistentFlags().BoolP("help", "h", false, "explain a command")
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { a.help(cmd) })
	root.SetFlagErrorFunc(flagError)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetIn(a.In)
	addGroups(root, groups(a))
	root.SetHelpCommand(newHelpCmd())
	return root
}

// orderKey is the annotation that holds a command's place in help; cobra itself
// can keep an order only with a global switch.
const orderKey = "attn.order"

func addGroups(root *cobra.Command, groups []group) {
	order := 0
	for _, g := range groups {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, cmd := range g.commands {
			order++
			cmd.Annotations = map[string]string{orderKey: fmt.Sprintf("%03d", order)}
			cmd.GroupID = g.title
			root.AddCommand(cmd)
		}
	}
}

// inOrder returns the subcommands that help shows, as it shows them.
func inOrder(cmd *cobra.Command) []*cobra.Command {
	var shown []*cobra.Command
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			shown = append(shown, sub)
		}
	}
	slices.SortStableFunc(shown, func(x, y *cobra.Command) int {
		return strings.Compare(x.Annotations[orderKey], y.Annotations[orderKey])
	})
	return shown
}

// The values of --color.
const (
	colorAuto   = "auto"
	colorAlways = "always"
	colorNever  = "never"
)

// checkNoneEmpty refuses flags with a value of no letters: a script's variable
// that is not set, in -o "$FILE", is an error and not the default.
func checkNoneEmpty(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Value.String() == "" && err == nil {
			err = usagef("the value is empty: --%s", f.Name).advise("%s --help explains the flags", cmd.CommandPath())
		}
	})
	return err
}

func (a *App) checkColor() error {
	values := []string{colorAuto, colorAlways, colorNever}
	if !slices.Contains(values, a.color) {
		return usagef("not one of %s: --color %s", strings.Join(values, ", "), a.color)
	}
	return nil
}

// execute runs the command that args name. Whatever goes wrong before that
// command starts is the command line's fault.
func (a *App) execute(ctx context.Context, args []string) error {
	root := newRootCmd(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var known *Error
	if err == nil || a.started || errors.As(err, &known) {
		return err
	}
	if _, _, notFound := root.Find(args); notFound != nil {
		return unknownCommand(root, args)
	}
	return usagef("%w", err)
}

// noArgs refuses arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no arguments: %s", cmd.CommandPath(), strings.Join(args, " "))
	}
	return nil
}

// exactly wants n arguments, called as the usage line calls them.
func exactly(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usagef("%d arguments, it takes %d: %s", len(args), n, cmd.UseLine())
		}
		return nil
	}
}

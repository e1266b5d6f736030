package cli

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// The groups in which help lists the commands.
const (
	groupLook   = "look"
	groupAsk    = "ask"
	groupCount  = "count"
	groupModels = "models"
	groupSelf   = "self"
)

func groups() []*cobra.Group {
	return []*cobra.Group{
		{ID: groupLook, Title: "Look inside"},
		{ID: groupAsk, Title: "Ask about meaning and words"},
		{ID: groupCount, Title: "Count and check"},
		{ID: groupModels, Title: "Models and tokens"},
		{ID: groupSelf, Title: "attn itself"},
	}
}

// commands lists the commands, in the order in which help shows them. A new
// command is one line here.
func commands(a *App) []*cobra.Command {
	return []*cobra.Command{
		newVersionCmd(a, runVersion),
	}
}

// newRootCmd builds the whole tree of commands.
func newRootCmd(a *App) *cobra.Command {
	var version bool
	root := &cobra.Command{
		Use:   "attn COMMAND",
		Short: "see what attention does inside a transformer",
		Long:  "attn shows step by step, with the real numbers of a real model, what attention does inside a transformer.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if version {
				return runVersion(cmd.Context(), a, &versionOptions{short: true})
			}
			return cmd.Help()
		},
		PersistentPreRunE: func(*cobra.Command, []string) error {
			a.started = true
			return a.checkColor()
		},
		SilenceErrors:              true, // App.report prints them
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
		CompletionOptions:          cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.Flags().BoolVar(&version, "version", false, "print the version")
	root.PersistentFlags().StringVar(&a.color, "color", colorAuto, "use colours: auto, always, never")
	complete(root, "color", colorAuto, colorAlways, colorNever)
	root.PersistentFlags().BoolP("help", "h", false, "explain a command")
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { a.help(cmd) })
	root.SetFlagErrorFunc(flagError)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetIn(a.In)
	root.AddGroup(groups()...)
	root.AddCommand(commands(a)...)
	root.SetHelpCommand(newHelpCmd())
	return root
}

// The values of --color.
const (
	colorAuto   = "auto"
	colorAlways = "always"
	colorNever  = "never"
)

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

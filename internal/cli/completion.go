package cli

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

type completionOptions struct {
	root   *cobra.Command
	shell  string
	output outputFlags
}

func shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

func newCompletionCmd(a *App, runF func(context.Context, *App, *completionOptions) error) *cobra.Command {
	o := &completionOptions{}
	cmd := &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "print a script that completes commands in a shell",
		Long:  "Print a script with which a shell completes attn's commands, flags, models, themes and devices.",
		Example: `  source <(attn completion bash)
  attn completion zsh > "${fpath[1]}/_attn"
  attn completion fish > ~/.config/fish/completions/attn.fish
  attn completion powershell | Out-String | Invoke-Expression`,
		ValidArgs: shells(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(shells(), args[0]) {
				return usagef("it takes one shell's name: %s", strings.Join(append([]string{cmd.CommandPath()}, args...), " ")).
					advise("the shells are %s", strings.Join(shells(), ", "))
			}
			o.root, o.shell = cmd.Root(), args[0]
			return runF(cmd.Context(), a, o)
		},
	}
	cmd.Flags().StringVarP(&o.output.Output, "output", "o", "", "write to `file`, whole or not at all, instead of standard output")
	return cmd
}

func runCompletion(_ context.Context, a *App, o *completionOptions) error {
	return a.Write(o.output.Output, func(w io.Writer) error {
		switch o.shell {
		case "bash":
			return o.root.GenBashCompletionV2(w, true)
		case "zsh":
			return o.root.GenZshCompletion(w)
		case "fish":
			return o.root.GenFishCompletion(w, true)
		}
		return o.root.GenPowerShellCompletionWithDesc(w)
	})
}

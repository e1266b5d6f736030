package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

type manOptions struct {
	root *cobra.Command
	dir  string // "" prints attn(1) alone
}

func newManCmd(a *App, runF func(context.Context, *App, *manOptions) error) *cobra.Command {
	o := &manOptions{}
	return &cobra.Command{
		Use:     "man [FOLDER]",
		Short:   "write the manual pages",
		Long:    "Write a manual page for every command into a folder, or print attn's own.",
		Example: "  attn man | man -l -\n  attn man /usr/local/share/man/man1",
		Hidden:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("it takes one folder: %s", cmd.UseLine())
			}
			o.root = cmd.Root()
			if len(args) == 1 {
				o.dir = args[0]
			}
			return runF(cmd.Context(), a, o)
		},
	}
}

func runMan(_ context.Context, a *App, o *manOptions) error {
	if o.dir == "" {
		return manPage(a.Out, o.root)
	}
	return a.manPages(o.dir, o.root)
}

// manPages writes the page of a command and of all those below it.
func (a *App) manPages(dir string, cmd *cobra.Command) error {
	path := filepath.Join(dir, manName(cmd)+".1")
	if err := a.Write(path, func(w io.Writer) error { return manPage(w, cmd) }); err != nil {
		return err
	}
	for _, sub := range inOrder(cmd) {
		if err := a.manPages(dir, sub); err != nil {
			return err
		}
	}
	return nil
}

// manName is a page's name: attn-models-show.
func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage writes one page in man(7)'s macros.
func manPage(w io.Writer, cmd *cobra.Command) error {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"attn\" \"attn manual\"\n", strings.ToUpper(manName(cmd)))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(manName(cmd)), roff(cmd.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n%s\n", roff(useLine(cmd)))
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	b.WriteString(".SH DESCRIPTION\n")
	for i, paragraph := range strings.Split(about, "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		fmt.Fprintln(&b, roff(paragraph))
	}
	manCommands(&b, cmd)
	manFlags(&b, "OPTIONS", cmd.NonInheritedFlags())
	manFlags(&b, "OPTIONS OF EVERY COMMAND", cmd.InheritedFlags())
	if cmd.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(strings.Trim(cmd.Example, "\n")))
	}
	if !cmd.HasParent() {
		b.WriteString(".SH EXIT STATUS\n0 done; 1 it failed; 2 the command line is wrong; 3 a check did not hold; 130 interrupted.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func manCommands(b *strings.Builder, cmd *cobra.Command) {
	for i, sub := range inOrder(cmd) {
		if i == 0 {
			b.WriteString(".SH COMMANDS\n")
		}
		fmt.Fprintf(b, ".TP\n.B %s\n%s. See %s(1).\n", roff(sub.Name()), roff(sub.Short), roff(manName(sub)))
	}
}

func manFlags(b *strings.Builder, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name, usage := flagEntry(f)
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(strings.TrimSpace(name)), roff(usage))
	})
}

// roff escapes what troff would act on: backslashes, hyphens that are minus
// signs, and a dot or quote at the beginning of a line.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

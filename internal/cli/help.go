package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/colorprofile"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Help is as wide as the terminal, between these bounds.
const (
	minHelpWidth = 40
	maxHelpWidth = 100
)

// newHelpCmd makes "attn help COMMAND".
func newHelpCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "explain a command",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			at, _, err := cmd.Root().Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []cobra.Completion
			for _, sub := range inOrder(at) {
				names = append(names, cobra.CompletionWithDesc(sub.Name(), sub.Short))
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			found, rest, err := root.Find(args)
			switch {
			case err != nil:
				return unknownCommand(root, args)
			case len(rest) > 0 && found.HasSubCommands():
				return unknownSubcommand(found, rest[0])
			case len(rest) > 0:
				return usagef("%s has no commands of its own: %s", found.CommandPath(), rest[0])
			}
			return found.Help()
		},
	}
}

// help prints what a command does. Styling is done here and not by fang: its
// help is as wide as the terminal whatever COLUMNS says, asks the terminal for
// its background, and makes every start of attn several times slower.
func (a *App) help(cmd *cobra.Command) {
	h := helper{
		out:    a.Out,
		width:  min(max(a.Width(), minHelpWidth), maxHelpWidth),
		colour: a.Profile() >= colorprofile.ANSI,
	}
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	for _, paragraph := range strings.Split(about, "\n\n") {
		h.paragraph(paragraph, 0)
		h.line("")
	}
	h.usage(cmd)
	h.commands(cmd)
	h.flags(cmd)
	h.examples(cmd)
}

// helper writes help.
type helper struct {
	out    io.Writer
	width  int
	colour bool
}

// The styles of help, as what stands between ESC [ and m.
const (
	styleTitle = "1"
	styleName  = "36"
)

func (h helper) paint(style, s string) string {
	if !h.colour {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}

func (h helper) line(s string) { fmt.Fprintln(h.out, s) }

func (h helper) title(s string) { h.line(h.paint(styleTitle, s)) }

func (h helper) paragraph(s string, indent int) {
	for _, line := range wrap(s, h.width-indent) {
		h.line(strings.Repeat(" ", indent) + line)
	}
}

func (h helper) usage(cmd *cobra.Command) {
	h.title("Usage")
	h.line("  " + useLine(cmd))
}

// useLine is how a command is written. cobra's own does not tell groups of
// commands from commands.
func useLine(cmd *cobra.Command) string {
	line := strings.TrimSuffix(cmd.UseLine(), " [flags]")
	if cmd.HasAvailableLocalFlags() {
		line += " [flags]"
	}
	return line
}

func (h helper) commands(cmd *cobra.Command) {
	width := 0
	for _, sub := range inOrder(cmd) {
		width = max(width, len(sub.Name()))
	}
	for _, group := range append(cmd.Groups(), &cobra.Group{Title: "Commands"}) {
		titled := false
		for _, sub := range inOrder(cmd) {
			if sub.GroupID != group.ID {
				continue
			}
			if !titled {
				h.line("")
				h.title(group.Title)
				titled = true
			}
			h.entry(sub.Name(), width, sub.Short)
		}
	}
}

func (h helper) flags(cmd *cobra.Command) {
	h.flagSet("Flags", cmd.NonInheritedFlags())
	h.flagSet("Flags of every command", cmd.InheritedFlags())
}

func (h helper) flagSet(title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	h.line("")
	h.title(title)
	width := 0
	each := func(visit func(name, usage string)) {
		flags.VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				visit(flagEntry(f))
			}
		})
	}
	each(func(name, _ string) { width = max(width, utf8.RuneCountInString(name)) })
	width = min(width, h.width/2)
	each(func(name, usage string) { h.entry(name, width, usage) })
}

// flagEntry returns a flag as it is typed, and what it does.
func flagEntry(f *pflag.Flag) (name, usage string) {
	value, usage := pflag.UnquoteUsage(f)
	name = "    --" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", --" + f.Name
	}
	if value != "" {
		name += " " + value
	}
	switch f.DefValue {
	case "", "0", "false", "[]":
		return name, usage
	}
	if !strings.Contains(usage, "default") {
		usage += " (default " + f.DefValue + ")"
	}
	return name, usage
}

// entry writes a name, and what it means beside it.
func (h helper) entry(name string, width int, text string) {
	const left, between = 2, 2
	indent := left + width + between
	lines := wrap(text, max(h.width-indent, minHelpWidth/2))
	pad := strings.Repeat(" ", max(width-utf8.RuneCountInString(name), 0)+between)
	if utf8.RuneCountInString(name) > width { // it takes a line of its own
		h.line(strings.Repeat(" ", left) + h.paint(styleName, name))
	} else {
		first := ""
		if len(lines) > 0 {
			first, lines = lines[0], lines[1:]
		}
		h.line(strings.TrimRight(strings.Repeat(" ", left)+h.paint(styleName, name)+pad+first, " "))
	}
	for _, line := range lines {
		h.line(strings.Repeat(" ", indent) + line)
	}
}

func (h helper) examples(cmd *cobra.Command) {
	if cmd.Example == "" {
		return
	}
	h.line("")
	h.title("Examples")
	for _, line := range strings.Split(strings.Trim(cmd.Example, "\n"), "\n") {
		h.line("  " + strings.TrimSpace(line))
	}
}

// wrap breaks a text between words into lines of at most width characters.
func wrap(s string, width int) []string {
	var lines []string
	line, length := "", 0
	for _, word := range strings.Fields(s) {
		n := utf8.RuneCountInString(word)
		if length > 0 && length+1+n > width {
			lines = append(lines, line)
			line, length = "", 0
		}
		if length > 0 {
			line, length = line+" ", length+1
		}
		line, length = line+word, length+n
	}
	if length > 0 {
		lines = append(lines, line)
	}
	return lines
}

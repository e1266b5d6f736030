package cli

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// unknownCommand says which command there is not, and which may be meant.
func unknownCommand(root *cobra.Command, args []string) error {
	name := args[0]
	if _, rest, err := root.Find(args); err != nil && root.ParseFlags(rest) == nil && root.Flags().NArg() > 0 {
		name = root.Flags().Arg(0) // what is left without the flags
	}
	err := usagef("no command is called that: %s", name)
	if near := root.SuggestionsFor(name); len(near) > 0 {
		return err.advise("did you mean: %s %s", root.Name(), strings.Join(near, ", "))
	}
	return err.advise("%s help lists the commands", root.Name())
}

// unknownSubcommand is the same for a command of commands, such as models.
func unknownSubcommand(cmd *cobra.Command, name string) error {
	cmd.SuggestionsMinimumDistance = 2
	err := usagef("no command is called that: %s %s", cmd.CommandPath(), name)
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		return err.advise("did you mean: %s %s", cmd.CommandPath(), strings.Join(near, ", "))
	}
	return err.advise("%s --help lists the commands", cmd.CommandPath())
}

// flagError turns what pflag says about a flag into attn's words.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		return unknownFlag(cmd, unknown)
	case errors.As(err, &missing):
		return usagef("the flag needs a value: --%s", missing.GetFlag().Name).advise("%s --help explains the flags", cmd.CommandPath())
	case errors.As(err, &invalid):
		return usagef("%s: --%s %s", reason(invalid), invalid.GetFlag().Name, invalid.GetValue())
	}
	return usagef("%w", err)
}

// reason says what is wrong with a flag's value. strconv's errors repeat the
// value and name a function.
func reason(e *pflag.InvalidValueError) string {
	if kind := e.GetFlag().Value.Type(); strings.Contains(e.Unwrap().Error(), "strconv.") {
		switch {
		case strings.HasPrefix(kind, "int"):
			return "not a whole number"
		case strings.HasPrefix(kind, "uint"):
			return "not a whole number, 0 or more"
		case strings.HasPrefix(kind, "float"):
			return "not a number"
		case kind == "bool":
			return "not true or false"
		}
	}
	return e.Unwrap().Error()
}

func unknownFlag(cmd *cobra.Command, e *pflag.NotExistError) error {
	name, dashes := e.GetSpecifiedName(), "--"
	if short := e.GetSpecifiedShortnames(); short != "" {
		name, dashes = short, "-" // perhaps -layer, as Go's own tools write it
	}
	err := usagef("%s has no such flag: %s%s", cmd.CommandPath(), dashes, name)
	if near := nearestFlag(cmd.Flags(), name); near != "" {
		return err.advise("did you mean --%s? (a text that begins with - goes behind --)", near)
	}
	return err.advise("%s --help lists the flags; a text that begins with - goes behind --", cmd.CommandPath())
}

// nearestFlag returns the flag whose name is most like name, if one is at all.
func nearestFlag(flags *pflag.FlagSet, name string) string {
	nearest, least := "", 3
	flags.VisitAll(func(f *pflag.Flag) {
		if d := distance(f.Name, name); !f.Hidden && d < least && d < len(f.Name) {
			nearest, least = f.Name, d
		}
	})
	return nearest
}

// distance is how many letters have to be added, dropped or changed to make
// one word of another (Levenshtein 1965).
func distance(a, b string) int {
	if len(b) > 64 {
		return len(b) // no flag is as long as that
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

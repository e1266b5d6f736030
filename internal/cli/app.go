// Package cli is the command line: one file per command, and around them what
// all commands share, namely flags, errors, output, input and models.
package cli

import (
	"context"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/term"
)

// defaultWidth is how wide the output is when it goes to no terminal.
const defaultWidth = 100

// maxWidth bounds what COLUMNS can ask for: a line is drawn in memory.
const maxWidth = 10_000

const stdoutName = "standard output"

// App is everything that commands may touch of the world outside, so that a
// test can give them another one. Main makes the real one.
type App struct {
	In  io.Reader // standard input
	Err io.Writer // standard error: progress, warnings, errors
	Out *Results  // standard output: results

	Env []string // "NAME=value", as os.Environ returns it

	InTerminal, OutTerminal, ErrTerminal bool
	TermWidth                            int // the terminal's columns, 0 if unknown

	color   string // --color
	started bool   // the command line was right, and its command runs
	temps   tempFiles
}

// NewApp returns an App that writes to out and errs, reads nothing, and has no
// terminal and no environment.
func NewApp(out, errs io.Writer) *App {
	return &App{In: strings.NewReader(""), Out: newResults(out, stdoutName), Err: errs}
}

// system is the App of the real process.
func system() *App {
	a := &App{
		In:          os.Stdin,
		Out:         newResults(os.Stdout, stdoutName),
		Err:         os.Stderr,
		Env:         os.Environ(),
		InTerminal:  term.IsTerminal(os.Stdin.Fd()),
		OutTerminal: term.IsTerminal(os.Stdout.Fd()),
		ErrTerminal: term.IsTerminal(os.Stderr.Fd()),
	}
	if a.OutTerminal {
		if width, _, err := term.GetSize(os.Stdout.Fd()); err == nil {
			a.TermWidth = width
		}
	}
	return a
}

// Getenv returns the value of an environment variable, "" when it is not set.
func (a *App) Getenv(name string) string {
	for i := len(a.Env) - 1; i >= 0; i-- { // the last one counts, as for os/exec
		if key, value, _ := strings.Cut(a.Env[i], "="); key == name {
			return value
		}
	}
	return ""
}

// Width is how many columns text may take: what COLUMNS says, or else the
// terminal's, or else 100.
func (a *App) Width() int {
	if n, err := strconv.Atoi(a.Getenv("COLUMNS")); err == nil && n > 0 {
		return min(n, maxWidth)
	}
	if a.TermWidth > 0 {
		return min(a.TermWidth, maxWidth)
	}
	return defaultWidth
}

// Profile is how many colours text on standard output may have.
func (a *App) Profile() colorprofile.Profile { return a.profile(a.OutTerminal) }

// FileProfile is the same for text that goes into a file: none unless asked for.
func (a *App) FileProfile() colorprofile.Profile {
	if a.color == "always" {
		return a.profile(false)
	}
	return colorprofile.NoTTY
}

// profile decides on colours from --color, then NO_COLOR, then CLICOLOR_FORCE,
// then whether there is a terminal.
//
// colorprofile.Detect would do most of that, but it takes NO_COLOR and
// CLICOLOR_FORCE as booleans where their specifications take any text, and it
// runs tmux to ask it for its colours.
func (a *App) profile(terminal bool) colorprofile.Profile {
	force := a.Getenv("CLICOLOR_FORCE")
	switch {
	case a.color == "never":
		return colorprofile.NoTTY
	case a.color == "always":
	case a.Getenv("NO_COLOR") != "":
		return colorprofile.NoTTY
	case force != "" && force != "0":
	case !terminal || a.Getenv("TERM") == "dumb":
		return colorprofile.NoTTY
	default:
		return colorprofile.Env(a.plainEnv())
	}
	return max(colorprofile.Env(a.plainEnv()), colorprofile.ANSI)
}

// plainEnv is the environment without the variables that profile has decided on.
func (a *App) plainEnv() []string {
	var env []string
	for _, pair := range a.Env {
		switch key, _, _ := strings.Cut(pair, "="); key {
		case "NO_COLOR", "CLICOLOR_FORCE", "CLICOLOR":
		default:
			env = append(env, pair)
		}
	}
	return env
}

// Run carries out one command line, without the program's name, and returns
// the exit code.
func (a *App) Run(ctx context.Context, args []string) int {
	err := a.execute(ctx, args)
	if flushed := a.Out.Flush(); err == nil {
		err = flushed
	}
	return a.report(ctx, err)
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"unicode/utf8"

	"attn/internal/render/escape"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2 // the command line is wrong
	exitCheck       = 3 // a check did not hold: verify, diff, assert
	exitInterrupted = 130
)

// Error is an error with an exit code and, at most, one line of advice.
type Error struct {
	Code   int
	Err    error
	Advice string
}

// Error returns the message without the advice.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the error inside.
func (e *Error) Unwrap() error { return e.Err }

// usagef is an error of whoever wrote the command line: exit code 2.
func usagef(format string, args ...any) *Error {
	return &Error{Code: exitUsage, Err: fmt.Errorf(format, args...)}
}

// failf is any other error: exit code 1.
func failf(format string, args ...any) *Error {
	return &Error{Code: exitFailed, Err: fmt.Errorf(format, args...)}
}

// checkf says that a check did not hold: exit code 3.
func checkf(format string, args ...any) *Error {
	return &Error{Code: exitCheck, Err: fmt.Errorf(format, args...)}
}

// advise adds the line of advice.
func (e *Error) advise(format string, args ...any) *Error {
	e.Advice = fmt.Sprintf(format, args...)
	return e
}

// report prints an error, if it is one, and returns the exit code.
func (a *App) report(ctx context.Context, err error) int {
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil || errors.Is(err, context.Canceled):
		return exitInterrupted // whoever pressed Ctrl-C knows
	case errors.Is(err, syscall.EPIPE):
		return exitDone // whoever read has seen enough
	}
	code := exitFailed
	var e *Error
	if errors.As(err, &e) {
		code = e.Code
	}
	for i, line := range errorLines(err) {
		if i == 0 {
			line = "attn: " + line
		}
		fmt.Fprintln(a.Err, line)
	}
	return code
}

// Bounds on what an error prints: its lines, the advice included, when it
// lists weights, and the characters of a line.
const (
	maxErrorLines = 12
	maxErrorRunes = 400
)

// errorLines is an error as it is printed: what is wrong on one line, then the
// advice. Only lists of weights have more lines.
func errorLines(err error) []string {
	lines := weightLines(message(err))
	var e *Error
	if errors.As(err, &e) && e.Advice != "" {
		lines = append(lines[:min(len(lines), maxErrorLines-1)], e.Advice)
	}
	lines = lines[:min(len(lines), maxErrorLines)]
	for i, line := range lines {
		lines[i] = shorten(escape.Text(line))
	}
	return lines
}

// message turns the standard library's "open x: no such file" around, into
// what is wrong and then where.
func message(err error) string {
	s := err.Error()
	var path *fs.PathError
	if errors.As(err, &path) {
		s = strings.Replace(s, path.Error(), path.Path+": "+path.Err.Error(), 1)
	}
	return s
}

// weightLines splits a message into lines only before what the model loader
// lists; any other line break came from a name and is escaped later.
func weightLines(s string) []string {
	var lines []string
	for i, line := range strings.Split(s, "\n") {
		listed := line == "..."
		for _, kind := range []string{"missing: ", "wrong: ", "left over: "} {
			listed = listed || strings.HasPrefix(line, kind)
		}
		if i > 0 && !listed {
			lines[len(lines)-1] += "\n" + line
			continue
		}
		lines = append(lines, line)
	}
	return lines
}

func shorten(s string) string {
	if utf8.RuneCountInString(s) <= maxErrorRunes {
		return s
	}
	return string([]rune(s)[:maxErrorRunes]) + "..."
}

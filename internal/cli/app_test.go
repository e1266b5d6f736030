package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charmbracelet/colorprofile"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestWidth(t *testing.T) {
	for _, c := range []struct {
		name     string
		env      []string
		terminal int
		want     int
	}{
		{"no terminal", nil, 0, 100},
		{"terminal", nil, 132, 132},
		{"COLUMNS wins", []string{"COLUMNS=60"}, 132, 60},
		{"COLUMNS is nonsense", []string{"COLUMNS=wide"}, 132, 132},
		{"COLUMNS is zero", []string{"COLUMNS=0"}, 0, 100},
		{"COLUMNS is negative", []string{"COLUMNS=-5"}, 0, 100},
		{"COLUMNS is huge", []string{"COLUMNS=999999999"}, 0, maxWidth},
		{"the last one counts", []string{"COLUMNS=60", "COLUMNS=70"}, 0, 70},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &App{Env: c.env, TermWidth: c.terminal}
			if got := a.Width(); got != c.want {
				t.Errorf("Width() = %d, want %d", got, c.want)
			}
		})
	}
}

func TestProfile(t *testing.T) {
	const plain, some, all = colorprofile.NoTTY, colorprofile.ANSI256, colorprofile.TrueColor
	for _, c := range []struct {
		name     string
		color    string
		env      string // separated by spaces
		terminal bool
		want     colorprofile.Profile
	}{
		{"no terminal", "auto", "TERM=xterm-256color", false, plain},
		{"terminal", "auto", "TERM=xterm-256color", true, some},
		{"true colour", "auto", "TERM=xterm-256color COLORTERM=truecolor", true, all},
		{"dumb", "auto", "TERM=dumb", true, plain},
		{"dumb and asked for", "always", "TERM=dumb", true, colorprofile.ANSI},
		{"NO_COLOR", "auto", "TERM=xterm-256color NO_COLOR=1", true, plain},
		{"NO_COLOR is any text", "auto", "TERM=xterm-256color NO_COLOR=no", true, plain},
		{"NO_COLOR is empty", "auto", "TERM=xterm-256color NO_COLOR=", true, some},
		{"forced", "auto", "TERM=xterm-256color CLICOLOR_FORCE=1", false, some},
		{"not forced", "auto", "TERM=xterm-256color CLICOLOR_FORCE=0", false, plain},
		{"NO_COLOR beats CLICOLOR_FORCE", "auto", "TERM=xterm-256color CLICOLOR_FORCE=1 NO_COLOR=1", true, plain},
		{"always beats NO_COLOR", "always", "TERM=xterm-256color NO_COLOR=1", false, some},
		{"always without TERM", "always", "", false, colorprofile.ANSI},
		{"never", "never", "TERM=xterm-256color CLICOLOR_FORCE=1", true, plain},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &App{Env: strings.Fields(c.env), OutTerminal: c.terminal, color: c.color}
			if got := a.Profile(); got != c.want {
				t.Errorf("Profile() = %v, want %v", got, c.want)
			}
		})
	}
}

func TestErrorLines(t *testing.T) {
	_, noFile := os.Open("no\nsuch file")
	weights := errors.New("d/model.safetensors: 3 weights do not fit config.json\nmissing: a\nleft over: b\nc\n...")
	for _, c := range []struct {
		name string
		err  error
		want []string
	}{
		{"plain", errors.New("it broke: here"), []string{"it broke: here"}},
		{"advice", failf("it broke").advise("mend %s", "it"), []string{"it broke", "mend it"}},
		{"escaped", failf("bad \x1b[31m"), []string{"bad ␛[31m"}},
		{"one line", failf("a\nb"), []string{"a␊b"}},
		{"path last", failf("%w", noFile), []string{"no␊such file: no such file or directory"}},
		{"weights", weights, []string{
			"d/model.safetensors: 3 weights do not fit config.json", "missing: a", "left over: b␊c", "...",
		}},
		{"long", failf("%s", strings.Repeat("é", 1000)), []string{strings.Repeat("é", maxErrorRunes) + "..."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, errorLines(c.err)); diff != "" {
				t.Error(diff)
			}
		})
	}
	many := failf("many%s", strings.Repeat("\nmissing: x", 50)).advise("advice")
	if lines := errorLines(many); len(lines) != maxErrorLines || lines[len(lines)-1] != "advice" {
		t.Errorf("%d lines, the last one %q; want %d with the advice", len(lines), lines[len(lines)-1], maxErrorLines)
	}
}

func TestReport(t *testing.T) {
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name  string
		ctx   context.Context
		err   error
		code  int
		print bool
	}{
		{"done", t.Context(), nil, 0, false},
		{"done before the interrupt", interrupted, nil, 0, false},
		{"failed", t.Context(), errors.New("x"), 1, true},
		{"usage", t.Context(), usagef("x"), 2, true},
		{"usage inside", t.Context(), failf("y: %w", usagef("x")), 1, true},
		{"check", t.Context(), checkf("x"), 3, true},
		{"interrupted", interrupted, errors.New("x"), 130, false},
		{"cancelled", t.Context(), failf("y: %w", context.Canceled), 130, false},
		{"nobody reads", t.Context(), failf("y: %w", syscall.EPIPE), 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var errs bytes.Buffer
			code := NewApp(io.Discard, &errs).report(c.ctx, c.err)
			if code != c.code || (errs.Len() > 0) != c.print {
				t.Errorf("exit code %d, printed %q; want %d, printed: %v", code, errs.String(), c.code, c.print)
			}
		})
	}
}

// brokenWriter fails as a closed pipe or a full disk does.
type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: w.err}
}

func TestCheckOutlivesClosedPipe(t *testing.T) {
	a := NewApp(brokenWriter{syscall.EPIPE}, io.Discard)
	if _, err := io.WriteString(a.Out, "result"); err != nil {
		t.Fatal(err) // it is buffered
	}
	if err := a.Out.Flush(); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("Flush() = %v, want EPIPE", err)
	}
	if code := a.report(t.Context(), checkf("it does not hold")); code != exitCheck {
		t.Errorf("exit code %d, want %d", code, exitCheck)
	}
}

func TestWriteFailureIsReported(t *testing.T) {
	var errs bytes.Buffer
	a := NewApp(brokenWriter{syscall.ENOSPC}, &errs)
	if code := a.Run(t.Context(), []string{"version"}); code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	if want := "attn: cannot write: standard output: no space left on device\n"; errs.String() != want {
		t.Errorf("printed %q, want %q", errs.String(), want)
	}
}

func TestPanicIsOneLine(t *testing.T) {
	var errs bytes.Buffer
	a := NewApp(nil, &errs) // writing to nothing panics
	if code := a.guarded(t.Context(), []string{"version"}); code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	if got := errs.String(); !strings.HasPrefix(got, "attn: internal error: ") || strings.Count(got, "\n") != 2 {
		t.Errorf("printed %q, want two lines about an internal error", got)
	}
	errs.Reset()
	a.Env = []string{"ATTN_DEBUG=1"}
	a.guarded(t.Context(), []string{"version"})
	if !strings.Contains(errs.String(), "goroutine") {
		t.Errorf("printed %q, want a stack with ATTN_DEBUG=1", errs.String())
	}
}

// blockingReader never returns, as a terminal where nobody types.
type blockingReader struct{ end chan struct{} }

func (r blockingReader) Read([]byte) (int, error) {
	<-r.end
	return 0, io.EOF
}

func TestInterrupt(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, presses := range []int{1, 2} {
		in := blockingReader{make(chan struct{})}
		a := NewApp(io.Discard, io.Discard)
		a.In = in
		interrupts := make(chan os.Signal, 2)
		for range presses {
			interrupts <- os.Interrupt
		}
		start := time.Now()
		if code := a.main([]string{"tokenize", "-"}, interrupts); code != exitInterrupted {
			t.Errorf("exit code %d, want %d", code, exitInterrupted)
		}
		if took := time.Since(start); presses == 1 && took > 20*patience {
			t.Errorf("one interrupt: it took %v to stop", took)
		}
		if f, err := a.temps.create(t.TempDir(), 0o600); err == nil {
			t.Errorf("%s could be made after the interrupt", f.Name())
		}
		close(in.end)
	}
}

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var errs bytes.Buffer
		a := NewApp(io.Discard, &errs)
		a.ErrTerminal = true

		stop := a.progress(false, "running")
		time.Sleep(progressEvery / 2)
		stop()
		if errs.Len() > 0 {
			t.Errorf("half a second: printed %q, want nothing", errs.String())
		}

		stop = a.progress(false, "running")
		time.Sleep(2*progressEvery + progressEvery/2)
		stop()
		stop() // does nothing
		if want := "\rrunning ... 1 s\x1b[K\rrunning ... 2 s\x1b[K\r\x1b[K"; errs.String() != want {
			t.Errorf("printed %q, want %q", errs.String(), want)
		}

		errs.Reset()
		stop = a.progress(true, "running")
		time.Sleep(5 * progressEvery)
		stop()
		a.ErrTerminal = false
		stop = a.progress(false, "running")
		time.Sleep(5 * progressEvery)
		stop()
		if errs.Len() > 0 {
			t.Errorf("quiet or no terminal: printed %q, want nothing", errs.String())
		}
	})
}

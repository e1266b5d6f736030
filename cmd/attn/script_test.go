package main_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"attn/internal/cli"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"attn": func() { os.Exit(cli.Main()) },
	})
}

// TestScript runs testdata/script/*.txtar. Beside testscript's own commands
// there are:
//
//	fails CODE [-lists] COMMAND...  it must exit with CODE and print a well-formed error
//	closedpipe COMMAND...           it writes to a pipe that nobody reads: quiet, exit code 0
//	interrupted FILE COMMAND...     Ctrl-C while it writes FILE, waiting for more standard input
//	mkmodel FOLDER [DEFECT]         writes a tiny GPT-2, with what DEFECT names wrong about it
//	mkgguf FILE                     writes a tiny Llama as a GGUF file
//	hub FOLDER [MANNER]             HF_ENDPOINT names a server with the models OWNER/NAME of a folder
//	waitfor BYTES GLOB              until such a file has that size
//	atmost N FILE                   FILE (or stdout) has at most N columns
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fails":       scriptFails,
			"closedpipe":  scriptClosedPipe,
			"interrupted": scriptInterrupted,
			"mkmodel":     scriptMakeModel,
			"mkgguf":      scriptMakeGGUF,
			"hub":         scriptHub,
			"waitfor":     scriptWaitFor,
			"atmost":      scriptAtMost,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("ROOT", repositoryRoot(t))
			return nil
		},
	})
}

func repositoryRoot(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func scriptFails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fails CODE [-lists] COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	lines, command := 2, args[1:]
	if command[0] == "-lists" {
		lines, command = 12, command[1:]
	}
	err = ts.Exec(command[0], command[1:]...)
	var exit *exec.ExitError
	switch {
	case err == nil:
		ts.Fatalf("it succeeded, want exit code %d", want)
	case !errors.As(err, &exit):
		ts.Fatalf("%v", err)
	case exit.ExitCode() != want:
		ts.Fatalf("exit code %d, want %d", exit.ExitCode(), want)
	}
	if problem := wrongError(ts.ReadFile("stderr"), lines); problem != "" {
		ts.Fatalf("the error message %s", problem)
	}
}

// wrongError says what is wrong with an error's form, or nothing.
func wrongError(message string, most int) string {
	lines := strings.Split(strings.TrimSuffix(message, "\n"), "\n")
	switch {
	case !strings.HasPrefix(message, "attn: "):
		return "does not begin with attn:"
	case len(lines) > most:
		return "has " + strconv.Itoa(len(lines)) + " lines, want at most " + strconv.Itoa(most)
	case !strings.HasSuffix(message, "\n"):
		return "has no line end"
	case strings.Contains(message, "goroutine") || strings.Contains(message, "internal error"):
		return "is a panic's"
	case slices.Contains(lines, ""):
		return "has an empty line"
	case strings.ContainsFunc(strings.ReplaceAll(message, "\n", ""), func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "has control characters"
	}
	return ""
}

// command prepares a program as exec would run it.
func command(ts *testscript.TestScript, args []string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = []string{"HOME=" + ts.Getenv("HOME"), "PATH=" + ts.Getenv("PATH")}
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path := filepath.Join(dir, args[0]); exec.Command(path).Err == nil {
			if _, err := os.Stat(path); err == nil {
				cmd.Path, cmd.Err = path, nil
				break
			}
		}
	}
	cmd.Dir = ts.MkAbs(".")
	return cmd
}

func scriptClosedPipe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: closedpipe COMMAND...")
	}
	r, w, err := os.Pipe()
	ts.Check(err)
	ts.Check(r.Close())
	defer w.Close()
	var errs bytes.Buffer
	cmd := command(ts, args)
	cmd.Stdout, cmd.Stderr = w, &errs
	if err := cmd.Run(); err != nil {
		ts.Fatalf("%v\n%s", err, errs.String())
	}
	if errs.Len() > 0 {
		ts.Fatalf("it is not quiet: %s", errs.String())
	}
}

func scriptInterrupted(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: interrupted FILE COMMAND...")
	}
	cmd := command(ts, args[1:])
	var errs bytes.Buffer
	cmd.Stderr = &errs
	stdin, err := cmd.StdinPipe() // stays open: the command waits for more
	ts.Check(err)
	defer stdin.Close()
	ts.Check(cmd.Start())
	temps := filepath.Join(filepath.Dir(ts.MkAbs(args[0])), ".attn-*.tmp")
	if !eventually(func() bool { return len(glob(ts, temps)) > 0 }) {
		_ = cmd.Process.Kill()
		ts.Fatalf("no temporary file appeared")
	}
	ts.Check(cmd.Process.Signal(syscall.SIGINT))
	start := time.Now()
	_ = cmd.Wait()
	switch {
	case cmd.ProcessState.ExitCode() != 130:
		ts.Fatalf("%v, want exit code 130\n%s", cmd.ProcessState, errs.String())
	case time.Since(start) > 5*time.Second:
		ts.Fatalf("it took %v to stop", time.Since(start))
	case len(glob(ts, temps)) > 0:
		ts.Fatalf("it left a temporary file")
	case errs.Len() > 0:
		ts.Fatalf("it is not quiet: %s", errs.String())
	}
}

func glob(ts *testscript.TestScript, pattern string) []string {
	found, err := filepath.Glob(pattern)
	ts.Check(err)
	return found
}

// eventually waits up to ten seconds for something to hold.
func eventually(holds func() bool) bool {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return true
		}
	}
	return false
}

func scriptAtMost(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: atmost N FILE")
	}
	most, err := strconv.Atoi(args[0])
	ts.Check(err)
	colours := regexp.MustCompile(`\x1b\[[0-9;]*m`)
	for i, line := range strings.Split(ts.ReadFile(args[1]), "\n") {
		line = colours.ReplaceAllString(strings.TrimSuffix(line, "\r"), "")
		if n := utf8.RuneCountInString(line); n > most {
			ts.Fatalf("line %d has %d columns: %q", i+1, n, line)
		}
	}
}

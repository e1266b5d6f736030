package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// python writes a program that stands for python3.
func python(t *testing.T, script string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: the program is a shell's")
	}
	path := filepath.Join(t.TempDir(), "python3")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBesideTorch(t *testing.T) {
	rows := []Row{{Case: Case{Op: "matmul", Device: "cpu", DType: "f32", M: 1, N: 2, K: 3, Threads: 2}}, {Case: Case{Op: "forward", Device: "cpu"}}}
	asked := filepath.Join(t.TempDir(), "asked")
	good := python(t, "cat >"+asked+`; echo '[{"version":"2.0","what":"a @ b.T","ms_min":1,"ms_median":2.5,"runs":7},null]'`)
	if err := BesideTorch(context.Background(), good, rows, 1500*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if got := rows[0].Torch; got == nil || *got != (Torch{"2.0", "a @ b.T", 1, 2.5, 7}) || rows[1].Torch != nil {
		t.Errorf("%+v", rows)
	}
	said, err := os.ReadFile(asked)
	if want := `{"seconds":1.5,"rows":[{"op":"matmul","device":"cpu","dtype":"f32","n":2,"m":1,"k":3,"threads":2},`; err != nil || !strings.HasPrefix(string(said), want) {
		t.Errorf("asked %s, want %s", said, want)
	}
	for name, script := range map[string]string{
		"too few":  `cat >/dev/null; echo '[null]'`,
		"no JSON":  `cat >/dev/null; echo none`,
		"no time":  `cat >/dev/null; echo '[{"ms_median":0},null]'`,
		"it fails": `cat >/dev/null; echo 'Traceback' >&2; echo 'RuntimeError: out of memory' >&2; exit 1`,
	} {
		if err := BesideTorch(context.Background(), python(t, script), rows, time.Second); !errors.Is(err, errNoTorch) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHasTorch(t *testing.T) {
	if err := HasTorch(context.Background(), python(t, "exit 0")); err != nil {
		t.Error(err)
	}
	bad := python(t, "echo Traceback >&2; echo \"ModuleNotFoundError: No module named 'torch'\" >&2; exit 1")
	err := HasTorch(context.Background(), bad)
	if !errors.Is(err, errNoTorch) || !strings.HasSuffix(err.Error(), "ModuleNotFoundError: No module named 'torch'") {
		t.Errorf("got %v", err)
	}
	if err := HasTorch(context.Background(), filepath.Join(t.TempDir(), "none")); !errors.Is(err, errNoTorch) {
		t.Errorf("got %v", err)
	}
}

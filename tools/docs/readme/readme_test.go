package main

import (
	"os/exec"
	"strings"
	"testing"
)

func TestFresh(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("SKIPPED: no shell to run commands with:", err)
	}
	const before = "a\n```console\n$ echo 1\nold\n$ echo 2\n```\n```console head=2\n$ printf '1\\n2\\n3\\n'\n```\n```sh\n$ false\n```\n"
	const after = "a\n```console\n$ echo 1\n1\n$ echo 2\n2\n```\n```console head=2\n$ printf '1\\n2\\n3\\n'\n1\n2\n…\n```\n```sh\n$ false\n```\n"
	got, err := fresh(before, t.TempDir())
	if err != nil || got != after {
		t.Errorf("%v\n%s", err, got)
	}
	for _, bad := range []string{"```console\n$ echo 1\n", "```console\n$ false\n```\n", "```console head=x\n$ echo\n```\n"} {
		if got, err := fresh(bad, t.TempDir()); err == nil {
			t.Errorf("%q became %q", bad, got)
		}
	}
}

func TestCompare(t *testing.T) {
	for _, tt := range []struct {
		was, is string
		differ  bool
	}{
		{"a  cpu · 9.1 ms\nb", "a\ncpu · 120 ms\nb", false},
		{"sum within 8e-08", "sum within 2e-07", false},
		{"sum within 8e-08", "sum within 2e-06", true},
		{"a 1.0", "a 1.1", true},
		{"a\nb", "a", true},
		{"a", "a\nb", true},
	} {
		if err := compare("README.md", tt.was, tt.is); (err != nil) != tt.differ {
			t.Errorf("%q and %q: %v", tt.was, tt.is, err)
		}
	}
	if err := compare("README.md", "a\nx", "a\ny"); err == nil || !strings.HasSuffix(err.Error(), "\ny") {
		t.Errorf("the line is not named: %v", err)
	}
}

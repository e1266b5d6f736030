// Command readme runs the commands that a Markdown file shows and puts what
// they print below them, so that nothing shown is made up:
//
//	go run ./tools/docs/readme README.md          writes the outputs anew
//	go run ./tools/docs/readme -check README.md   fails when one has changed
//
// It reads fenced blocks marked console, in which "$ " begins a command. A
// block marked "console head=12" shows the first 12 lines of what its last
// command prints. The commands run in one empty folder, one after another,
// with attn in the path, at 100 columns and without colours.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

func main() {
	check := flag.Bool("check", false, "compare, and write nothing")
	flag.Parse()
	if err := run(flag.Args(), *check); err != nil {
		fmt.Fprintln(os.Stderr, "readme:", err)
		os.Exit(1)
	}
}

func run(files []string, check bool) error {
	if len(files) == 0 {
		return errors.New("no files named")
	}
	where, err := os.MkdirTemp("", "readme")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(where) }() // what is left there hurts nobody
	if out, err := exec.Command("go", "build", "-o", filepath.Join(where, "bin", "attn"), "./cmd/attn").CombinedOutput(); err != nil {
		return fmt.Errorf("building attn: %w\n%s", err, out)
	}
	var changed []error
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		text, err := fresh(string(data), where)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if check {
			changed = append(changed, compare(name, string(data), text))
			continue
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return errors.Join(changed...)
}

// fresh returns the text with every output as it is now.
func fresh(text, where string) (string, error) {
	var out strings.Builder
	lines := strings.SplitAfter(text, "\n")
	for i := 0; i < len(lines); i++ {
		out.WriteString(lines[i])
		info, ok := strings.CutPrefix(strings.TrimSpace(lines[i]), "```console")
		if !ok {
			continue
		}
		var commands []string
		for i++; i < len(lines) && strings.TrimSpace(lines[i]) != "```"; i++ {
			if command, ok := strings.CutPrefix(lines[i], "$ "); ok {
				commands = append(commands, strings.TrimSpace(command))
			}
		}
		if i == len(lines) {
			return "", errors.New("a console block does not end")
		}
		if err := transcript(&out, commands, info, where); err != nil {
			return "", err
		}
		out.WriteString(lines[i])
	}
	return out.String(), nil
}

// transcript writes commands, each with what it prints.
func transcript(out *strings.Builder, commands []string, info, where string) error {
	head := 0
	if n, ok := strings.CutPrefix(strings.TrimSpace(info), "head="); ok {
		var err error
		if head, err = strconv.Atoi(n); err != nil {
			return fmt.Errorf("console %s: %w", info, err)
		}
	}
	for i, command := range commands {
		fmt.Fprintf(out, "$ %s\n", command)
		printed, err := execute(command, where)
		if err != nil {
			return err
		}
		lines := strings.SplitAfter(printed, "\n")
		if head > 0 && i == len(commands)-1 && len(lines) > head {
			lines = append(lines[:head], "…\n")
		}
		out.WriteString(strings.Join(lines, ""))
	}
	return nil
}

// execute runs a command line and returns what it prints.
func execute(command, where string) (string, error) {
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = filepath.Join(where, "work")
	if err := os.MkdirAll(cmd.Dir, 0o755); err != nil {
		return "", err
	}
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(where, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"), "COLUMNS=100", "NO_COLOR=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("$ %s: %w\n%s", command, err, out)
	}
	return string(out), nil
}

// varying is what differs from run to run: how long something took, and with
// it where a line that names it is broken; and from one instruction set to
// another: how little rounding left between two sums, while it is that little.
var varying = regexp.MustCompile(`[0-9.]+ (µs|ms|s)\b|within [0-9]e-0[7-9]\b|\s+`)

// compare reports the first place that has changed in more than that.
func compare(name, was, is string) error {
	old, _ := plain(was)
	now, lines := plain(is)
	for i, r := range now {
		if i >= len(old) || old[i] != r {
			return fmt.Errorf("%s: what is shown is not what is printed (sh tools/docs/make.sh writes it anew), from this line on:\n%s",
				name, strings.Split(is, "\n")[lines[i]])
		}
	}
	if len(old) > len(now) {
		return fmt.Errorf("%s: more is shown than is printed (sh tools/docs/make.sh writes it anew)", name)
	}
	return nil
}

// plain drops what varies, and says on which line each character stood.
func plain(text string) (kept []rune, lines []int) {
	for i, line := range strings.Split(text, "\n") {
		for _, r := range varying.ReplaceAllString(line, "") {
			kept, lines = append(kept, r), append(lines, i)
		}
	}
	return kept, lines
}

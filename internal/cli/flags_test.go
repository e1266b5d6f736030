package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/cobra"
	"go.uber.org/goleak"

	"attn/internal/kernels"
	"attn/internal/kernels/all"
	"attn/internal/kernels/ref"
	"attn/internal/model/builtin"
)

// runCommand runs a command under a root of its own and returns its error.
func runCommand(t *testing.T, a *App, cmd *cobra.Command, args ...string) error {
	t.Helper()
	root := &cobra.Command{Use: "attn", SilenceErrors: true, SilenceUsage: true}
	root.SetFlagErrorFunc(flagError)
	root.SetOut(io.Discard)
	root.AddCommand(cmd)
	root.SetArgs(append([]string{cmd.Name()}, args...))
	return root.ExecuteContext(t.Context())
}

func TestTokenizeFlags(t *testing.T) {
	defaults := func(change func(*tokenizeOptions)) tokenizeOptions {
		o := tokenizeOptions{
			model:  modelFlags{Model: "story"},
			output: outputFlags{Format: formatText},
			look:   lookFlags{Theme: "3b1b"},
			source: source{emptyAllowed: true},
		}
		change(&o)
		return o
	}
	for _, c := range []struct {
		args  []string
		stdin string
		want  tokenizeOptions
	}{
		{[]string{"a text"}, "", defaults(func(o *tokenizeOptions) { o.source.Text = "a text" })},
		{[]string{"a", "text"}, "", defaults(func(o *tokenizeOptions) { o.source.Text = "a text" })},
		{[]string{"-"}, "read\r\n", defaults(func(o *tokenizeOptions) { o.source.Text = "read" })},
		{[]string{"-"}, "read\n\n", defaults(func(o *tokenizeOptions) { o.source.Text = "read\n" })},
		{[]string{"--", "-"}, "read", defaults(func(o *tokenizeOptions) { o.source.Text = "-" })},
		{[]string{"--", "--jsonl", "-q"}, "", defaults(func(o *tokenizeOptions) { o.source.Text = "--jsonl -q" })},
		{[]string{"x", "-q", "--theme", "mono", "--no-special", "--model", "m"}, "", defaults(func(o *tokenizeOptions) {
			o.source.Text, o.look.Quiet, o.look.Theme, o.noSpecial, o.model.Model = "x", true, "mono", true, "m"
		})},
		{[]string{"x", "-v", "-o", "f.CSV"}, "", defaults(func(o *tokenizeOptions) {
			o.source.Text, o.look.Verbose, o.output.Output, o.output.Format = "x", true, "f.CSV", formatCSV
		})},
		{[]string{"x", "-o", "f.csv", "--format=json"}, "", defaults(func(o *tokenizeOptions) {
			o.source.Text, o.output.Output, o.output.Format = "x", "f.csv", formatJSON
		})},
		{[]string{"--jsonl"}, "", defaults(func(o *tokenizeOptions) { o.lines, o.output.Format = true, "" })},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			a := NewApp(io.Discard, io.Discard)
			a.In = strings.NewReader(c.stdin)
			var got *tokenizeOptions
			cmd := newTokenizeCmd(a, func(_ context.Context, _ *App, o *tokenizeOptions) error {
				got = o
				return nil
			})
			if err := runCommand(t, a, cmd, c.args...); err != nil {
				t.Fatal(err)
			}
			all := cmp.AllowUnexported(tokenizeOptions{}, source{}, modelFlags{}, lookFlags{}, outputFlags{})
			if diff := cmp.Diff(c.want, *got, all, cmpopts.IgnoreFields(outputFlags{}, "formats", "command"), cmpopts.IgnoreFields(modelFlags{}, "getenv")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// wantUsage checks that an error is the command line's fault and says so.
func wantUsage(t *testing.T, err error, message string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != exitUsage || err.Error() != message {
		t.Errorf("the error is %q (%T), want %q with exit code %d", err, err, message, exitUsage)
	}
}

func TestIDs(t *testing.T) {
	var s source
	cmd := &cobra.Command{Use: "ask", RunE: func(*cobra.Command, []string) error { return nil }}
	s.add(cmd)
	if err := runCommand(t, nil, cmd, "--ids", "1, 20,0 ,2147483647"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int32{1, 20, 0, 2147483647}, s.IDs); diff != "" {
		t.Error(diff)
	}
	for value, bad := range map[string]string{
		"": `number 1, ""`, "1,": `number 2, ""`, ",1": `number 1, ""`, "-1": `number 1, "-1"`, "1.5": `number 1, "1.5"`,
		"2147483648": `number 1, "2147483648"`, "+1": `number 1, "+1"`, "1 2": `number 1, "1 2"`, "0x1": `number 1, "0x1"`,
	} {
		err := runCommand(t, nil, cmd, "--ids="+value)
		wantUsage(t, err, bad+", is no token id (0 or more, separated by commas): --ids "+value)
	}
	err := new(idList).Set(strings.Repeat("1,", maxIDs) + "1")
	wantUsage(t, err, "1048577 ids, the limit is 1048576")
}

func TestSourceWantsOneThing(t *testing.T) {
	a := NewApp(io.Discard, io.Discard)
	ask := func(args ...string) error {
		var s source
		cmd := &cobra.Command{Use: "ask [TEXT]", RunE: func(cmd *cobra.Command, args []string) error { return s.read(a, cmd, args) }}
		s.add(cmd)
		return runCommand(t, a, cmd, args...)
	}
	wantUsage(t, ask(), "the text is missing: attn ask [TEXT] [flags]")
	wantUsage(t, ask(""), "the text is empty: attn ask")
	wantUsage(t, ask("-"), "the text is empty: attn ask")
	wantUsage(t, ask("text", "--ids", "1"), "both a text and --ids: attn ask")
	if err := ask("--ids", "1"); err != nil {
		t.Error(err)
	}
	a.In = io.LimitReader(zeros{}, maxTextBytes+1)
	if err := ask("-"); err == nil || err.Error() != "more than 64 MiB: standard input" {
		t.Errorf("the error is %v, want one about 64 MiB", err)
	}
}

// zeros is an endless text.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestDeviceFlags(t *testing.T) {
	_, err := (&deviceFlags{Device: "gpu"}).open()
	wantUsage(t, err, "no device is called that: --device gpu")
	_, err = (&deviceFlags{Device: "cpu", Threads: -1}).open()
	wantUsage(t, err, "it takes 1 to 4096 threads, or 0 for as many as there are: --threads -1")
	be, err := (&deviceFlags{Device: "ref"}).open()
	if err != nil || be.Name() != "ref" {
		t.Fatalf("open() = %v, %v, want ref", be, err)
	}
	if err := be.Close(); err != nil {
		t.Error(err)
	}
}

// TestDeviceForModel: what opens a device knows the model's size, and -v says why auto
// passes a GPU by.
func TestDeviceForModel(t *testing.T) {
	m, err := builtin.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, c := range []struct {
		look lookFlags
		said string
	}{
		{lookFlags{}, ""},
		{lookFlags{Verbose: true}, "attn: the CPU computes, and not the GPU: cuda: the model does not fit\n"},
	} {
		var errs bytes.Buffer
		flags := deviceFlags{Device: "auto", Threads: 3, backend: func(name string, o all.Options) (kernels.Backend, error) {
			if name != "auto" || o.Threads != 3 || o.Weights != m.Size() || m.Size() < 1000 {
				t.Errorf("%s is opened with %+v", name, o)
			}
			o.Passed(errors.New("cuda: the model does not fit"))
			return ref.New(), nil
		}}
		be, err := flags.openFor(NewApp(&bytes.Buffer{}, &errs), &c.look, m)
		if err != nil || be.Name() != "ref" || errs.String() != c.said {
			t.Errorf("%v, %v, said %q, want %q", be, err, errs.String(), c.said)
		}
	}
}

// roomless is a device of its own into which no model fits.
type roomless struct{ kernels.Backend }

func (roomless) Fit(int) error { return errors.New("cuda: the model does not fit") }

// TestVerifyWithoutRoom: auto verifies the devices that the model fits into, and says
// of the others why they are not among them; who names one gets it.
func TestVerifyWithoutRoom(t *testing.T) {
	m, err := builtin.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	open := func(name string, _ all.Options) (kernels.Backend, error) {
		if name == "cuda" {
			return roomless{ref.New()}, nil
		}
		return ref.New(), nil
	}
	for name, want := range map[string][2]int{"auto": {2, 1}, "cuda": {1, 0}} {
		devices, absent, err := (&verifyOptions{device: deviceFlags{Device: name, backend: open}}).devices(m)
		if err != nil || len(devices) != want[0] || len(absent) != want[1] || want[1] == 1 && absent[0] != "cuda: the model does not fit" {
			t.Errorf("%s: %d devices, without %q, %v", name, len(devices), absent, err)
		}
		closeAll(devices)
	}
}

func TestCompletions(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"models --theme ''", "3b1b"},
		{"version --format ''", "json"},
		{"tokenize --model ''", "story"},
		{"models show ''", "story"},
		{"completion ''", "powershell"},
		{"--color ''", "always"},
		{"help ''", "tokenize"},
		{"help models ''", "show"},
	} {
		t.Run(c.args, func(t *testing.T) {
			var out strings.Builder
			a := NewApp(&out, io.Discard)
			args := strings.Fields(strings.ReplaceAll(c.args, "''", ""))
			if code := a.Run(t.Context(), append(append([]string{"__complete"}, args...), "")); code != exitDone {
				t.Fatalf("exit code %d", code)
			}
			for _, line := range strings.Split(out.String(), "\n") {
				if word, _, _ := strings.Cut(line, "\t"); word == c.want {
					return
				}
			}
			t.Errorf("%q is not offered:\n%s", c.want, out.String())
		})
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"layer", "", 5},
		{"", "layer", 5},
		{"layer", "layer", 0},
		{"layer", "lyer", 1},
		{"layer", "layers", 1},
		{"layer", "lawyer", 1},
		{"format", "fromat", 2},
		{"kitten", "sitting", 3},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestHalfPair(t *testing.T) {
	for text, want := range map[string]bool{
		`"a"`: false, `"\ud83d\ude00"`: false, `"\uD83D\uDE00x"`: false, `"é\u00e9"`: false, `"\\ud83d"`: false, `"\\\\ud83d"`: false,
		`"\ud83d"`: true, `"\ude00"`: true, `"\ud83d\ud83d\ude00"`: true, `"\ud83dx"`: true, `"\\\ud83d"`: true, `"\ud83d\n"`: true,
	} {
		if got := halfPair([]byte(text)); got != want {
			t.Errorf("halfPair(%s) = %v, want %v", text, got, want)
		}
	}
}

// TestTokenizeAnswersAtOnce talks to --jsonl as another program does, which
// sends its next line only after the answer.
func TestTokenizeAnswersAtOnce(t *testing.T) {
	defer goleak.VerifyNone(t)
	questions, in := io.Pipe()
	out, answers := io.Pipe()
	a := NewApp(answers, io.Discard)
	a.In = questions
	done := make(chan int)
	go func() { done <- a.Run(t.Context(), []string{"tokenize", "--jsonl"}) }()

	lines := bufio.NewReader(out)
	for range 3 {
		if _, err := io.WriteString(in, "\"a\"\n"); err != nil {
			t.Fatal(err)
		}
		answered := make(chan string, 1)
		go func() {
			line, _ := lines.ReadString('\n')
			answered <- line
		}()
		select {
		case line := <-answered:
			if want := `{"tokens":[{"id":65,"text":"a","start":0,"end":1}]}` + "\n"; line != want {
				t.Errorf("the answer is %q, want %q", line, want)
			}
		case <-time.After(10 * time.Second):
			t.Error("no answer before the next question")
			_ = out.Close() // ends the reader
		}
	}
	_ = in.Close()
	if code := <-done; code != exitDone {
		t.Errorf("exit code %d", code)
	}
}

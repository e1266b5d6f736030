// Package arch holds no code, only attn's import policy, as a test.
package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the path of this module, and root where it lies from here.
const (
	module = "attn/"
	root   = "../.."
)

// room is one line of the policy: which packages, and what they may import
// besides the standard library. Names are those of folders; * stands for one
// folder, ... for everything.
type room struct {
	packages string
	inside   string // packages of attn
	outside  string // other modules' packages, each with all below it
	tests    string // packages of attn that only its test files may import
}

// policy is the house's plan, from the ground up. The first line that fits a
// package counts, and what no line allows is forbidden.
//
// It is policy: it changes after a discussion of where the code belongs, never
// to make a build pass.
func policy() []room {
	const (
		format = "tensor trace analyze view render/theme render/escape" // what a renderer reads
		models = "kernels kernels/all kernels/ref model/builtin"        // a test that needs a real forward pass
	)
	return []room{
		// Data: tensor <- trace <- analyze <- view <- render.
		{packages: "internal/tensor"},
		{packages: "internal/safetensors", inside: "tensor"},
		{packages: "internal/trace", inside: "tensor safetensors"},
		{packages: "internal/analyze", inside: "tensor trace", tests: models + " model"},
		{packages: "internal/view", inside: "tensor trace analyze", tests: models + " model"},
		{packages: "internal/render/escape"},
		{packages: "internal/render/theme", inside: "view"},
		{packages: "internal/render/text", inside: format, outside: "github.com/charmbracelet/colorprofile github.com/charmbracelet/x/ansi github.com/clipperhouse/displaywidth"},
		{packages: "internal/render/*", inside: format},
		{packages: "internal/params"},
		{packages: "internal/probe", outside: "golang.org/x/sys"},

		// Computing: tensor <- kernels <- the backends <- all.
		{packages: "internal/kernels", inside: "tensor"},
		{packages: "internal/kernels/all", inside: "kernels kernels/ref kernels/cpu kernels/cuda", tests: "tensor kernels/kernelstest"},
		{packages: "internal/kernels/kernelstest", inside: "tensor kernels kernels/ref kernels/samples"},
		{packages: "internal/kernels/cpu", inside: "tensor kernels", outside: "golang.org/x/sys/cpu", tests: "kernels/ref kernels/kernelstest"},
		{packages: "internal/kernels/cuda", inside: "tensor kernels", outside: "github.com/ebitengine/purego golang.org/x/sys/windows", tests: "kernels/ref kernels/kernelstest ptx model trace"},
		{packages: "internal/kernels/*", inside: "tensor kernels", tests: "kernels/ref kernels/kernelstest"},
		{packages: "internal/ptx", inside: "tensor"},

		// Models: {kernels, trace, weights, tokenizer} <- model <- builtin.
		{packages: "internal/model/weights", inside: "tensor safetensors", outside: "github.com/edsrzf/mmap-go"},
		{packages: "internal/model/tokenizer", outside: "golang.org/x/text/unicode/norm"},
		{packages: "internal/model", inside: "tensor kernels trace model/weights model/tokenizer", tests: models + " safetensors analyze"},
		{packages: "internal/model/builtin", inside: "model model/weights model/tokenizer", tests: models + " tensor trace analyze"},
		{packages: "internal/bench", inside: "tensor kernels kernels/ref kernels/samples model trace", outside: "golang.org/x/perf/benchmath", tests: "kernels/cpu"},

		// Finding models on disk, and fetching them.
		{packages: "internal/hub"},
		{packages: "internal/hub/pull", inside: "hub safetensors", outside: "golang.org/x/sys/windows"},

		// The command line may use everything, and only main uses it.
		{packages: "internal/cli", inside: "...", outside: "...", tests: "..."},
		{packages: "internal/arch"},
		{packages: "cmd/attn", inside: "cli"},

		// Tools stand alone: they run attn, they do not import it.
		{packages: "tools/docs/*"},
	}
}

// testModules are what every room's test files may use.
const testModules = "github.com/google/go-cmp pgregory.net/rapid github.com/rogpeppe/go-internal go.uber.org/goleak"

// unsafePackages may import unsafe.
const unsafePackages = "internal/kernels/cpu internal/kernels/cuda"

// changed is added to each complaint.
const changed = "the policy (internal/arch/deps_test.go) is changed by discussion, never to fix a build"

func TestImports(t *testing.T) {
	rooms := policy()
	visit(t, func(f file) {
		for _, spec := range f.syntax.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if why := forbidden(rooms, f.folder, f.isTest(), imported); why != "" {
				t.Errorf("%s: %s: %s", f.position(spec), why, changed)
			}
		}
	})
}

// forbidden says why a package may not import another one, or "" if it may.
func forbidden(rooms []room, folder string, isTest bool, imported string) string {
	i := slices.IndexFunc(rooms, func(r room) bool { return fits(r.packages, folder) })
	if i < 0 {
		return fmt.Sprintf("%s is in no room of the policy", folder)
	}
	r := rooms[i]
	switch inner, isInner := strings.CutPrefix(imported, module); {
	case imported == "C":
		return `no package imports "C": attn builds without a C compiler`
	case imported == "unsafe":
		if slices.Contains(strings.Fields(unsafePackages), folder) {
			return ""
		}
		return fmt.Sprintf("%s may not import unsafe, only %s may", folder, unsafePackages)
	case isInner:
		return r.forbidsInside(folder, isTest, strings.TrimPrefix(inner, "internal/"))
	case isStandard(imported) || below(r.outside, imported) || isTest && below(testModules, imported):
		return ""
	}
	return fmt.Sprintf("%s may not import %s", folder, imported)
}

func (r room) forbidsInside(folder string, isTest bool, inner string) string {
	own := strings.TrimPrefix(folder, "internal/")
	for _, allowed := range strings.Fields(r.inside) {
		if fits(allowed, inner) {
			return ""
		}
	}
	if isTest && inner == own || isTest && slices.Contains(strings.Fields(r.tests), inner) {
		return ""
	}
	if isTest {
		return fmt.Sprintf("tests of %s may not import %s", folder, inner)
	}
	return fmt.Sprintf("%s may not import %s", folder, inner)
}

// fits reports whether a name of the policy stands for a folder.
func fits(name, folder string) bool {
	if name == "..." {
		return true
	}
	ok, err := path.Match(name, folder)
	return err == nil && ok
}

// below reports whether an import is one of these or lies below one.
func below(list, imported string) bool {
	for _, m := range strings.Fields(list) {
		if m == "..." || imported == m || strings.HasPrefix(imported, m+"/") {
			return true
		}
	}
	return false
}

// isStandard: only other modules have a dot in the first part of their path.
func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

// TestNoInit: nothing happens before main, and lists are explicit.
func TestNoInit(t *testing.T) {
	visit(t, func(f file) {
		for _, d := range f.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: an init function: packages register nothing, lists are written out: %s", f.position(fn), changed)
			}
		}
	})
}

// TestMainIsOneCall: main is one call, so that everything else can be tested.
func TestMainIsOneCall(t *testing.T) {
	visit(t, func(f file) {
		if f.folder != "cmd/attn" || f.isTest() {
			return
		}
		for _, d := range f.syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if fn.Name.Name != "main" || len(fn.Body.List) != 1 {
				t.Errorf("%s: cmd/attn is one function of one call, os.Exit(cli.Main()): %s", f.position(fn), changed)
			}
		}
	})
}

// TestPolicyCanFail holds the policy to what it must refuse and allow.
func TestPolicyCanFail(t *testing.T) {
	for _, tt := range []struct {
		folder   string
		isTest   bool
		imported string
		refused  bool
	}{
		{"internal/tensor", false, "attn/internal/trace", true},
		{"internal/trace", false, "attn/internal/model", true},
		{"internal/trace", false, "attn/internal/tensor", false},
		{"internal/render/text", false, "attn/internal/model", true},
		{"internal/render/text", false, "attn/internal/render/json", true},
		{"internal/render/html", false, "attn/internal/view", false},
		{"internal/kernels/cpu", false, "attn/internal/kernels/ref", true},
		{"internal/kernels/cpu", true, "attn/internal/kernels/ref", false},
		{"internal/kernels/ref", false, "gonum.org/v1/gonum/blas", true},
		{"internal/model", false, "attn/internal/model/builtin", true},
		{"internal/model", true, "attn/internal/model/builtin", false},
		{"internal/model", true, "attn/internal/model", false},
		{"internal/model", false, "attn/internal/view", true},
		{"internal/cli", false, "attn/internal/render/png", false},
		{"internal/view", false, "attn/internal/cli", true},
		{"internal/params", false, "attn/internal/tensor", true},
		{"internal/hub", false, "attn/internal/model", true},
		{"internal/hub", false, "attn/internal/hub/pull", true},
		{"internal/hub/pull", false, "attn/internal/hub", false},
		{"internal/other", false, "fmt", true},
		{"cmd/attn", false, "attn/internal/model", true},
		{"cmd/attn", false, "attn/internal/cli", false},
		{"internal/view", false, "C", true},
		{"internal/cli", false, "C", true},
		{"internal/view", false, "unsafe", true},
		{"internal/kernels/cpu", false, "unsafe", false},
		{"internal/view", false, "github.com/google/go-cmp/cmp", true},
		{"internal/view", true, "github.com/google/go-cmp/cmp", false},
		{"internal/view", false, "encoding/json", false},
	} {
		why := forbidden(policy(), tt.folder, tt.isTest, tt.imported)
		if (why != "") != tt.refused {
			t.Errorf("%s imports %s (test file: %v): %q, refused should be %v", tt.folder, tt.imported, tt.isTest, why, tt.refused)
		}
	}
}

// file is one Go file of the repository, whatever its build tags.
type file struct {
	folder string // slash-separated, from the repository's root
	name   string
	fset   *token.FileSet
	syntax *ast.File
}

func (f file) isTest() bool { return strings.HasSuffix(f.name, "_test.go") }

// position says where in the repository a node stands.
func (f file) position(n ast.Node) string {
	return fmt.Sprintf("%s/%s:%d", f.folder, f.name, f.fset.Position(n.Pos()).Line)
}

// visit parses every Go file. It reads them through os and not through the go
// command, so that the test cache sees which files the result depends on.
func visit(t *testing.T, do func(file)) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			base := d.Name()
			if name != root && (base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) {
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		f := file{name: d.Name(), fset: token.NewFileSet()}
		rel, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		f.folder = filepath.ToSlash(rel)
		if f.syntax, err = parser.ParseFile(f.fset, name, source, parser.SkipObjectResolution); err != nil {
			return err
		}
		seen++
		do(f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 20 {
		t.Fatalf("only %d Go files found in %s", seen, root)
	}
}

package cuda

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestCompiled holds that the PTX was made of the sources that stand beside it, all
// that they ask for and nothing else, whose checksum its first line names, that nobody
// has changed it since, and that nothing in it is kept in local memory.
func TestCompiled(t *testing.T) {
	sources, err := filepath.Glob("*.cu")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	headers, err := filepath.Glob("*.h")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(headers)
	sums := map[string]string{}
	for _, source := range sources {
		sum := sha256.New()
		for _, name := range append([]string{source}, headers...) {
			sum.Write([]byte(textOf(t, name)))
		}
		sums[source] = hex.EncodeToString(sum.Sum(nil))
	}
	made, err := compiled.ReadDir("ptx")
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]string{}
	for _, source := range sources {
		for _, file := range filesOf(t, source) {
			asked[file] = source
		}
	}
	for _, file := range made {
		text, err := compiled.ReadFile("ptx/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		if source := heldToSource(t, file.Name(), string(text), sums); source != asked[file.Name()] {
			t.Errorf("%s was made of %q, which does not ask for it", file.Name(), source)
		}
		delete(asked, file.Name())
	}
	for file, source := range asked {
		t.Errorf("%s of %s is missing: sh tools/cuda/make.sh", file, source)
	}
}

var (
	typePattern   = regexp.MustCompile(`X\(([A-Z0-9_]+)\)`)
	widthsPattern = regexp.MustCompile(`(?m)^\s*for width in ([0-9 ]+); do$`)
)

// filesOf names what make.sh makes of a source: one file, or one for each type of
// weight or each width.
func filesOf(t *testing.T, source string) (files []string) {
	t.Helper()
	text, name := textOf(t, source), strings.TrimSuffix(source, ".cu")
	var each []string
	switch {
	case strings.Contains(text, "SIZED("):
		widths := widthsPattern.FindStringSubmatch(textOf(t, "../../../tools/cuda/make.sh"))
		if widths == nil {
			t.Fatal("make.sh names no widths")
		}
		each = strings.Fields(widths[1])
	case strings.Contains(text, "NAMED("):
		_, list, _ := strings.Cut(textOf(t, "weights.h"), "#define EACH_TYPE")
		for _, found := range typePattern.FindAllStringSubmatch(list, -1) {
			each = append(each, found[1])
		}
	default:
		return []string{name + ".ptx"}
	}
	for _, one := range each {
		files = append(files, name+"_"+one+".ptx")
	}
	return files
}

// textOf is a file's text.
func textOf(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var firstPattern = regexp.MustCompile(`^// made by tools/cuda/make\.sh of (\S+), sha256 ([0-9a-f]+), to sha256 ([0-9a-f]+)$`)

// heldToSource holds a file of PTX to the source that its first line names, and
// returns that source.
func heldToSource(t *testing.T, file, text string, sums map[string]string) string {
	t.Helper()
	first, body, _ := strings.Cut(text, "\n")
	found := firstPattern.FindStringSubmatch(first)
	if found == nil {
		t.Errorf("%s does not say what it was made of: %q", file, first)
		return ""
	}
	source, sum, made := found[1], found[2], sha256.Sum256([]byte(body))
	switch {
	case sums[source] == "":
		t.Errorf("%s was made of %s, which is not here", file, source)
	case sums[source] != sum:
		t.Errorf("%s or a header has changed, %s has not: sh tools/cuda/make.sh", source, file)
	case found[3] != hex.EncodeToString(made[:]):
		t.Errorf("%s is not as it was made: sh tools/cuda/make.sh %s", file, source)
	case strings.Contains(text, ".local"):
		t.Errorf("%s keeps something in local memory", file)
	}
	return source
}

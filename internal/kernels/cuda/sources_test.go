package cuda

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCompiled holds that the PTX was made of the sources that stand beside it,
// whose checksum its first line names, and that nothing in it is kept in local
// memory.
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
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			sum.Write(text)
		}
		sums[source] = hex.EncodeToString(sum.Sum(nil))
	}
	made, err := compiled.ReadDir("ptx")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, file := range made {
		text, err := compiled.ReadFile("ptx/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		found[heldToSource(t, file.Name(), string(text), sums)]++
	}
	for _, source := range sources {
		if found[source] == 0 {
			t.Errorf("%s is not compiled: sh tools/cuda/make.sh", source)
		}
	}
}

// heldToSource holds a file of PTX to the source that its first line names, and
// returns that source.
func heldToSource(t *testing.T, file, text string, sums map[string]string) string {
	t.Helper()
	first, _, _ := strings.Cut(text, "\n")
	var source, sum string
	if _, err := fmt.Sscanf(first, "// made by tools/cuda/make.sh of %s sha256 %s", &source, &sum); err != nil {
		t.Errorf("%s does not say what it was made of: %v", file, err)
		return ""
	}
	source = strings.TrimSuffix(source, ",")
	name := strings.TrimSuffix(source, ".cu")
	switch {
	case sums[source] == "":
		t.Errorf("%s was made of %s, which is not here", file, source)
	case sums[source] != sum:
		t.Errorf("%s or a header has changed, %s has not: sh tools/cuda/make.sh", source, file)
	case file != name+".ptx" && !strings.HasPrefix(file, name+"_"):
		t.Errorf("%s was made of %s", file, source)
	case strings.Contains(text, ".local"):
		t.Errorf("%s keeps something in local memory", file)
	}
	return source
}

package cuda

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCompiled holds that the PTX was made of the sources that stand beside it:
// its first line names their checksum.
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
	for _, source := range sources {
		sum := sha256.New()
		for _, name := range append([]string{source}, headers...) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			sum.Write(text)
		}
		name := strings.TrimSuffix(source, ".cu") + ".ptx"
		text, err := compiled.ReadFile("ptx/" + name)
		if err != nil {
			t.Errorf("%s is not compiled: sh tools/cuda/make.sh", source)
			continue
		}
		want := fmt.Sprintf("of %s, sha256 %x\n", source, sum.Sum(nil))
		if first, _, _ := strings.Cut(string(text), ".version"); !strings.HasSuffix(first, want) {
			t.Errorf("%s or a header has changed, %s has not: sh tools/cuda/make.sh", source, name)
		}
	}
	made, err := compiled.ReadDir("ptx")
	if err != nil || len(made) != len(sources) {
		t.Errorf("%d files of PTX for %d sources", len(made), len(sources))
	}
}

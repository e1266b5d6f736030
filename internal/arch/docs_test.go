package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// named is a path in a document: in backquotes or as a link's target, from one
// of the repository's folders or a document beside it.
var named = regexp.MustCompile("(?:`|\\]\\()((?:\\.ci|cmd|docs|internal|testdata|tools)(?:/[\\w.-]+)+|[A-Z]+(?:\\.md)?)(?:`|\\))")

// TestDocumentsNameRealFiles: what the documents send a reader to is there.
func TestDocumentsNameRealFiles(t *testing.T) {
	documents, err := filepath.Glob(filepath.Join(root, "*.md"))
	if err != nil || len(documents) < 3 {
		t.Fatalf("documents: %v, %v", documents, err)
	}
	for _, document := range documents {
		data, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(data), "\n") {
			for _, match := range named.FindAllStringSubmatch(line, -1) {
				path := match[1]
				isFile := strings.ContainsAny(path, "/.") || strings.Contains(line, "]("+path+")")
				if !isFile {
					continue // a word in capitals, such as TEXT
				}
				if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(path))); err != nil {
					t.Errorf("%s:%d: %s is not there", filepath.Base(document), i+1, path)
				}
			}
		}
	}
}

package model_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"attn/internal/model"
)

// TestNearestOfAFileCutShort: the embedding is read where it lies, so a file
// that shrinks meanwhile is an error there too.
func TestNearestOfAFileCutShort(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gemma.gguf")
	convert(t, "../../testdata/tiny/gemma", conversions()["gemma"]).write(t, path)
	m, err := model.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := os.Truncate(path, 0); err != nil {
		t.Skipf("a mapped file cannot be cut here: %v", err)
	}
	_, err = m.Nearest(nil, [][]float32{make([]float32, m.Config.DModel)}, 3, nil)
	if err == nil || !strings.Contains(err.Error(), "changed while it was in use") {
		t.Error(err)
	}
}

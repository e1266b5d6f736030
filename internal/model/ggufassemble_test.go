package model

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"attn/internal/model/weights"
)

// FuzzAssembleGGUF looks for panics: keys and tensors that a well-formed file may
// hold make a model or an error.
func FuzzAssembleGGUF(f *testing.F) {
	files, err := filepath.Glob("../../testdata/gguf/*.gguf")
	if err != nil || len(files) == 0 {
		f.Fatal(len(files), err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := weights.ParseGGUF("fuzz", data)
		if err != nil {
			return
		}
		m, err := assembleGGUF("fuzz", file)
		switch {
		case err == nil && len(m.Blocks) != m.Config.Layers:
			t.Errorf("%d blocks of %d layers", len(m.Blocks), m.Config.Layers)
		case err != nil && strings.ContainsAny(err.Error(), "\x1b\r"):
			t.Errorf("%q is not fit for a terminal", err)
		}
	})
}

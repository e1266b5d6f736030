package model_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"attn/internal/model/weights"
	"attn/internal/safetensors"
	"attn/internal/tensor"
	"attn/internal/trace"
)

// TestQuantisedGGUF holds quantised files to what transformers computes with the
// numbers that gguf-py makes of their blocks (tools/reference/quantised.py).
func TestQuantisedGGUF(t *testing.T) {
	files, err := filepath.Glob("../../testdata/gguf/*.gguf")
	if err != nil || len(files) < 9 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	met := map[tensor.DType]bool{}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".gguf"), func(t *testing.T) {
			types := typesOf(t, path)
			for _, d := range types {
				met[d] = true
			}
			want := quantisedReference(t, path)
			compareGGUF(t, path, want)
			t.Logf("its types: %v", types)
		})
	}
	for _, d := range tensor.DTypes() {
		if d != tensor.F8E4M3 && d != tensor.F8E5M2 && !met[d] { // GGUF has no such types
			t.Errorf("no file holds %v", d)
		}
	}
}

// typesOf lists the types of a file's tensors.
func typesOf(t *testing.T, path string) []tensor.DType {
	t.Helper()
	file, err := weights.OpenGGUF(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var types []tensor.DType
	for _, name := range file.Tensors.Names() {
		if w, _ := file.Tensors.Get(name); !slices.Contains(types, w.DType) {
			types = append(types, w.DType)
		}
	}
	slices.Sort(types)
	return types
}

// quantisedReference loads the trace beside a file, which names the bytes that
// it was made of.
func quantisedReference(t *testing.T, path string) *trace.Trace {
	t.Helper()
	beside := strings.TrimSuffix(path, ".gguf") + ".safetensors"
	data, err := os.ReadFile(beside)
	if err != nil {
		t.Fatal(err)
	}
	header, err := safetensors.ReadHeader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	model, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(model)
	if got := hex.EncodeToString(sum[:]); header.Metadata["attn.weights_sha256"] != got {
		t.Errorf("%s was made of other weights", beside)
	}
	want, err := trace.Load(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return want
}

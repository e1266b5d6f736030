package weights

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"attn/internal/safetensors"
	"attn/internal/tensor"
)

// bigFile writes a file of one tensor that spans many pages.
func bigFile(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	numbers := make([]float32, 1<<18)
	err := safetensors.Write(&b, nil, []safetensors.Tensor{{Name: "w", DType: tensor.F32, Shape: []int{len(numbers)}, Data: safetensors.Floats(numbers)}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// shrunk opens a file and then cuts it short, which Windows does not allow
// while it is mapped.
func shrunk(t *testing.T) (*Set, Tensor) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a mapped file cannot be cut short")
	}
	path := bigFile(t)
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w, _ := s.Get("w")
	if err := os.Truncate(path, 1<<16); err != nil {
		t.Fatal(err)
	}
	return s, w
}

// TestReadingAShrunkFile: whatever way the bytes are read, in Go, in the
// runtime's assembly or on another goroutine, it is an error.
func TestReadingAShrunkFile(t *testing.T) {
	s, w := shrunk(t)
	numbers := make([]float32, 1<<18)
	read := map[string]func() error{
		"decode": func() error { tensor.Decode(numbers, w.DType, w.Bytes); return nil },
		"copy":   func() error { copy(make([]byte, len(w.Bytes)), w.Bytes); return nil },
		"search": func() error { bytes.IndexByte(w.Bytes, 1); return nil },
		"string": func() error { _ = string(w.Bytes); return nil },
		"loop": func() error {
			sum := 0
			for _, b := range w.Bytes {
				sum += int(b)
			}
			return fmt.Errorf("the bytes' sum is %d", sum)
		},
		"floats": func() error { Floats(w); return nil },
		"twice":  func() error { return tensor.Guard(func() error { Floats(w); return nil }) },
	}
	for name, f := range read {
		for range 3 { // a fault leaves nothing behind
			var fault *tensor.FaultError
			if err := tensor.Guard(f); !errors.As(err, &fault) {
				t.Fatalf("%s: got %v", name, err)
			}
		}
	}
	want := "the file changed while it was in use: it had 1048656 bytes, now it has 65536"
	if err := s.Changed(); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := s.CheckFinite(); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("CheckFinite: got %v, want %s", err, want)
	}
}

// TestOpeningAShrinkingFile: it may happen while the header is read.
func TestOpeningAShrinkingFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a mapped file cannot be cut short")
	}
	path := bigFile(t)
	err := newSet().open(path, path, func(_ string, data []byte) error {
		if err := os.Truncate(path, 1<<16); err != nil {
			return err
		}
		return fmt.Errorf("read %d", data[len(data)-1])
	})
	want := path + ": the file changed while it was in use: it had 1048656 bytes, now it has 65536"
	if errorText(err) != want {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
}

// TestGuardOnEveryGoroutine: several at once, as a backend's workers.
func TestGuardOnEveryGoroutine(t *testing.T) {
	_, w := shrunk(t)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			var fault *tensor.FaultError
			if err := tensor.Guard(func() error { Floats(w); return nil }); !errors.As(err, &fault) {
				t.Errorf("got %v", err)
			}
		})
	}
	wait.Wait()
}

func TestChanged(t *testing.T) {
	path := bigFile(t)
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Changed(); err != nil {
		t.Fatal(err)
	}
	when := time.Date(2001, 2, 3, 4, 5, 6, 0, time.Local)
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
	want := path + ": the file changed while it was in use: it was written at 04:05:06"
	if err := s.Changed(); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if runtime.GOOS == "windows" {
		return // which keeps a mapped file's name taken
	}
	if err := os.Rename(bigFile(t), path); err != nil {
		t.Fatal(err)
	}
	if err := s.Changed(); err != nil {
		t.Errorf("a file that was replaced is still what it was: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := s.Changed(); err != nil {
		t.Errorf("a file that was removed is still what it was: %v", err)
	}
}

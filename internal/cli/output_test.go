package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestWriteIsWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "result")
	a := NewApp(io.Discard, io.Discard)
	half := errors.New("half way")
	produce := func(text string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			if _, err := io.WriteString(w, text); err != nil {
				return err
			}
			return err
		}
	}
	holds := func(want string) {
		t.Helper()
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("the file holds %q (%v), want %q", got, err, want)
		}
		if files, _ := os.ReadDir(dir); len(files) != 1 {
			t.Errorf("there are %d files, want 1", len(files))
		}
	}

	if err := a.Write(path, produce("never", half)); !errors.Is(err, half) {
		t.Errorf("Write() = %v, want the producer's error", err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("there are %d files, want none", len(files))
	}
	if err := a.Write(path, produce("first", nil)); err != nil {
		t.Fatal(err)
	}
	holds("first")
	if err := a.Write(path, produce("second", half)); !errors.Is(err, half) {
		t.Errorf("Write() = %v, want the producer's error", err)
	}
	holds("first")
	if err := a.Write(path, produce("third", nil)); err != nil {
		t.Fatal(err)
	}
	holds("third")
}

func TestTemporaryFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	var temps tempFiles
	for range 3 {
		f, err := temps.create(dir, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
	}
	temps.removeAll()
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("%d temporary files are left", len(files))
	}
}

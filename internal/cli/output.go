package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"

	"attn/internal/render/text"
)

// Results is where results go: buffered, and it remembers the first write that
// failed, so that a full disk is noticed even where nobody looked.
type Results struct {
	name   string // what its user calls it
	buffer *bufio.Writer
	err    error
}

func newResults(w io.Writer, name string) *Results {
	return &Results{name: name, buffer: bufio.NewWriterSize(w, 1<<16)}
}

// Write implements io.Writer.
func (r *Results) Write(p []byte) (int, error) {
	n, err := r.buffer.Write(p)
	return n, r.keep(err)
}

// Flush writes what is still in the buffer, and returns the first error of any
// write so far.
func (r *Results) Flush() error { return r.keep(r.buffer.Flush()) }

func (r *Results) keep(err error) error {
	if err != nil && r.err == nil {
		r.err = cannotWrite(r.name, err)
	}
	return r.err
}

// Write sends a command's result to path, or to standard output when path is
// empty or "-". A file appears whole or not at all.
func (a *App) Write(path string, produce func(io.Writer) error) error {
	if path == "" || path == "-" {
		return produce(a.Out)
	}
	return a.writeFile(path, produce)
}

// textOptions is how text is drawn where the flags send it.
func (a *App) textOptions(out *outputFlags, look *lookFlags) (text.Options, error) {
	t, err := look.theme()
	if err != nil {
		return text.Options{}, err
	}
	o := text.Options{Width: a.Width(), Profile: a.Profile(), Theme: t, Verbose: look.Verbose}
	if out.toFile() {
		o.Profile = a.FileProfile()
	}
	return o, nil
}

// writeFile writes a temporary file beside path and renames it. What exists
// and is no regular file, such as /dev/null or a pipe, is written in place.
func (a *App) writeFile(path string, produce func(io.Writer) error) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // the file that a link leads to is replaced, not the link
	}
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return failf("cannot write: %s: it is a folder", path)
	}
	if err == nil && !info.Mode().IsRegular() {
		return writeInPlace(path, produce)
	}
	mode := fs.FileMode(0o666) // less the umask
	if err == nil {
		mode = info.Mode().Perm()
	}
	temp, err := a.temps.create(filepath.Dir(path), mode)
	if err != nil {
		return cannotWrite(path, err)
	}
	defer a.temps.remove(temp.Name())
	if err := fill(temp, path, produce); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return cannotWrite(path, err)
	}
	return nil
}

func writeInPlace(path string, produce func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return cannotWrite(path, err)
	}
	return fill(f, path, produce)
}

// fill writes and closes a file. path is what its user calls it.
func fill(f *os.File, path string, produce func(io.Writer) error) error {
	out := newResults(f, path)
	err := produce(out)
	if err == nil {
		err = out.Flush()
	}
	if closed := f.Close(); err == nil && closed != nil {
		err = cannotWrite(path, closed)
	}
	return err
}

// cannotWrite names the file that its user asked for, not the temporary one
// that the error is about.
func cannotWrite(path string, err error) error {
	var named *fs.PathError
	var linked *os.LinkError
	switch {
	case errors.As(err, &named):
		err = named.Err
	case errors.As(err, &linked):
		err = linked.Err
	}
	return failf("cannot write: %s: %w", path, err)
}

// tempFiles are the files that are being written. They are kept so that an
// interrupt that cannot wait for the writer removes them.
type tempFiles struct {
	mu    sync.Mutex
	paths map[string]bool
	over  bool // no more files: the process is about to end
}

func (t *tempFiles) create(dir string, mode fs.FileMode) (*os.File, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return nil, errors.New("interrupted")
	}
	for {
		name := filepath.Join(dir, fmt.Sprintf(".attn-%08x.tmp", rand.Uint32()))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if t.paths == nil {
			t.paths = map[string]bool{}
		}
		t.paths[name] = true
		return f, nil
	}
}

// remove deletes a temporary file; after the rename there is none.
func (t *tempFiles) remove(path string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.paths, path)
	_ = os.Remove(path)
}

// removeAll deletes all of them and lets no new ones be made.
func (t *tempFiles) removeAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	for path := range t.paths {
		_ = os.Remove(path)
	}
}

// writeJSON writes a value as indented JSON.
func writeJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

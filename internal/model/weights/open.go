package weights

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/edsrzf/mmap-go"

	"attn/internal/tensor"
)

// Open maps a safetensors file.
//
// Another program may shorten a file while it is mapped. Whoever reads the
// tensors' bytes does so within the Set's Guard, or tensor.Guard, on each
// goroutine, and asks Changed when it is done.
func Open(path string) (*Set, error) {
	s := newSet()
	if err := s.open(path, path, s.add); err != nil {
		return nil, err
	}
	return s, nil
}

// open maps a file and lets parse take in what it holds; name stands for it in
// errors. If that fails, the Set is closed.
func (s *Set) open(name, path string, parse func(name string, data []byte) error) error {
	f, err := mapFile(name, path)
	if err == nil {
		s.files = append(s.files, f)
		err = s.Guard(func() error { return parse(name, f.data) })
	}
	if err != nil {
		_ = s.Close() // the file is refused already, for a better reason
	}
	return err
}

// mapped is a file in memory.
type mapped struct {
	name string // for errors
	path string
	info os.FileInfo // when it was opened
	data mmap.MMap
}

// mapFile maps a file read-only. What is not a regular file is refused before
// it is opened, since opening a pipe waits for a writer.
func mapFile(name, path string) (*mapped, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", name)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // the mapping outlives the descriptor
	if info, err = f.Stat(); err != nil {
		return nil, err
	}
	m := &mapped{name: name, path: path, info: info}
	if info.Size() == 0 {
		return m, nil // nothing cannot be mapped
	}
	if int64(int(info.Size())) != info.Size() {
		return nil, fmt.Errorf("%s: %d bytes are more than this machine can map", name, info.Size())
	}
	if m.data, err = mmap.MapRegion(f, int(info.Size()), mmap.RDONLY, 0, 0); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// unmap gives the memory back.
func (m *mapped) unmap() error {
	if m.data == nil {
		return nil
	}
	return m.data.Unmap()
}

// changed compares the file with what it was when it was opened. A file that
// was deleted or replaced is still in the mapping, as it was.
func (m *mapped) changed() error {
	now, err := os.Stat(m.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !os.SameFile(now, m.info):
		return nil
	case now.Size() != m.info.Size():
		return fmt.Errorf("%s: the file changed while it was in use: it had %d bytes, now it has %d", m.name, m.info.Size(), now.Size())
	case !now.ModTime().Equal(m.info.ModTime()):
		return fmt.Errorf("%s: the file changed while it was in use: it was written at %s", m.name, now.ModTime().Format("15:04:05"))
	}
	return nil
}

// Changed returns an error if one of the files was written to since it was
// opened: its numbers, and what was computed from them, cannot be trusted. It
// costs a look at each file's entry.
func (s *Set) Changed() error {
	for _, f := range s.files {
		if err := f.changed(); err != nil {
			return err
		}
	}
	return nil
}

// Guard is tensor.Guard with an error that names the file, if one of them
// shrank.
func (s *Set) Guard(f func() error) error {
	err := tensor.Guard(f)
	if _, fault := err.(*tensor.FaultError); !fault { //nolint:errorlint // Guard returns it as it is
		return err
	}
	if changed := s.Changed(); changed != nil {
		return changed
	}
	return err
}

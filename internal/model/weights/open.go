package weights

import (
	"fmt"
	"os"

	"github.com/edsrzf/mmap-go"
)

// Open maps a safetensors file. A file that another program shortens while it
// is mapped ends this one, as it does for every program that maps files.
func Open(path string) (*Set, error) {
	data, unmap, err := mapFile(path)
	if err != nil {
		return nil, err
	}
	s, err := Parse(path, data)
	if err != nil {
		_ = unmap() // the file is refused already, for a better reason
		return nil, err
	}
	s.closers = append(s.closers, unmap)
	return s, nil
}

// mapFile maps a file read-only. What is not a regular file is refused before
// it is opened, since opening a pipe waits for a writer.
func mapFile(path string) ([]byte, func() error, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s: not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close() // the mapping outlives the descriptor
	if info.Size() == 0 {
		return nil, func() error { return nil }, nil // nothing cannot be mapped
	}
	m, err := mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, m.Unmap, nil
}

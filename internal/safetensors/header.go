// Package safetensors reads and writes the safetensors format: a length, a
// JSON header that names each tensor's dtype, shape and place, and the bytes.
//
//	bytes 0..7    N, the header's length, little-endian
//	bytes 8..8+N  the header, a JSON object
//	the rest      the buffer; offsets in the header count from its start
//
// The reader is strict. A file must describe every byte of itself exactly once,
// because a reader that shrugs at gaps, overlaps or repeated keys shows other
// numbers than the next reader does, from the same file.
package safetensors

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// What a file may not exceed. The header's limit is the reference reader's;
// the others only keep a hostile header from costing memory: the largest real
// files have tens of thousands of tensors, names of about 100 bytes and 5
// dimensions.
const (
	maxHeader  = 100_000_000
	maxTensors = 1 << 18
	maxName    = 4096
	maxDims    = 32
	prefixSize = 8 // of the header's length
)

// Info is one tensor as the header describes it.
type Info struct {
	Name       string
	DType      string // the format's own name, such as "BF16" or "I64"
	Shape      []int  // outermost first; empty for a scalar
	Begin, End int64  // the bytes [Begin, End) of the buffer
}

// Header is what a file says about itself.
type Header struct {
	Tensors   []Info            // by their place in the buffer, without gaps
	Metadata  map[string]string // nil if the file has none
	DataStart int64             // where in the file the buffer begins
	Size      int64             // of the whole file
}

// ReadHeader reads and checks the header of a file of the given size. It
// allocates in proportion to the header, and nothing before it has seen that
// the header fits the file.
func ReadHeader(r io.ReaderAt, size int64) (*Header, error) {
	length, err := headerLength(r, size)
	if err != nil {
		return nil, err
	}
	text := make([]byte, length)
	if err := readFull(r, text, prefixSize); err != nil {
		return nil, err
	}
	h, err := parseHeader(text)
	if err != nil {
		return nil, err
	}
	h.DataStart, h.Size = prefixSize+length, size
	return h, checkLayout(h)
}

// headerLength reads the first 8 bytes and compares them with what is there.
func headerLength(r io.ReaderAt, size int64) (int64, error) {
	if size < prefixSize {
		return 0, fmt.Errorf("too short for a safetensors file: the header's length takes %d bytes, the file has %d", prefixSize, size)
	}
	var prefix [prefixSize]byte
	if err := readFull(r, prefix[:], 0); err != nil {
		return 0, err
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	if length > uint64(size-prefixSize) {
		return 0, fmt.Errorf("header says %d bytes at offset 0, the file has %d", length, size)
	}
	if length > maxHeader {
		return 0, fmt.Errorf("header says %d bytes at offset 0, the limit is %d", length, maxHeader)
	}
	return int64(length), nil
}

// readFull fills p from offset; a file that ends early is an error that says so.
func readFull(r io.ReaderAt, p []byte, offset int64) error {
	n, err := r.ReadAt(p, offset)
	switch {
	case n == len(p):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return fmt.Errorf("the file ends at offset %d, where its header should go on", offset+int64(n))
	}
	return fmt.Errorf("reading the header: %w", err)
}

package ptx

import (
	"encoding/binary"
	"fmt"
)

// Address is a place in global memory.
type Address uint64

// Buffers lie this far apart, so that an index that runs out of one cannot
// arrive in another.
const apart = 1 << 40

// maxBuffer bounds what one allocation may take.
const maxBuffer = 1 << 31

// Memory is a GPU's global memory: buffers, each of which knows which of its
// bytes were written, and by whom.
type Memory struct {
	buffers []*space
}

// space is a stretch of bytes: a buffer in global memory or a shared variable.
type space struct {
	name    string
	bytes   []byte
	written []bool
	seen    []access // of each grain; nil until a kernel runs
	sources []uint16 // how many copies on their way read each grain; nil until one does
	grain   int      // bytes
	freed   bool
}

func newSpace(name string, size int) *space {
	return &space{name: name, bytes: make([]byte, size), written: make([]bool, size)}
}

// Alloc returns a new buffer of size bytes that nobody has written.
func (m *Memory) Alloc(size int) (Address, error) {
	if size < 0 || size > maxBuffer {
		return 0, fmt.Errorf("a buffer of %d bytes: at most %d", size, maxBuffer)
	}
	m.buffers = append(m.buffers, newSpace("global memory", size))
	return Address(len(m.buffers)) * apart, nil
}

// Buffers returns the sizes of all buffers that there ever were; 0 of those given
// back.
func (m *Memory) Buffers() []int {
	sizes := make([]int, len(m.buffers))
	for i, s := range m.buffers {
		sizes[i] = len(s.bytes)
	}
	return sizes
}

// Free gives a buffer back: what reads or writes it later is out of bounds.
func (m *Memory) Free(at Address) error {
	s, offset, err := m.find(uint64(at), 0)
	if err != nil {
		return err
	}
	if offset != 0 || s.freed {
		return fmt.Errorf("address %#x is not the begin of a buffer", uint64(at))
	}
	*s = space{name: s.name, freed: true}
	return nil
}

// Write copies bytes into a buffer.
func (m *Memory) Write(at Address, data []byte) error {
	s, offset, err := m.find(uint64(at), len(data))
	if err != nil {
		return err
	}
	copy(s.bytes[offset:], data)
	for i := range data {
		s.written[offset+i] = true
	}
	return nil
}

// Read copies bytes out of a buffer; it is an error when nobody wrote them.
func (m *Memory) Read(at Address, data []byte) error {
	s, offset, err := m.find(uint64(at), len(data))
	if err != nil {
		return err
	}
	for i := range data {
		if !s.written[offset+i] {
			return fmt.Errorf("byte %d of a buffer of %d was never written", offset+i, len(s.bytes))
		}
	}
	copy(data, s.bytes[offset:])
	return nil
}

// WriteFloats copies numbers into a buffer.
func (m *Memory) WriteFloats(at Address, values []float32) error {
	data := make([]byte, 4*len(values))
	if _, err := binary.Encode(data, binary.LittleEndian, values); err != nil {
		return err
	}
	return m.Write(at, data)
}

// ReadFloats copies numbers out of a buffer.
func (m *Memory) ReadFloats(at Address, values []float32) error {
	data := make([]byte, 4*len(values))
	if err := m.Read(at, data); err != nil {
		return err
	}
	_, err := binary.Decode(data, binary.LittleEndian, values)
	return err
}

// find returns the buffer that holds size bytes from an address on.
func (m *Memory) find(at uint64, size int) (*space, int, error) {
	number, offset := at/apart, at%apart
	if number < 1 || number > uint64(len(m.buffers)) {
		return nil, 0, fmt.Errorf("address %#x is in no buffer", at)
	}
	s := m.buffers[number-1]
	if offset+uint64(size) > uint64(len(s.bytes)) {
		return nil, 0, fmt.Errorf("bytes %d to %d of a buffer of %d", offset, offset+uint64(size)-1, len(s.bytes))
	}
	return s, int(offset), nil
}

// findShared returns the shared variable that holds size bytes from an address on.
func (b *block) findShared(at uint64, size int) (*space, int, error) {
	number := at / sharedApart
	if number >= uint64(len(b.shared)) {
		return nil, 0, fmt.Errorf("address %#x is in no shared variable", at)
	}
	s, offset := b.shared[number], int(at-b.kernel.variables[number].at)
	if offset < 0 || offset+size > len(s.bytes) {
		return nil, 0, fmt.Errorf("bytes %d to %d of the %d of %s", offset, offset+size-1, len(s.bytes), s.name)
	}
	return s, offset, nil
}

// load returns a little-endian number of size bytes.
func (s *space) load(offset, size int) uint64 {
	switch size {
	case 1:
		return uint64(s.bytes[offset])
	case 2:
		return uint64(binary.LittleEndian.Uint16(s.bytes[offset:]))
	case 4:
		return uint64(binary.LittleEndian.Uint32(s.bytes[offset:]))
	}
	return binary.LittleEndian.Uint64(s.bytes[offset:])
}

// store writes a little-endian number of size bytes.
func (s *space) store(offset, size int, value uint64) {
	for i := range size {
		s.bytes[offset+i] = byte(value >> (8 * i))
		s.written[offset+i] = true
	}
}

// unwritten returns the first byte of a stretch that nobody wrote, or -1.
func (s *space) unwritten(offset, size int) int {
	for i := offset; i < offset+size; i++ {
		if !s.written[i] {
			return i
		}
	}
	return -1
}

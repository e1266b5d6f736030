package weights

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// What a GGUF file may not exceed. The first two are the format's readers'
// (llama.cpp, ggml/src/gguf.cpp), the next ones its specification's
// (ggml/docs/gguf.md); the last two only keep a hostile file from costing
// memory: real ones have a hundred keys and a few thousand tensors.
const (
	maxString     = 1 << 30
	maxArray      = 1 << 30
	maxKey        = 1<<16 - 1
	maxTensorName = 63 // the specification says 64; the reader's room includes a NUL
	maxTensorDims = 4
	maxKeys       = 1 << 14
	maxTensors    = 1 << 16
)

// defaultAlignment is where tensors begin unless general.alignment says so.
const (
	alignmentKey     = "general.alignment"
	defaultAlignment = 32
)

// GGUF is a file of llama.cpp's format: keys with values, which describe the
// model and its tokenizer, and tensors. Values are read where they lie, so they
// too must be asked for before Close, and within the Guard of Tensors.
type GGUF struct {
	Version int
	Tensors *Set

	keys   []string // as they lie in the file
	values map[string]value
}

// OpenGGUF maps a GGUF file. It reads what stands before the tensors' data and
// nothing of the data.
func OpenGGUF(path string) (*GGUF, error) {
	g := newGGUF()
	if err := g.Tensors.open(path, path, g.parse); err != nil {
		return nil, err
	}
	return g, nil
}

// ParseGGUF reads a GGUF file that is already in memory. The result refers to
// data; name stands for it in errors.
func ParseGGUF(name string, data []byte) (*GGUF, error) {
	g := newGGUF()
	if err := g.parse(name, data); err != nil {
		return nil, err
	}
	return g, nil
}

func newGGUF() *GGUF {
	return &GGUF{Tensors: newSet(), values: make(map[string]value)}
}

// Close unmaps the file. Neither tensors nor values may be used after it.
func (g *GGUF) Close() error {
	g.keys, g.values = nil, nil
	return g.Tensors.Close()
}

// parse reads everything but the data: counts, keys and values, the tensors'
// descriptions, which say where the data must lie.
func (g *GGUF) parse(name string, data []byte) error {
	infos, start, err := g.parseHeader(data)
	if err == nil {
		err = checkPlaces(infos, data[start:], g.alignment())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, t := range infos {
		begin := start + int(t.offset)
		end := begin + int(t.size)
		t.Bytes = data[begin:end:end]
		if err := g.Tensors.put(name, t.Tensor); err != nil {
			return err
		}
	}
	return nil
}

// parseHeader returns the tensors' descriptions and where their data begins.
func (g *GGUF) parseHeader(data []byte) ([]tensorInfo, int, error) {
	c := &cursor{data: data}
	tensors, keys, err := g.parseCounts(c)
	if err != nil {
		return nil, 0, err
	}
	for range keys {
		if err := g.parsePair(c); err != nil {
			return nil, 0, err
		}
	}
	if err := g.checkAlignment(); err != nil {
		return nil, 0, err
	}
	infos, err := parseInfos(c, tensors)
	if err != nil {
		return nil, 0, err
	}
	start := padded(uint64(c.at), g.alignment())
	if len(infos) > 0 && start > uint64(len(data)) {
		return nil, 0, c.short("the tensors' data")
	}
	return infos, int(min(start, uint64(len(data)))), nil
}

// parseCounts reads the first 24 bytes.
func (g *GGUF) parseCounts(c *cursor) (tensors, keys int, err error) {
	if magic := c.data[:min(4, len(c.data))]; !bytes.Equal(magic, []byte("GGUF")) {
		return 0, 0, fmt.Errorf("not a GGUF file: it begins with %q, not \"GGUF\"", magic)
	}
	c.at = 4
	version, err := c.u32("the version")
	if err != nil {
		return 0, 0, err
	}
	if err := checkVersion(version); err != nil {
		return 0, 0, err
	}
	g.Version = int(version)
	// a name's length, no name, no dimensions, type, offset
	if tensors, err = c.count("tensors", 8+4+4+8, maxTensors); err != nil {
		return 0, 0, err
	}
	// a key's length, one letter, type, a byte; the counts are not yet read
	if keys, err = c.count("keys", 8+1+4+1, maxKeys); err != nil {
		return 0, 0, err
	}
	return tensors, keys, nil
}

// checkVersion: 2 and 3 are the same, but that 3 also allows big-endian files,
// which nothing marks; the version's own bytes give them away.
func checkVersion(version uint32) error {
	switch {
	case version == 2 || version == 3:
		return nil
	case version != 0 && version&0xffff == 0:
		return fmt.Errorf("the file is big-endian (version %#08x): attn reads little-endian GGUF", version)
	}
	return fmt.Errorf("GGUF version %d: attn reads versions 2 and 3", version)
}

// parsePair reads one key and its value.
func (g *GGUF) parsePair(c *cursor) error {
	at := c.at
	key, err := c.text("a key", maxKey)
	if err != nil {
		return err
	}
	if key == "" {
		return fmt.Errorf("an empty key at offset %d", at)
	}
	if _, twice := g.values[key]; twice {
		return fmt.Errorf("the key %s is there twice, again at offset %d", quote(key), at)
	}
	v, err := parseValue(c, key)
	if err != nil {
		return err
	}
	g.values[key] = v
	g.keys = append(g.keys, key)
	return nil
}

// checkAlignment: the specification asks for a multiple of 8, its readers for a
// power of two.
func (g *GGUF) checkAlignment() error {
	v, ok := g.values[alignmentKey]
	if !ok {
		return nil
	}
	if v.kind != kindU32 || v.array {
		return fmt.Errorf("%s is of type %v, not u32", alignmentKey, v)
	}
	if a := g.alignment(); a == 0 || a&(a-1) != 0 {
		return fmt.Errorf("%s is %d, not a power of two", alignmentKey, a)
	}
	return nil
}

// alignment returns the power of two at whose multiples tensors begin.
func (g *GGUF) alignment() uint64 {
	if v, ok := g.values[alignmentKey]; ok {
		return uint64(binary.LittleEndian.Uint32(v.raw))
	}
	return defaultAlignment
}

// padded rounds up to a multiple of a power of two.
func padded(n, alignment uint64) uint64 {
	return (n + alignment - 1) &^ (alignment - 1)
}

// Keys returns the names of all values, in the order of the file.
func (g *GGUF) Keys() []string { return slices.Clone(g.keys) }

package weights

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

// cursor walks through a file in memory. Whatever it is asked for, it compares
// with what is left before anything is allocated.
type cursor struct {
	data []byte
	at   int
}

// left returns how many bytes come.
func (c *cursor) left() uint64 { return uint64(len(c.data) - c.at) }

// short is the error of a file that ends too early.
func (c *cursor) short(what string) error {
	return fmt.Errorf("the file is cut short: it has %d bytes, %s should go on after offset %d", len(c.data), what, c.at)
}

// take returns the next n bytes.
func (c *cursor) take(n uint64, what string) ([]byte, error) {
	if n > c.left() {
		return nil, c.short(what)
	}
	begin := c.at
	c.at += int(n)
	return c.data[begin:c.at:c.at], nil
}

// u32 reads a 32-bit number.
func (c *cursor) u32(what string) (uint32, error) {
	b, err := c.take(4, what)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

// u64 reads a 64-bit number.
func (c *cursor) u64(what string) (uint64, error) {
	b, err := c.take(8, what)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// count reads how many things come, each of which takes at least so many bytes.
func (c *cursor) count(things string, atLeast, limit uint64) (int, error) {
	at := c.at
	n, err := c.u64("the number of " + things)
	if err != nil {
		return 0, err
	}
	if n > math.MaxInt64 {
		return 0, fmt.Errorf("the number of %s at offset %d is negative: %d", things, at, int64(n))
	}
	if n > c.left()/atLeast {
		return 0, fmt.Errorf("%d %s, says offset %d, do not fit the file's %d bytes", n, things, at, len(c.data))
	}
	if n > limit {
		return 0, fmt.Errorf("%d %s, says offset %d, the limit is %d", n, things, at, limit)
	}
	return int(n), nil
}

// bytes reads a length and as many bytes.
func (c *cursor) bytes(what string, limit uint64) ([]byte, error) {
	at := c.at
	n, err := c.u64(what)
	if err != nil {
		return nil, err
	}
	if n > c.left() {
		return nil, fmt.Errorf("%s has %d bytes, says offset %d, the file has %d more", what, n, at, c.left())
	}
	if n > limit {
		return nil, fmt.Errorf("%s has %d bytes, says offset %d, the limit is %d", what, n, at, limit)
	}
	return c.take(n, what)
}

// text reads a name, which must be UTF-8; it is a copy.
func (c *cursor) text(what string, limit uint64) (string, error) {
	at := c.at
	b, err := c.bytes(what, limit)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(b) {
		return "", fmt.Errorf("%s is not UTF-8 at offset %d: %s", what, at, quote(string(b[:min(len(b), maxTensorName)])))
	}
	return string(b), nil
}

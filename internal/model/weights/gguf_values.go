package weights

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// kind is a value's type, or an array's elements', by the format's number.
type kind uint32

// The types of values.
const (
	kindU8 kind = iota
	kindI8
	kindU16
	kindI16
	kindU32
	kindI32
	kindF32
	kindBool
	kindString
	kindArray
	kindU64
	kindI64
	kindF64
)

// String returns the kind's name.
func (k kind) String() string {
	names := [...]string{"u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64"}
	if int64(k) < int64(len(names)) {
		return names[k]
	}
	return fmt.Sprintf("unknown (%d)", uint32(k))
}

// size returns how many bytes a value takes; 0 if that depends on the value.
func (k kind) size() uint64 {
	switch k {
	case kindU8, kindI8, kindBool:
		return 1
	case kindU16, kindI16:
		return 2
	case kindU32, kindI32, kindF32:
		return 4
	case kindU64, kindI64, kindF64:
		return 8
	}
	return 0
}

// value is a key's value, not yet looked at: its bytes in the file.
type value struct {
	kind  kind
	array bool
	count int    // of an array's elements
	raw   []byte // a string's without its length, an array's strings with theirs
}

// String describes the value's type.
func (v value) String() string {
	if v.array {
		return fmt.Sprintf("array of %d %v", v.count, v.kind)
	}
	return v.kind.String()
}

// parseValue finds where a value ends.
func parseValue(c *cursor, key string) (value, error) {
	what := "the value of " + quote(key)
	id, err := c.u32(what)
	if err != nil {
		return value{}, err
	}
	v := value{kind: kind(id)}
	switch {
	case v.kind == kindArray:
		return parseArray(c, what)
	case v.kind == kindString:
		v.raw, err = c.bytes(what, maxString)
	case v.kind.size() > 0:
		v.raw, err = c.take(v.kind.size(), what)
	default:
		err = fmt.Errorf("%s is of %v type", what, v.kind)
	}
	if err != nil {
		return value{}, err
	}
	return v, v.checkBools(what)
}

// parseArray finds where an array ends, without a copy of it: it may be most
// of the file. Arrays of arrays are refused, as llama.cpp does.
func parseArray(c *cursor, what string) (value, error) {
	id, err := c.u32(what)
	if err != nil {
		return value{}, err
	}
	v := value{kind: kind(id), array: true}
	size := v.kind.size()
	if v.kind == kindString {
		size = 8 // at least
	}
	if size == 0 {
		return value{}, fmt.Errorf("%s is an array of %v type", what, v.kind)
	}
	if v.count, err = c.count("elements of "+what, size, maxArray); err != nil {
		return value{}, err
	}
	if v.kind == kindString {
		v.raw, err = skipStrings(c, v.count, what)
	} else {
		v.raw, err = c.take(uint64(v.count)*size, what)
	}
	if err != nil {
		return value{}, err
	}
	return v, v.checkBools(what)
}

// skipStrings returns the bytes of so many strings, with their lengths.
func skipStrings(c *cursor, count int, what string) ([]byte, error) {
	begin := c.at
	what = "a string in " + what
	for range count {
		if _, err := c.bytes(what, maxString); err != nil {
			return nil, err
		}
	}
	return c.data[begin:c.at:c.at], nil
}

// checkBools: a bool is 0 or 1, says the specification.
func (v value) checkBools(what string) error {
	if v.kind != kindBool {
		return nil
	}
	for _, b := range v.raw {
		if b > 1 {
			return fmt.Errorf("%s is a bool of %d, not 0 or 1", what, b)
		}
	}
	return nil
}

// isInteger reports whether a value's elements are whole numbers.
func (k kind) isInteger() bool {
	switch k {
	case kindU8, kindI8, kindU16, kindI16, kindU32, kindI32, kindU64, kindI64:
		return true
	}
	return false
}

// integer decodes element i; ok is false if it is no int64.
func (v value) integer(i int) (n int64, ok bool) {
	p := v.raw[i*int(v.kind.size()):]
	switch v.kind {
	case kindU8:
		return int64(p[0]), true
	case kindI8:
		return int64(int8(p[0])), true
	case kindU16:
		return int64(binary.LittleEndian.Uint16(p)), true
	case kindI16:
		return int64(int16(binary.LittleEndian.Uint16(p))), true
	case kindU32:
		return int64(binary.LittleEndian.Uint32(p)), true
	case kindI32:
		return int64(int32(binary.LittleEndian.Uint32(p))), true
	case kindU64:
		n = int64(binary.LittleEndian.Uint64(p))
		return n, n >= 0
	}
	return int64(binary.LittleEndian.Uint64(p)), true
}

// isFloat reports whether a value's elements are floating-point numbers.
func (k kind) isFloat() bool { return k == kindF32 || k == kindF64 }

// float decodes element i.
func (v value) float(i int) float64 {
	if v.kind == kindF32 {
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(v.raw[4*i:])))
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(v.raw[8*i:]))
}

// strings copies an array's strings, all into one: twice the array's bytes at
// most, however short they are.
func (v value) strings() []string {
	var all strings.Builder
	all.Grow(len(v.raw) - 8*v.count)
	for p := v.raw; len(p) > 0; {
		n := binary.LittleEndian.Uint64(p)
		all.Write(p[8 : 8+n])
		p = p[8+n:]
	}
	rest, texts := all.String(), make([]string, v.count)
	p := v.raw
	for i := range texts {
		n := binary.LittleEndian.Uint64(p)
		texts[i], rest = rest[:n], rest[n:]
		p = p[8+n:]
	}
	return texts
}

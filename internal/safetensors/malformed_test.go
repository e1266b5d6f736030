package safetensors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"
)

// file builds a file: the header's true length, the header, and n zero bytes.
func file(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	return append(b, make([]byte, n)...)
}

// prefix builds a file whose header's length says what it likes.
func prefix(length uint64, rest string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, length), rest...)
}

func read(b []byte) (*Header, error) {
	return ReadHeader(bytes.NewReader(b), int64(len(b)))
}

// f32 is an entry's value.
func f32(shape string, begin, end int64) string {
	return fmt.Sprintf(`{"dtype":"F32","shape":%s,"data_offsets":[%d,%d]}`, shape, begin, end)
}

func many(n int, entry func(i int) string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = entry(i)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func TestMalformed(t *testing.T) {
	cases := []struct {
		name string
		file []byte
		want string // part of the error
	}{
		{"no bytes", nil, "too short for a safetensors file"},
		{"seven bytes", make([]byte, 7), "the file has 7"},
		{"length over the limit", prefix(maxHeader+1, strings.Repeat(" ", maxHeader+1)), "header says 100000001 bytes at offset 0, the limit is 100000000"},
		{"length over the file", prefix(123456789, "{}"), "header says 123456789 bytes at offset 0, the file has 10"},
		{"length one over the file", prefix(3, "{}"), "header says 3 bytes at offset 0, the file has 10"},
		{"length that overflows", prefix(1<<64-1, "{}"), "header says 18446744073709551615 bytes at offset 0"},
		{"length whose sum overflows int64", prefix(1<<63-4, "{}"), "header says 9223372036854775804 bytes"},

		{"not UTF-8", file("\xff", 0), "not UTF-8: byte 0xff at offset 8"},
		{"not UTF-8 in a name", file("{\"a\xc0\":1}", 0), "offset 11"},
		{"half of a surrogate pair", file(`{"\ud83d":1}`, 0), `half of a surrogate pair, \ud83d, at offset 10`},
		{"the other half", file(`{"é\ude00":1}`, 0), `half of a surrogate pair, \ude00, at offset 12`},
		{"two first halves", file(`{"\ud83d\ud83d":1}`, 0), `half of a surrogate pair, \ud83d, at offset 10`},
		{"half, at the end", file(`{"\ud83d`, 0), "half of a surrogate pair"},
		{"a backslash at the end", file(`{"\`, 0), "stops short"},
		{"an escape that is cut short", file(`{"\u00`, 0), "stops short"},
		{"no header", file("", 0), "stops short at offset 8"},
		{"spaces only", file("   ", 0), "stops short"},
		{"unfinished", file("{", 0), "stops short at offset 9"},
		{"not an object", file("[]", 0), "the header is not a JSON object, at offset 9"},
		{"a number", file("1", 0), "the header is not a JSON object"},
		{"NUL padding", file("{}\x00\x00", 0), "goes on after its closing brace, at offset 10"},
		{"NUL in front", file("\x00{}", 0), "not JSON"},
		{"two objects", file("{}{}", 0), "goes on after its closing brace"},
		{"comma at the end", file(`{"a":`+f32("[]", 0, 4)+`,}`, 4), "not JSON"},
		{"a byte order mark", file("\ufeff{}", 0), "not JSON"},
		{"a control character in a string", file("{\"a\n\":1}", 0), "not JSON"},

		{"entry not an object", file(`{"a":1}`, 0), `tensor "a" is not a JSON object`},
		{"entry null", file(`{"a":null}`, 0), `tensor "a" is not a JSON object`},
		{"no dtype", file(`{"a":{"shape":[],"data_offsets":[0,4]}}`, 4), `tensor "a" lacks`},
		{"no shape", file(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4), `tensor "a" lacks`},
		{"no offsets", file(`{"a":{"dtype":"F32","shape":[]}}`, 4), `tensor "a" lacks`},
		{"unknown dtype", file(`{"a":{"dtype":"F31","shape":[],"data_offsets":[0,4]}}`, 4), `unknown dtype "F31"`},
		{"dtype in lower case", file(`{"a":{"dtype":"f32","shape":[],"data_offsets":[0,4]}}`, 4), `unknown dtype "f32"`},
		{"dtype a number", file(`{"a":{"dtype":32,"shape":[],"data_offsets":[0,4]}}`, 4), "dtype is not a string"},
		{"shape a number", file(`{"a":`+f32("1", 0, 4)+`}`, 4), `tensor "a" has a field shape that is not an array`},
		{"shape null", file(`{"a":`+f32("null", 0, 4)+`}`, 4), `tensor "a" has a field shape that is not an array`},
		{"shape of strings", file(`{"a":`+f32(`["1"]`, 0, 4)+`}`, 4), "not a size"},
		{"shape of arrays", file(`{"a":`+f32(`[[1]]`, 0, 4)+`}`, 4), "not a size"},
		{"negative size", file(`{"a":`+f32("[-1]", 0, 4)+`}`, 4), "not a size"},
		{"minus zero", file(`{"a":`+f32("[-0]", 0, 0)+`}`, 0), "not a size"},
		{"fraction", file(`{"a":`+f32("[1.0]", 0, 4)+`}`, 4), "not a size"},
		{"exponent", file(`{"a":`+f32("[1e0]", 0, 4)+`}`, 4), "not a size"},
		{"size over 64 bits", file(`{"a":`+f32("[18446744073709551616]", 0, 4)+`}`, 4), "not a size"},
		{"size over 63 bits", file(`{"a":`+f32("[9223372036854775808]", 0, 4)+`}`, 4), "not a size"},
		{"negative offset", file(`{"a":`+f32("[1]", -4, 0)+`}`, 4), "not a size"},
		{"one offset", file(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0]}}`, 4), "has 1 numbers instead of 2"},
		{"three offsets", file(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4,8]}}`, 4), "more than 2 numbers"},

		{"metadata null", file(`{"__metadata__":null}`, 0), "__metadata__ is not a JSON object"},
		{"metadata with a number", file(`{"__metadata__":{"a":1}}`, 0), `__metadata__: the value of "a" is not a string`},
		{"metadata with an object", file(`{"__metadata__":{"a":{}}}`, 0), `the value of "a" is not a string`},

		{"a name twice", file(`{"a":`+f32("[1]", 0, 4)+`,"a":`+f32("[1]", 4, 8)+`}`, 8), `the header has the key "a" twice`},
		{"a name twice, escaped", file(`{"a":`+f32("[1]", 0, 4)+`,"\u0061":`+f32("[1]", 4, 8)+`}`, 8), `the key "a" twice`},
		{"two empty tensors of one name", file(`{"a":`+f32("[0]", 0, 0)+`,"a":`+f32("[0]", 0, 0)+`}`, 0), `the key "a" twice`},
		{"metadata twice", file(`{"__metadata__":{},"__metadata__":{}}`, 0), `the key "__metadata__" twice`},
		{"a metadata key twice", file(`{"__metadata__":{"k":"1","k":"2"}}`, 0), `__metadata__ has the key "k" twice`},
		{"dtype twice", file(`{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), `tensor "a" has the key "dtype" twice`},
		{"an unknown field twice", file(`{"a":{"x":1,"x":2,"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), `the key "x" twice`},
		{"twice inside an unknown field", file(`{"a":{"x":[{"y":1,"y":2}],"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), `the key "y" twice`},

		{"does not begin at 0", file(`{"a":`+f32("[1]", 4, 8)+`}`, 8), "the bytes from 0 on belong to no tensor"},
		{"gap", file(`{"a":`+f32("[1]", 0, 4)+`,"b":`+f32("[1]", 8, 12)+`}`, 12), `tensor "b" begins at offset 8 of the buffer; the bytes from 4 on belong to no tensor`},
		{"overlap", file(`{"a":`+f32("[2]", 0, 8)+`,"b":`+f32("[1]", 4, 8)+`}`, 8), `tensor "b" begins at offset 4 of the buffer, inside tensor "a", which ends at 8`},
		{"two names for the same bytes", file(`{"a":`+f32("[1]", 0, 4)+`,"b":`+f32("[1]", 0, 4)+`}`, 4), "inside tensor"},
		{"an empty tensor inside another", file(`{"a":`+f32("[2]", 0, 8)+`,"b":`+f32("[0]", 4, 4)+`}`, 8), "inside tensor"},
		{"end before begin", file(`{"a":`+f32("[1]", 0, 4)+`,"b":`+f32("[1]", 4, 0)+`}`, 4), `tensor "b" ends at 0, before it begins at 4`},
		{"cut short", file(`{"a":`+f32("[2]", 0, 8)+`}`, 7), "cut short: its tensors need 8 bytes"},
		{"trailing byte", file(`{"a":`+f32("[2]", 0, 8)+`}`, 9), "1 bytes at offset 70, after the last tensor"},
		{"trailing byte, no tensors", file(`{}`, 1), "1 bytes at offset 10"},

		{"more bytes than the shape needs", file(`{"a":`+f32("[1]", 0, 8)+`}`, 8), `tensor "a": F32 [1] takes 4 bytes, data_offsets give it 8`},
		{"fewer bytes than the shape needs", file(`{"a":`+f32("[3]", 0, 8)+`}`, 8), "takes 12 bytes, data_offsets give it 8"},
		{"elements overflow", file(`{"a":`+f32("[4294967296,4294967296]", 0, 0)+`}`, 0), "overflows"},
		{"elements overflow before a zero", file(`{"a":`+f32("[4294967296,4294967296,0]", 0, 0)+`}`, 0), "overflows"},
		{"elements wrap to a small number", file(`{"a":`+f32("[4194305,4194305,211106198978564]", 0, 16)+`}`, 16), "overflows"},
		{"bits overflow", file(`{"a":`+f32("[1152921504606846976]", 0, 0)+`}`, 0), "overflows"},
		{"half a byte", file(`{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}`, 2), "not a whole number of bytes"},
		{"three quarters of a byte", file(`{"a":{"dtype":"F6_E2M3","shape":[1],"data_offsets":[0,1]}}`, 1), "not a whole number of bytes"},

		{"a long name", file(`{"`+strings.Repeat("n", maxName+1)+`":`+f32("[1]", 0, 4)+`}`, 4), "a tensor's name has 4097 bytes"},
		{"many dimensions", file(`{"a":`+f32("["+strings.Repeat("1,", maxDims)+"1]", 0, 4)+`}`, 4), "shape has more than 32 numbers"},
		{"deep nesting", file(`{"a":{"x":`+strings.Repeat("[", 1_000_000)+`}}`, 0), "nests deeper than 64"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := read(c.file)
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Fatalf("\n got %q\nwant %q in it", err, c.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("more than one line: %q", err)
			}
		})
	}
}

func TestTooManyTensors(t *testing.T) {
	if testing.Short() {
		t.Skip("a header of 14 MB")
	}
	header := many(maxTensors+1, func(i int) string { return fmt.Sprintf(`"%x":`, i) + f32("[0]", 0, 0) })
	_, err := read(file(header, 0))
	if err == nil || !strings.Contains(err.Error(), "more than 262144 tensors") {
		t.Fatalf("got %v", err)
	}
}

// TestAccepted holds what a strict reader must not refuse.
func TestAccepted(t *testing.T) {
	cases := []struct {
		name    string
		file    []byte
		tensors int
	}{
		{"the empty file of the format's description", append([]byte{8, 0, 0, 0, 0, 0, 0, 0, '{', '}'}, "      "...), 0},
		{"no padding", file("{}", 0), 0},
		{"spaces in front, other white space behind", file("  {}\n\t\r ", 0), 0},
		{"empty metadata", file(`{"__metadata__":{}}`, 0), 0},
		{"scalar", file(`{"a":`+f32("[]", 0, 4)+`}`, 4), 1},
		{"empty tensor", file(`{"a":`+f32("[2,0]", 0, 0)+`}`, 0), 1},
		{"empty tensor between two others", file(`{"z":`+f32("[1]", 0, 4)+`,"b":`+f32("[0]", 4, 4)+`,"a":`+f32("[1]", 4, 8)+`}`, 8), 3},
		{"not in the order of the offsets", file(`{"b":`+f32("[1]", 4, 8)+`,"a":`+f32("[1]", 0, 4)+`}`, 8), 2},
		{"a field that the format does not know", file(`{"a":{"x":{"y":[1,{"z":null}]},"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), 1},
		{"three times two thirds of a byte pair", file(`{"a":{"dtype":"F6_E3M2","shape":[4],"data_offsets":[0,3]}}`, 3), 1},
		{"two halves of a byte", file(`{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}`, 1), 1},
		{"a surrogate pair, and what looks like half of one", file(`{"\ud83d\ude00\\ud83d\u00e9\n":`+f32("[1]", 0, 4)+`}`, 4), 1},
		{"empty name", file(`{"":`+f32("[1]", 0, 4)+`}`, 4), 1},
		{"as many dimensions as may be", file(`{"a":`+f32("["+strings.Repeat("1,", maxDims-1)+"1]", 0, 4)+`}`, 4), 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h, err := read(c.file)
			if err != nil {
				t.Fatal(err)
			}
			if len(h.Tensors) != c.tensors {
				t.Fatalf("%d tensors, want %d", len(h.Tensors), c.tensors)
			}
			end := int64(0)
			for _, info := range h.Tensors {
				if info.Begin != end {
					t.Fatalf("tensors are not in the order of their offsets: %v", h.Tensors)
				}
				end = info.End
			}
		})
	}
}

// TestEveryDType checks the width of each: a file with too few bytes must fail.
func TestEveryDType(t *testing.T) {
	bytesOfFour := map[string]int{
		"F4": 2, "F6_E2M3": 3, "F6_E3M2": 3,
		"BOOL": 4, "U8": 4, "I8": 4, "F8_E5M2": 4, "F8_E4M3": 4, "F8_E8M0": 4, "F8_E4M3FNUZ": 4, "F8_E5M2FNUZ": 4,
		"I16": 8, "U16": 8, "F16": 8, "BF16": 8,
		"I32": 16, "U32": 16, "F32": 16,
		"C64": 32, "F64": 32, "I64": 32, "U64": 32,
	}
	for dtype, n := range bytesOfFour {
		for _, end := range []int{n - 1, n, n + 1} {
			_, err := read(file(fmt.Sprintf(`{"a":{"dtype":%q,"shape":[4],"data_offsets":[0,%d]}}`, dtype, end), end))
			if ok := err == nil; ok != (end == n) {
				t.Errorf("%s: 4 elements in %d bytes: %v", dtype, end, err)
			}
		}
	}
}

// TestShorterThanItSays is a file that shrank after its size was taken.
func TestShorterThanItSays(t *testing.T) {
	b := file(`{"a":`+f32("[1]", 0, 4)+`}`, 4)
	for _, n := range []int{0, 4, 8, 20} {
		_, err := ReadHeader(bytes.NewReader(b[:n]), int64(len(b)))
		want := fmt.Sprintf("the file ends at offset %d", n)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if _, err := ReadHeader(broken{}, 100); err == nil || !strings.Contains(err.Error(), io.ErrClosedPipe.Error()) {
		t.Errorf("the reader's own error is lost: %v", err)
	}
}

type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) { return 0, io.ErrClosedPipe }

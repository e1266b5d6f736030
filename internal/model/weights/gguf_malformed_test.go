package weights

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"attn/internal/tensor"
)

// patched is a file with some bytes written over.
func patched(b []byte, at int, with ...byte) []byte {
	b = bytes.Clone(b)
	copy(b[at:], with)
	return b
}

func TestMalformedGGUF(t *testing.T) {
	one := func(t madeTensor) []byte { return made{tensors: []madeTensor{t}}.bytes() }
	keys := func(pairs ...[]byte) []byte { return made{pairs: pairs}.bytes() }
	empty := made{}.bytes()
	eight := make([]byte, 8)
	cases := []struct {
		name string
		file []byte
		want string
	}{
		// header
		{"no bytes", nil, `not a GGUF file: it begins with "", not "GGUF"`},
		{"three bytes", []byte("GGU"), `it begins with "GGU"`},
		{"another magic", made{magic: "ggml"}.bytes(), `it begins with "ggml"`},
		{"a safetensors file", append(u64(nil, 2), "{}"...), `it begins with "\x02\x00\x00\x00"`},
		{"magic alone", []byte("GGUF"), "cut short: it has 4 bytes, the version should go on after offset 4"},
		{"version 0", patched(empty, 4, 0), "GGUF version 0: attn reads versions 2 and 3"},
		{"version 1", made{version: 1}.bytes(), "GGUF version 1: attn reads versions 2 and 3"},
		{"version 4", made{version: 4}.bytes(), "GGUF version 4"},
		{"big-endian", made{version: 3 << 24}.bytes(), "the file is big-endian (version 0x03000000)"},
		{"big-endian version 2", made{version: 2 << 24}.bytes(), "big-endian"},
		{"no counts", empty[:8], "the number of tensors should go on after offset 8"},
		{"no second count", empty[:16], "the number of keys should go on after offset 16"},
		{"negative number of tensors", made{countT: -1}.bytes(), "the number of tensors at offset 8 is negative: -1"},
		{"negative number of keys", made{countK: -5}.bytes(), "the number of keys at offset 16 is negative: -5"},
		{"huge number of tensors", made{countT: math.MaxInt64}.bytes(), "9223372036854775807 tensors, says offset 8, do not fit"},
		{"huge number of keys", made{countK: math.MaxInt64}.bytes(), "9223372036854775807 keys, says offset 16, do not fit"},
		{"more tensors than fit", made{countT: 3, afterwards: 48}.bytes(), "3 tensors, says offset 8, do not fit the file's 72 bytes"},
		{"more keys than fit", made{countK: 2, afterwards: 27}.bytes(), "2 keys, says offset 16, do not fit"},
		{"over the limit of tensors", made{countT: maxTensors + 1, afterwards: 24 * (maxTensors + 1)}.bytes(), "65537 tensors, says offset 8, the limit is 65536"},
		{"over the limit of keys", made{countK: maxKeys + 1, afterwards: 14 * (maxKeys + 1)}.bytes(), "16385 keys, says offset 16, the limit is 16384"},
		{"one tensor too few", made{tensors: []madeTensor{{name: "a", data: eight[:4]}, {name: "b", data: eight[:4]}}, countT: -1}.bytes(), "64 bytes after the last tensor"},

		// strings and arrays
		{"a key past the end", patched(keys(pair("k", kindU8, 1)), 24, 200), "a key has 200 bytes, says offset 24, the file has 6 more"},
		{"a key that wraps around", patched(keys(pair("k", kindU8, 1)), 24, bytes.Repeat([]byte{255}, 8)...), "a key has 18446744073709551615 bytes"},
		{"a key over the limit", keys(pair(strings.Repeat("k", 1<<16), kindU8, 1)), "a key has 65536 bytes, says offset 24, the limit is 65535"},
		{"a key not UTF-8", keys(pair("k\xff", kindU8, 1)), `a key is not UTF-8 at offset 24: "k\xff"`},
		{"a string past the end", keys(pair("k", kindString, u64(nil, 1)...)), `the value of "k" has 1 bytes, says offset 37, the file has 0 more`},
		{"a string that wraps around", keys(pair("k", kindString, u64(nil, math.MaxUint64-7)...)), "has 18446744073709551608 bytes"},
		{"a string's length cut short", keys(pair("k", kindString, 1, 0, 0)), `the value of "k" should go on`},
		{"an array past the end", keys(array("k", kindU32, 3, eight...)), `3 elements of the value of "k", says offset 41, do not fit`},
		{"an array that wraps around", keys(array("k", kindU32, 1<<62, eight...)), "4611686018427387904 elements"},
		{"a negative array", keys(array("k", kindU8, math.MaxUint64)), `the number of elements of the value of "k" at offset 41 is negative: -1`},
		{"an array of strings past the end", keys(array("k", kindString, 2, text(nil, "12345678")...)), `a string in the value of "k" should go on`},
		{"an array's string past the end", keys(array("k", kindString, 1, append(u64(nil, 4), "abc"...)...)), `a string in the value of "k" has 4 bytes, says offset 49, the file has 3 more`},
		{"more strings than fit", keys(array("k", kindString, 3, make([]byte, 23)...)), "do not fit"},
		{"an array's string that wraps around", keys(array("k", kindString, 1, u64(nil, math.MaxUint64)...)), "has 18446744073709551615 bytes"},
		{"an array of arrays", keys(array("k", kindArray, 1, make([]byte, 12)...)), `the value of "k" is an array of array type`},
		{"an array of an unknown type", keys(array("k", 13, 0)), "is an array of unknown (13) type"},
		{"an array's head cut short", keys(pair("k", kindArray, 4, 0, 0, 0, 1)), "the number of elements"},

		// keys and values
		{"an empty key", keys(pair("", kindU8, 1), pair("key", kindU8, 1)), "an empty key at offset 24"},
		{"a key twice", keys(pair("k", kindU8, 1), pair("k", kindU8, 1)), `the key "k" is there twice, again at offset 38`},
		{"an unknown type", keys(pair("k", 13, eight...)), `the value of "k" is of unknown (13) type`},
		{"a huge type", keys(pair("k", math.MaxUint32, eight...)), "unknown (4294967295) type"},
		{"no type", keys(append(text(nil, "key"), 0, 0, 0)), `the value of "key" should go on`},
		{"a number one byte short", keys(pair("key", kindU64, 1, 2, 3, 4, 5, 6, 7)), `the value of "key" should go on after offset 39`},
		{"a number cut short", keys(pair("key", kindU64, 1, 2, 3)), `the value of "key" should go on`},
		{"a bool of 2", keys(pair("k", kindBool, 2)), `the value of "k" is a bool of 2, not 0 or 1`},
		{"a bool of 255 in an array", keys(array("k", kindBool, 3, 0, 1, 255)), `the value of "k" is a bool of 255`},
		{"alignment not u32", keys(pair(alignmentKey, kindU64, u64(nil, 32)...)), "general.alignment is of type u64, not u32"},
		{"alignment an array", keys(array(alignmentKey, kindU32, 1, 32, 0, 0, 0)), "general.alignment is of type array of 1 u32, not u32"},
		{"alignment 0", keys(pair(alignmentKey, kindU32, 0, 0, 0, 0)), "general.alignment is 0, not a power of two"},
		{"alignment 24", keys(pair(alignmentKey, kindU32, 24, 0, 0, 0)), "general.alignment is 24, not a power of two"},

		// tensors
		{"a name over the limit", one(madeTensor{name: strings.Repeat("n", 64), data: eight[:4]}), "a tensor's name has 64 bytes, says offset 24, the limit is 63"},
		{"a name past the end", patched(one(madeTensor{name: "a", data: eight[:4]}), 24, 0xff, 0xff), "a tensor's name has 65535 bytes"},
		{"a name not UTF-8", one(madeTensor{name: "\xc0", data: eight[:4]}), `a tensor's name is not UTF-8 at offset 24: "\xc0"`},
		{"a name twice", made{tensors: []madeTensor{{name: "a", data: eight[:4]}, {name: "a", data: eight[:4]}}}.bytes(), `two tensors are called "a", the second at offset 49`},
		{"five dimensions", one(madeTensor{name: "a", dims: []uint64{1, 1, 1, 1, 1}, data: eight[:4]}), `tensor "a" has 5 dimensions, the limit is 4`},
		{"a million dimensions", patched(one(madeTensor{name: "a", data: eight[:4]}), 33, 0x40, 0x42, 0x0f), "1000000 dimensions"},
		{"a negative dimension", one(madeTensor{name: "a", dims: []uint64{2, math.MaxUint64}, data: eight}), `tensor "a": size -1 of dimension 1 is negative`},
		{"dimensions that wrap around", one(madeTensor{name: "a", dims: []uint64{4194305, 4194305, 211106198978564}, data: make([]byte, 16)}), "the number of elements of [211106198978564 4194305 4194305] overflows"},
		{"2^63 elements", one(madeTensor{name: "a", dims: []uint64{1 << 32, 1 << 31}, kind: 24}), "the number of elements of [2147483648 4294967296] overflows"},
		{"an overflow and no elements", one(madeTensor{name: "a", dims: []uint64{1 << 32, 1 << 31, 0}}), "overflows"},
		{"2^64 bytes", one(madeTensor{name: "a", dims: []uint64{1 << 31, 1 << 31}}), "the size of F32 [2147483648 2147483648] overflows"},
		{"2^63 bytes", one(madeTensor{name: "a", dims: []uint64{1 << 31, 1 << 30}}), "the size of F32 [1073741824 2147483648] overflows"},
		{"an unknown tensor type", one(madeTensor{name: "a", kind: 43, data: eight}), `tensor "a" is of type 43, which ggml does not have`},
		{"a type given up", one(madeTensor{name: "a", kind: 4, data: eight}), "is of type 4,"},
		{"another one", one(madeTensor{name: "a", kind: 31, data: eight}), "is of type 31,"},
		{"a huge type of tensor", one(madeTensor{name: "a", kind: math.MaxUint32, data: eight}), "is of type 4294967295,"},
		{"half a block", one(madeTensor{name: "a", dims: []uint64{16, 2}, kind: 2, data: make([]byte, 18)}), `tensor "a": rows of 16 are no whole blocks of Q4_0, which have 32 each`},
		{"half a block of a type not computed", one(madeTensor{name: "a", dims: []uint64{128, 2}, kind: 16, data: make([]byte, 66)}), "rows of 128 are no whole blocks of IQ2_XXS"},
		{"a scalar in blocks", one(madeTensor{name: "a", kind: 8, data: make([]byte, 34)}), "rows of 1 are no whole blocks of Q8_0"},
		{"a description cut short", one(madeTensor{name: "a", dims: []uint64{1}, data: eight[:4]})[:50], `tensor "a" should go on`},

		// data
		{"an offset off by one", one(madeTensor{name: "a", data: eight, shift: 1}), `tensor "a" is at offset 1 of the data, it should be at 0`},
		{"a hole", made{tensors: []madeTensor{{name: "a", data: eight[:4]}, {name: "b", data: eight[:4], shift: 32}}, afterwards: 32}.bytes(), `tensor "b" is at offset 64 of the data, it should be at 32`},
		{"an overlap", made{tensors: []madeTensor{{name: "a", data: eight[:4]}, {name: "b", data: eight[:4], shift: -32}}}.bytes(), `tensor "b" is at offset 0 of the data, it should be at 32`},
		{"another order", made{tensors: []madeTensor{{name: "a", data: eight[:4], shift: 32}, {name: "b", data: eight[:4], shift: -32}}}.bytes(), `tensor "a" is at offset 32 of the data, it should be at 0`},
		{"no padding between", made{alignment: 4, tensors: []madeTensor{{name: "a", data: eight[:4]}, {name: "b", data: eight[:4]}}, afterwards: 64}.bytes(), `tensor "b" is at offset 4 of the data, it should be at 32`},
		{"an offset of 2^64-1", one(madeTensor{name: "a", data: eight[:4], shift: -1}), "at offset 18446744073709551615"},
		{"no data", made{tensors: []madeTensor{{name: "a"}}}.bytes(), `tensor "a" needs 4 bytes at offset 0 of the data, which has 0`},
		{"no padding before the data", made{tensors: []madeTensor{{name: "a"}}}.bytes()[:60], "the tensors' data should go on"},
		{"data cut short", made{tensors: []madeTensor{{name: "a", dims: []uint64{2}, data: eight[:7]}}, noPadding: true}.bytes(), `tensor "a" needs 8 bytes at offset 0 of the data, which has 7`},
		{"the second tensor cut off", made{tensors: []madeTensor{{name: "a", data: eight[:4]}, {name: "b"}}, noPadding: true}.bytes(), `tensor "b" needs 4 bytes at offset 32`},
		{"an empty tensor past the end", made{tensors: []madeTensor{{name: "a", data: eight[:4]}, {name: "b", dims: []uint64{0}}}}.bytes()[:96+4], `tensor "b" needs 0 bytes at offset 32 of the data, which has 4`},
		{"bytes after the end", made{tensors: []madeTensor{{name: "a", data: eight[:4]}}, afterwards: 1}.bytes(), "1 bytes after the last tensor belong to no tensor"},
		{"bytes after a file without tensors", made{afterwards: 9}.bytes(), "1 bytes after the last tensor"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g, err := ParseGGUF("made.gguf", c.file)
			if g != nil || err == nil || !strings.HasPrefix(err.Error(), "made.gguf: ") || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("\n got %v\nwant %s", err, c.want)
			}
			if strings.ContainsAny(err.Error(), "\n\x1b") || !utf8.ValidString(err.Error()) {
				t.Errorf("%q is not fit for a terminal", err)
			}
		})
	}
}

// TestTruncatedGGUF cuts a good file anywhere: only its last padding may go.
func TestTruncatedGGUF(t *testing.T) {
	m := sample()
	m.noPadding = true
	file := m.bytes()
	for n := range file {
		if _, err := ParseGGUF("made.gguf", file[:n]); err == nil {
			t.Fatalf("%d of %d bytes are accepted", n, len(file))
		}
	}
	if _, err := ParseGGUF("made.gguf", file); err != nil {
		t.Fatal(err)
	}
}

// TestGGUFTypes: names and sizes as ggml-common.h has them.
func TestGGUFTypes(t *testing.T) {
	want := "0 F32 1/4|1 F16 1/2|2 Q4_0 32/18|3 Q4_1 32/20|6 Q5_0 32/22|7 Q5_1 32/24|8 Q8_0 32/34|9 Q8_1 32/36|" +
		"10 Q2_K 256/84|11 Q3_K 256/110|12 Q4_K 256/144|13 Q5_K 256/176|14 Q6_K 256/210|15 Q8_K 256/292|" +
		"16 IQ2_XXS 256/66|17 IQ2_XS 256/74|18 IQ3_XXS 256/98|19 IQ1_S 256/50|20 IQ4_NL 32/18|21 IQ3_S 256/110|" +
		"22 IQ2_S 256/82|23 IQ4_XS 256/136|24 I8 1/1|25 I16 1/2|26 I32 1/4|27 I64 1/8|28 F64 1/8|29 IQ1_M 256/56|" +
		"30 BF16 1/2|34 TQ1_0 256/54|35 TQ2_0 256/66|39 MXFP4 32/17|40 NVFP4 64/36|41 Q1_0 128/18|42 Q2_0 64/18|"
	got, computed := "", 0
	for id := range uint32(1000) {
		kind, ok := ggmlTypeOf(id)
		if !ok {
			continue
		}
		got += fmt.Sprintf("%d %s %d/%d|", id, kind.name, kind.elements, kind.bytes)
		if kind.dtype != tensor.Unknown {
			computed++
		}
	}
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if computed != len(tensor.DTypes())-2 { // all but the 8-bit floats
		t.Errorf("attn computes with %d of them", computed)
	}
}

// TestGGUFMemory: what a hostile file costs is bounded by its size.
func TestGGUFMemory(t *testing.T) {
	strs := make([]byte, 8<<20) // a million empty strings
	files := map[string][]byte{
		"strings": made{pairs: [][]byte{array("k", kindString, uint64(len(strs)/8), strs...)}}.bytes(),
		"bytes":   made{pairs: [][]byte{array("k", kindU8, uint64(len(strs)), strs...)}}.bytes(),
		"counts":  made{countT: maxTensors, afterwards: 24 * maxTensors}.bytes(),
	}
	for name, file := range files {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		g, err := ParseGGUF("made.gguf", file)
		if err == nil {
			_, _ = g.Strings("k")
			_, _ = g.Bytes("k")
			_, _ = g.Ints("k")
		}
		runtime.ReadMemStats(&after)
		const constant = 32 << 20
		if used := after.TotalAlloc - before.TotalAlloc; used > uint64(2*len(file)+constant) {
			t.Errorf("%s: %d bytes for a file of %d", name, used, len(file))
		}
	}
}

// FuzzParseGGUF looks for panics: whatever is accepted can be read.
func FuzzParseGGUF(f *testing.F) {
	f.Add(sample().bytes())
	f.Add(made{}.bytes())
	f.Add(made{tensors: []madeTensor{{name: "a", data: make([]byte, 4)}}, noPadding: true}.bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := ParseGGUF("fuzz", data)
		if err != nil {
			if g != nil {
				t.Fatal("a file that is refused")
			}
			return
		}
		if v := binary.LittleEndian.Uint32(data[4:]); v != 2 && v != 3 {
			t.Fatalf("version %d", v)
		}
		for _, key := range g.Keys() {
			readEverything(g, key)
		}
		total := 0
		for _, name := range g.Tensors.Names() {
			one, _ := g.Tensors.Get(name)
			total += len(one.Bytes)
			if (Floats(one) == nil) != (one.Supported() != nil) {
				t.Fatalf("%q: decoded and supported disagree", name)
			}
		}
		if total > len(data) || int64(total) != g.Tensors.Size() {
			t.Fatalf("%d bytes of tensors in a file of %d", total, len(data))
		}
		_ = g.Tensors.CheckFinite()
	})
}

// readEverything calls every accessor; they return values or errors.
func readEverything(g *GGUF, key string) {
	_, _ = g.Int(key)
	_, _ = g.Uint(key)
	_, _ = g.Float(key)
	_, _ = g.Bool(key)
	_, _ = g.String(key)
	_, _ = g.Ints(key)
	_, _ = g.Floats(key)
	_, _ = g.Bools(key)
	_, _ = g.Bytes(key)
	_, _ = g.Strings(key)
	_ = g.Kind(key)
}

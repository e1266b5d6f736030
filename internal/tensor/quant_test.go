package tensor

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"pgregory.net/rapid"
)

// blockTypes are the types that are stored in blocks.
func blockTypes() []DType {
	var types []DType
	for _, d := range DTypes() {
		if n, _ := d.Block(); n > 1 {
			types = append(types, d)
		}
	}
	return types
}

// lines calls f with each line of a file of JSON values.
func lines[T any](t *testing.T, path string, f func(line int, v T)) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	for line := 1; scanner.Scan(); line++ {
		var v T
		if err := json.Unmarshal(scanner.Bytes(), &v); err != nil {
			t.Fatalf("%s:%d: %v", path, line, err)
		}
		f(line, v)
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
}

// decoded parses a type and a block in hexadecimal, and decodes it.
func decoded(t *testing.T, name, block string) []float32 {
	t.Helper()
	d, err := ParseDType(name)
	if err != nil {
		t.Fatal(err)
	}
	src, err := hex.DecodeString(block)
	if err != nil {
		t.Fatal(err)
	}
	elements, bytes := d.Block()
	if len(src) != bytes {
		t.Fatalf("a block of %s has %d bytes, not %d", name, len(src), bytes)
	}
	dst := make([]float32, elements)
	Decode(dst, d, src)
	return dst
}

// TestBlocksGGML compares bits with what ggml-quants.c made of the same blocks;
// zeros included, whose signs the file has.
func TestBlocksGGML(t *testing.T) {
	seen := map[string]int{}
	lines(t, "../../testdata/quant/golden.jsonl", func(line int, v struct {
		Type   string
		Block  string
		Values []json.Number
	},
	) {
		seen[v.Type]++
		got := decoded(t, v.Type, v.Block)
		if len(got) != len(v.Values) {
			t.Fatalf("line %d: %d values, want %d", line, len(got), len(v.Values))
		}
		for i, number := range v.Values {
			want, err := number.Float64()
			if err != nil {
				t.Fatal(err)
			}
			if float64(got[i]) != want {
				t.Errorf("line %d: %s: number %d is %v, want %v", line, v.Type, i, got[i], want)
			}
		}
	})
	for _, d := range blockTypes() {
		if seen[d.String()] != 3 {
			t.Errorf("%d vectors for %v", seen[d.String()], d)
		}
	}
}

// TestBlocksGGUFPy compares bits with what gguf-py made of blocks whose scales
// are any binary16: testdata/quant/make.py.
func TestBlocksGGUFPy(t *testing.T) {
	seen := map[string]int{}
	lines(t, "../../testdata/quant/gguf_py.jsonl", func(line int, v struct{ Type, Block, Bits string }) {
		seen[v.Type]++
		want, err := hex.DecodeString(v.Bits)
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range decoded(t, v.Type, v.Block) {
			if want := binary.LittleEndian.Uint32(want[4*i:]); math.Float32bits(got) != want {
				t.Errorf("line %d: %s: number %d is %v, want %v", line, v.Type, i, got, math.Float32frombits(want))
			}
		}
	})
	for _, d := range blockTypes() {
		if seen[d.String()] < 3 {
			t.Errorf("%d vectors for %v", seen[d.String()], d)
		}
	}
}

// formula is what number n of a block means: the format's description, one
// number at a time and with every index spelled out. Decode does the same by
// loops over bytes.
func formula(d DType, b []byte, n int) float32 {
	half := func(at int) float32 { return HalfToFloat(binary.LittleEndian.Uint16(b[at:])) }
	nibble := func(at int) int { // of a block of 32: low ones first
		return int(b[at+n%16]) >> (4 * (n % 32 / 16)) & 15
	}
	iq4 := []int{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}
	e2m1 := []int{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}
	h, j, l := n/128, n%128/32, n%32
	g, p := n/64, n%64/32
	switch d {
	case Q4_0:
		return half(0) * float32(nibble(2)-8)
	case Q4_1:
		return float32(half(0)*float32(nibble(4))) + half(2)
	case Q5_0:
		fifth := int(binary.LittleEndian.Uint32(b[2:]) >> n & 1)
		return half(0) * float32(nibble(6)+16*fifth-16)
	case Q5_1:
		fifth := int(binary.LittleEndian.Uint32(b[4:]) >> n & 1)
		return float32(half(0)*float32(nibble(8)+16*fifth)) + half(2)
	case Q8_0:
		return half(0) * float32(int8(b[2+n]))
	case Q2_K:
		q, sc := int(b[16+32*h+l])>>(2*j)&3, b[n/16]
		return float32(float32(half(80)*float32(sc&15))*float32(q)) - float32(half(82)*float32(sc>>4))
	case Q3_K:
		q, i := int(b[32+32*h+l])>>(2*j)&3, n/16
		if b[l]>>(4*h+j)&1 == 0 {
			q -= 4
		}
		s := b[96:]
		low := s[i%8] & 15
		if i >= 8 {
			low = s[i%8] >> 4
		}
		high := s[8+i%4] >> (2 * (i / 4)) & 3
		return float32(half(108)*float32(int(low)+16*int(high)-32)) * float32(q)
	case Q4_K, Q5_K:
		s, sub := b[4:], 2*g+p
		sc, m := int(s[sub])&63, int(s[sub+4])&63
		if sub >= 4 {
			sc = int(s[sub+4])&15 + int(s[sub-4]>>6)*16
			m = int(s[sub+4]>>4) + int(s[sub]>>6)*16
		}
		qs := 16
		if d == Q5_K {
			qs = 48
		}
		q := int(b[qs+32*g+l]) >> (4 * p) & 15
		if d == Q5_K {
			q += int(b[16+l]) >> (2*g + p) & 1 * 16
		}
		return float32(float32(half(0)*float32(sc))*float32(q)) - float32(half(2)*float32(m))
	case Q6_K:
		q := int(b[64*h+32*(j&1)+l])>>(4*(j>>1))&15 + int(b[128+32*h+l])>>(2*j)&3*16
		return float32(half(208)*float32(int8(b[192+n/16]))) * float32(q-32)
	case IQ4_NL:
		return half(0) * float32(iq4[nibble(2)])
	case IQ4_XS:
		sub := n / 32
		ls := int(b[4+sub/2])>>(4*(sub%2))&15 + int(binary.LittleEndian.Uint16(b[2:]))>>(2*sub)&3*16
		return float32(half(0)*float32(ls-32)) * float32(iq4[nibble(8+16*sub)])
	case MXFP4:
		return float32(math.Ldexp(1, int(b[0])-128)) * float32(e2m1[nibble(1)])
	}
	panic(fmt.Sprintf("no formula for %v", d))
}

// TestBlocksFormula: Decode is the formula, for blocks of any bytes, several in
// a row, at any address.
func TestBlocksFormula(t *testing.T) {
	for _, d := range blockTypes() {
		t.Run(d.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				elements, bytes := d.Block()
				count := rapid.IntRange(0, 3).Draw(t, "blocks")
				src := rapid.SliceOfN(rapid.Byte(), count*bytes, count*bytes).Draw(t, "src")
				dst := make([]float32, count*elements)
				Decode(dst, d, src)
				for i, got := range dst {
					want := formula(d, src[i/elements*bytes:], i%elements)
					if !same(float64(got), float64(want)) {
						t.Fatalf("number %d is %v, want %v", i, got, want)
					}
				}
			})
		})
	}
}

// TestMXFP4EveryScale: the powers of two from 2^-128, which is subnormal, on.
func TestMXFP4EveryScale(t *testing.T) {
	block := make([]byte, 17)
	block[1] = 2 // number 0 is twice the scale's half
	dst := make([]float32, 32)
	for e := range 256 {
		block[0] = byte(e)
		Decode(dst, MXFP4, block)
		if want := float32(math.Ldexp(2, e-128)); dst[0] != want {
			t.Errorf("exponent %d: %v, want %v", e, dst[0], want)
		}
	}
}

// TestBlockSizes: GGML's block sizes, from ggml-common.h.
func TestBlockSizes(t *testing.T) {
	want := map[DType][2]int{
		F32: {1, 4}, F16: {1, 2}, BF16: {1, 2}, F8E4M3: {1, 1}, F8E5M2: {1, 1}, Unknown: {1, 0},
		Q4_0: {32, 18}, Q4_1: {32, 20}, Q5_0: {32, 22}, Q5_1: {32, 24}, Q8_0: {32, 34},
		Q2_K: {256, 84}, Q3_K: {256, 110}, Q4_K: {256, 144}, Q5_K: {256, 176}, Q6_K: {256, 210},
		IQ4_NL: {32, 18}, IQ4_XS: {256, 136}, MXFP4: {32, 17},
	}
	for _, d := range append(DTypes(), Unknown) {
		elements, bytes := d.Block()
		if got := [2]int{elements, bytes}; got != want[d] {
			t.Errorf("%v: %v, want %v", d, got, want[d])
		}
		if got := d.Bytes(3 * elements); got != 3*bytes {
			t.Errorf("%v: three blocks take %d bytes", d, got)
		}
		if got := d.Bytes(2*elements - 1); elements > 1 && got != bytes {
			t.Errorf("%v: a block and a part of one take %d bytes", d, got)
		}
	}
	if len(want) != len(DTypes())+1 {
		t.Errorf("%d types in the table, there are %d", len(want), len(DTypes())+1)
	}
}

// TestDecodeRefusesHalfBlocks: numbers of a block that is not asked for as a
// whole are the caller's mistake, and must not stay what they were.
func TestDecodeRefusesHalfBlocks(t *testing.T) {
	for _, c := range []struct {
		name     string
		elements int
		bytes    int
	}{{"a part of a block", 31, 18}, {"a block and a part", 33, 36}, {"too few bytes", 32, 17}} {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			Decode(make([]float32, c.elements), Q4_0, make([]byte, c.bytes))
		})
	}
}

// FuzzDecode: any bytes are numbers of any type, and those of its formula.
func FuzzDecode(f *testing.F) {
	f.Add(uint8(0), []byte{0, 0, 0x80, 0x3f})
	for i, d := range DTypes() {
		_, bytes := d.Block()
		f.Add(uint8(i), make([]byte, 2*bytes))
	}
	f.Fuzz(func(t *testing.T, which uint8, src []byte) {
		d := DTypes()[int(which)%len(DTypes())]
		elements, bytes := d.Block()
		count := len(src) / bytes
		dst := make([]float32, count*elements)
		Decode(dst, d, src)
		if elements == 1 {
			return
		}
		for i, got := range dst {
			if want := formula(d, src[i/elements*bytes:], i%elements); !same(float64(got), float64(want)) {
				t.Fatalf("%v: number %d is %v, want %v", d, i, got, want)
			}
		}
	})
}

// randomBlocks are as many bytes of a type as n numbers take.
func randomBlocks(d DType, n int) []byte {
	src := make([]byte, d.Bytes(n))
	random := rand.New(rand.NewPCG(1, 2))
	for i := range src {
		src[i] = byte(random.Uint32()) & 0x77 // scales are finite
	}
	return src
}

package ptx

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// TestTransfers loads and stores several numbers at once, of every width, through
// global and through shared memory: the four words come back as they were.
func TestTransfers(t *testing.T) {
	in := []uint32{0x80ff017f, 0x12345678, 0x9abcdef0, 0x00c0ffee}
	for _, test := range []struct {
		count     int
		kind      string
		registers []string // for the 16 bytes, in so many transfers
	}{
		{2, "b8", []string{"%rs1", "%rs2"}},
		{4, "b8", []string{"%rs1", "%rs2", "%rs3", "%rs4"}},
		{2, "b16", []string{"%rs1", "%rs2"}},
		{4, "b16", []string{"%rs1", "%rs2", "%rs3", "%rs4"}},
		{1, "b32", []string{"%r4"}},
		{2, "b32", []string{"%r4", "%r5"}},
		{4, "b32", []string{"%r4", "%r5", "%r6", "%r7"}},
		{4, "f32", []string{"%r4", "%r5", "%r6", "%r7"}},
		{1, "b64", []string{"%rd6"}},
		{2, "b64", []string{"%rd6", "%rd7"}},
	} {
		vector, list := "", test.registers[0]
		if test.count > 1 {
			vector, list = fmt.Sprintf(".v%d", test.count), "{"+strings.Join(test.registers, ", ")+"}"
		}
		size, err := bytesOf(test.kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, shared := range []bool{false, true} {
			body := ""
			for at := 0; at < 16; at += size * test.count {
				body += fmt.Sprintf("ld.global%s.%s %s, [%%rd1+%d];\n", vector, test.kind, list, at)
				if shared {
					body += fmt.Sprintf("st.shared%s.%s [tile+%d], %s;\n", vector, test.kind, at, list)
					for _, register := range test.registers {
						body += clearing(register)
					}
					body += fmt.Sprintf("ld.shared%s.%s %s, [tile+%d];\n", vector, test.kind, list, at)
				}
				body += fmt.Sprintf("st.global%s.%s [%%rd2+%d], %s;\n", vector, test.kind, at, list)
			}
			got, err := results(t, body+"ld.global.b32 %r3, [%rd2];", in, 1, 4)
			if err != nil {
				t.Errorf("%s%s, shared %v: %v", test.kind, vector, shared, err)
				continue
			}
			for i, v := range got {
				if v != in[i] {
					t.Errorf("%s%s, shared %v: word %d is %#x, want %#x", test.kind, vector, shared, i, v, in[i])
				}
			}
		}
	}
}

// clearing sets a register to 0.
func clearing(register string) string {
	size := map[string]string{"%rs": "b16", "%rd": "b64"}[register[:3]]
	if size == "" {
		size = "b32"
	}
	return "mov." + size + " " + register + ", 0;\n"
}

// TestSigns: what is narrower than its register is widened as its type says, each
// number of several by itself, the lowest address first.
func TestSigns(t *testing.T) {
	for name, test := range map[string]struct {
		load string
		want [4]uint32
	}{
		"signed bytes":   {"ld.global.v4.s8 {%r4, %r5, %r6, %r7}, [%rd1];", [4]uint32{0x7f, 1, 0xffffffff, 0xffffff80}},
		"unsigned bytes": {"ld.global.v4.u8 {%r4, %r5, %r6, %r7}, [%rd1];", [4]uint32{0x7f, 1, 0xff, 0x80}},
		"signed halves":  {"ld.global.v2.s16 {%r4, %r5}, [%rd1]; ld.global.v2.s16 {%r6, %r7}, [%rd1+4];", [4]uint32{0x017f, 0xffff80ff, 0x5678, 0x1234}},
		"words":          {"ld.global.v2.b32 {%r4, %r5}, [%rd1]; mov.b32 %r6, %r4; mov.b32 %r7, %r5;", [4]uint32{0x80ff017f, 0x12345678, 0x80ff017f, 0x12345678}},
	} {
		got, err := results(t, test.load+"st.global.v4.b32 [%rd2], {%r4, %r5, %r6, %r7}; mov.b32 %r3, %r4;", []uint32{0x80ff017f, 0x12345678}, 1, 4)
		if err != nil || [4]uint32(got) != test.want {
			t.Errorf("%s: got %#x, want %#x; %v", name, got, test.want, err)
		}
	}
}

// TestTransfersRefused: no more than 128 bits, and as many registers as numbers.
func TestTransfersRefused(t *testing.T) {
	for body, want := range map[string]string{
		"ld.global.v4.b64 {%rd6, %rd7, %rd6, %rd7}, [%rd1];": "is not one that runs here",
		"st.shared.v4.b64 [tile], {%rd6, %rd7, %rd6, %rd7};": "is not one that runs here",
		"ld.global.v4.b32 {%r4, %r5}, [%rd1];":               "4 numbers for 2 registers",
		"ld.global.v2.b32 %r4, [%rd1];":                      "2 numbers for one register",
	} {
		if _, err := Parse(head + body + tail); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", body, err, want)
		}
	}
}

// TestAtomics has 64 threads change one word with their numbers, in global and in
// shared memory, by instructions that return the old number and by those that do not.
func TestAtomics(t *testing.T) {
	f := math.Float32bits
	const begin = "sub.s64 %rd6, %rd1, %rd3; mov.b32 %r5, START; setp.eq.u32 %p1, %r1, 0; bar.sync 0; @%p1 st.SPACE.b32 [ADDRESS], %r5; bar.sync 0;\n"
	const end = "\nbar.sync 0; ld.SPACE.b32 %r3, [ADDRESS];"
	for _, test := range []struct {
		op      string
		operand func(i int) uint32
		start   uint32
		want    uint32
	}{
		{"add.u32", func(i int) uint32 { return uint32(i) }, 5, 5 + 63*64/2},
		{"add.s32", func(i int) uint32 { return uint32(-i) }, 5, 0xfffff825}, // 5 - 2016
		{"add.f32", func(i int) uint32 { return f(float32(i) / 4) }, f(-1), f(503)},
		{"max.s32", func(i int) uint32 { return uint32(i*7%64 - 32) }, 0x80000000, 31},
		{"max.u32", func(i int) uint32 { return uint32(i*7%64 - 32) }, 0, 0xffffffff},
		{"min.s32", func(i int) uint32 { return uint32(i*7%64 - 32) }, 0x7fffffff, 0xffffffe0},
		{"min.u32", func(i int) uint32 { return uint32(i*7%64 + 9) }, 0xffffffff, 9},
		{"max.s32", func(int) uint32 { return 0xfffffffe }, 3, 3},
		{"min.u32", func(int) uint32 { return 0xfffffffe }, 3, 3},
		{"and.b32", func(i int) uint32 { return ^uint32(1 << (i % 31)) }, 0xffffffff, 0x80000000},
		{"or.b32", func(i int) uint32 { return 1 << (i % 31) }, 0, 0x7fffffff},
	} {
		in := make([]uint32, 64)
		for i := range in {
			in[i] = test.operand(i)
		}
		for _, space := range []string{"global", "shared"} {
			address := map[string]string{"global": "%rd6", "shared": "tile+8"}[space]
			for _, change := range []string{"atom." + space + "." + test.op + " %r4, [ADDRESS], %r2;", "red." + space + "." + test.op + " [ADDRESS], %r2;"} {
				body := strings.NewReplacer("SPACE", space, "ADDRESS", address, "START", fmt.Sprint(test.start)).Replace(begin + change + end)
				got, err := result(t, body, in)
				if err != nil {
					t.Errorf("%s: %v", change, err)
					continue
				}
				for i, v := range got {
					if v != test.want {
						t.Errorf("%s: thread %d got %#x, want %#x", change, i, v, test.want)
						break
					}
				}
			}
		}
	}
}

// TestAtomicsReturnTheOld: in one thread, over the words 5 and 6 of memory: what comes
// back, and what stands there after.
func TestAtomicsReturnTheOld(t *testing.T) {
	f := math.Float32bits
	for name, test := range map[string]struct {
		change     string
		in         [2]uint32
		old, after uint32 // of the first word
	}{
		"add":                       {"atom.global.add.u32 %r3, [%rd1], 3;", [2]uint32{5, 6}, 5, 8},
		"exchange":                  {"atom.global.exch.b32 %r3, [%rd1], 3;", [2]uint32{5, 6}, 5, 3},
		"compare and swap":          {"atom.global.cas.b32 %r3, [%rd1], 5, 9;", [2]uint32{5, 6}, 5, 9},
		"compare and not swap":      {"atom.global.cas.b32 %r3, [%rd1], 4, 9;", [2]uint32{5, 6}, 5, 5},
		"max":                       {"atom.global.max.s32 %r3, [%rd1], -2;", [2]uint32{0xffffffff, 6}, 0xffffffff, 0xffffffff},
		"64 bits":                   {"atom.global.add.u64 %rd6, [%rd1], 1; cvt.u32.u64 %r3, %rd6;", [2]uint32{0xffffffff, 6}, 0xffffffff, 0},
		"swap of 64 bits":           {"mov.b64 %rd6, 25769803781; atom.global.cas.b64 %rd7, [%rd1], %rd6, 7; cvt.u32.u64 %r3, %rd7;", [2]uint32{5, 6}, 5, 7}, // 6 << 32 + 5
		"a subnormal sum, global":   {"atom.global.add.f32 %r3, [%rd1], 0f00000001;", [2]uint32{2, 6}, 2, 0},
		"a sum that meets no other": {"atom.global.add.f32 %r3, [%rd1], 0f3F800000;", [2]uint32{f(2), 6}, f(2), f(3)},
		"a subnormal sum, shared":   {"st.shared.b32 [tile], %r2; atom.shared.add.f32 %r3, [tile], 0f00000001; ld.shared.b32 %r4, [tile]; st.global.b32 [%rd1], %r4;", [2]uint32{2, 6}, 2, 3},
	} {
		got, err := results(t, test.change+"ld.global.b32 %r4, [%rd1]; st.global.b32 [%rd2+4], %r4;", test.in[:], 1, 2)
		if err != nil || got[0] != test.old || got[1] != test.after {
			t.Errorf("%s: got %#x, want %#x and %#x; %v", name, got, test.old, test.after, err)
		}
	}
}

// TestAtomicFaults: atomics race with what is none, not with each other.
func TestAtomicFaults(t *testing.T) {
	const base = "sub.s64 %rd6, %rd1, %rd3; bar.sync 0;"
	for name, test := range map[string]struct{ body, want string }{
		"read with no barrier":    {base + "red.global.add.u32 [%rd6], 1; ld.global.b32 %r3, [%rd6];", "race: byte 0 of global memory was written by several threads of block 0"},
		"written with no barrier": {base + "red.global.add.u32 [%rd6], 1; st.global.b32 [%rd1], %r2; mov.b32 %r3, 0;", "race: byte 0 of global memory was written by several threads of block 0"},
		"the last of them reads":  {base + "red.global.add.u32 [%rd6], 1; mov.b32 %r3, 0; setp.eq.u32 %p1, %r1, 31; @%p1 ld.global.b32 %r3, [%rd6];", "thread [31 0 0]: race: byte 0 of global memory was written by several threads"},
		"after a plain write":     {base + "st.global.b32 [%rd1], %r2; red.global.add.u32 [%rd6], 1; mov.b32 %r3, 0;", "thread [1 0 0]: race: byte 0 of global memory was written by thread 0"},
		"after a plain read":      {"sub.s64 %rd6, %rd1, %rd3; red.global.add.u32 [%rd6], 1; mov.b32 %r3, 0;", "race: byte 0 of global memory was read by thread 0"},
		"never written":           {"red.shared.add.u32 [tile], 1; mov.b32 %r3, 0;", "was never written"},
		"not aligned":             {base + "red.global.add.u32 [%rd6+2], 1; mov.b32 %r3, 0;", "is not a multiple of 4"},
		"out of bounds":           {base + "red.global.add.u32 [%rd6+256], 1; mov.b32 %r3, 0;", "out of bounds"},
	} {
		if _, err := result(t, test.body, make([]uint32, 64)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	for _, op := range []string{"inc.u32", "add.f64", "max.f32", "add.f16x2"} {
		if _, err := Parse(head + "atom.global." + op + " %r3, [%rd1], %r2;" + tail); err == nil {
			t.Errorf("%s runs", op)
		}
	}
}

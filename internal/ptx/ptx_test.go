package ptx

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
)

// head declares a kernel of two buffers, some registers and shared memory; %rd1
// and %rd2 point at this thread's word of the first and second, %r1 is the
// thread, %r2 its word of the first.
const head = `
.version 7.0
.target sm_80
.address_size 64
.visible .entry k(
	.param .u64 .ptr .align 1 k_param_0,
	.param .u64 .ptr .align 1 k_param_1
)
{
	.reg .pred %p<9>;
	.reg .b16 %rs<9>;
	.reg .b32 %r<20>;
	.reg .b64 %rd<9>;
	.shared .align 16 .b8 tile[512];
	ld.param.b64 	%rd1, [k_param_0];
	ld.param.b64 	%rd2, [k_param_1];
	mov.u32 	%r1, %tid.x;
	mul.wide.u32 	%rd3, %r1, 4;
	add.s64 	%rd1, %rd1, %rd3;
	add.s64 	%rd2, %rd2, %rd3;
	ld.global.b32 	%r2, [%rd1];
	mov.b64 	%rd5, tile;
	add.s64 	%rd4, %rd5, %rd3;
`

const tail = `
	st.global.b32 	[%rd2], %r3;
	ret;
}
`

// result runs a kernel's body over the words in, one thread each, and returns
// the words that it stored.
func result(t *testing.T, body string, in []uint32) ([]uint32, error) {
	t.Helper()
	return results(t, body, in, len(in), len(in))
}

// results is result with more words than threads, before or after.
func results(t *testing.T, body string, in []uint32, threads, words int) ([]uint32, error) {
	t.Helper()
	m, err := Parse(head + body + tail)
	if err != nil {
		t.Fatal(err)
	}
	memory := &Memory{}
	from, err1 := memory.Alloc(4 * len(in))
	to, err2 := memory.Alloc(4 * words)
	data := make([]byte, 4*len(in))
	for i, v := range in {
		binary.LittleEndian.PutUint32(data[4*i:], v)
	}
	if err := errors.Join(err1, err2, memory.Write(from, data)); err != nil {
		t.Fatal(err)
	}
	launch := Launch{Grid: [3]int{1, 1, 1}, Block: [3]int{threads, 1, 1}, Args: []Arg{Pointer(from), Pointer(to)}, MostSteps: 10000}
	if err := m.Kernels["k"].Run(context.Background(), memory, launch); err != nil {
		return nil, err
	}
	data = make([]byte, 4*words)
	if err := memory.Read(to, data); err != nil {
		return nil, err
	}
	out := make([]uint32, words)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	return out, nil
}

// TestInstructions runs one instruction on one number each: the values are
// worked out by hand.
func TestInstructions(t *testing.T) {
	f := math.Float32bits
	for name, test := range map[string]struct {
		body     string
		in, want uint32
	}{
		"add wraps":              {"add.s32 %r3, %r2, 1;", 0xffffffff, 0},
		"sub":                    {"sub.s32 %r3, %r2, 3;", 2, 0xffffffff},
		"mul.lo":                 {"mul.lo.s32 %r3, %r2, %r2;", 0x10001, 0x20001},
		"mul.hi unsigned":        {"mul.hi.u32 %r3, %r2, %r2;", 0xffffffff, 0xfffffffe},
		"mul.hi signed":          {"mul.hi.s32 %r3, %r2, %r2;", 0xffffffff, 0},
		"mad.lo":                 {"mad.lo.s32 %r3, %r2, 7, %r2;", 5, 40},
		"mul.wide signed":        {"mul.wide.s32 %rd6, %r2, 2; shr.u64 %rd6, %rd6, 32; cvt.u32.u64 %r3, %rd6;", 0xffffffff, 0xffffffff},
		"mul.wide unsigned":      {"mul.wide.u32 %rd6, %r2, 2; shr.u64 %rd6, %rd6, 32; cvt.u32.u64 %r3, %rd6;", 0xffffffff, 1},
		"div signed":             {"div.s32 %r3, %r2, 2;", 0xfffffff9, 0xfffffffd},
		"rem unsigned":           {"rem.u32 %r3, %r2, 10;", 0xffffffff, 5},
		"min signed":             {"min.s32 %r3, %r2, 1;", 0xffffffff, 0xffffffff},
		"max unsigned":           {"max.u32 %r3, %r2, 1;", 0xffffffff, 0xffffffff},
		"abs":                    {"abs.s32 %r3, %r2;", 0xfffffffe, 2},
		"shl beyond":             {"shl.b32 %r3, %r2, 32;", 1, 0},
		"shr signed beyond":      {"shr.s32 %r3, %r2, 40;", 0x80000000, 0xffffffff},
		"shr unsigned":           {"shr.u32 %r3, %r2, 4;", 0x80000000, 0x08000000},
		"funnel left":            {"shf.l.wrap.b32 %r3, %r2, 1, 4;", 0xf0000000, 0x1f},
		"funnel right":           {"shf.r.wrap.b32 %r3, %r2, 1, 4;", 0xf0000000, 0x1f000000},
		"bfe unsigned":           {"bfe.u32 %r3, %r2, 8, 4;", 0xabcd, 0xb},
		"bfe signed":             {"bfe.s32 %r3, %r2, 8, 4;", 0xabcd, 0xfffffffb},
		"bfi":                    {"bfi.b32 %r3, 5, %r2, 4, 8;", 0xabcd, 0xa05d},
		"prmt":                   {"prmt.b32 %r3, %r2, 0x44332211, 0x6140;", 0x0a0b0c0d, 0x330c110d},
		"prmt of a sign":         {"prmt.b32 %r3, %r2, 0, 0x0008;", 0x80, 0x808080ff},
		"popc":                   {"popc.b32 %r3, %r2;", 0xf0f0, 8},
		"clz":                    {"clz.b32 %r3, %r2;", 1, 31},
		"brev":                   {"brev.b32 %r3, %r2;", 1, 0x80000000},
		"not":                    {"not.b32 %r3, %r2;", 0xf, 0xfffffff0},
		"pack and unpack":        {"mov.b32 {%rs1, %rs2}, %r2; mov.b32 %r3, {%rs2, %rs1};", 0x12345678, 0x56781234},
		"selp":                   {"setp.gt.s32 %p1, %r2, 5; selp.b32 %r3, 1, 2, %p1;", 6, 1},
		"setp both":              {"setp.eq.s32 %p1|%p2, %r2, 5; selp.b32 %r3, 1, 2, %p2;", 6, 1},
		"setp of no number":      {"setp.lt.f32 %p1, %r2, 0f00000000; selp.b32 %r3, 1, 2, %p1;", 0x7fc00000, 2},
		"setp f64":               {"cvt.f64.f32 %rd6, %r2; setp.gt.f64 %p1, %rd6, 0d4014000000000000; selp.b32 %r3, 1, 2, %p1;", f(6), 1},
		"setp unordered f64":     {"cvt.f64.f32 %rd6, %r2; setp.leu.f64 %p1, %rd6, 0d4014000000000000; selp.b32 %r3, 1, 2, %p1;", 0x7fc00000, 1},
		"setp ne of no number":   {"setp.ne.f32 %p1, %r2, 0f00000000; selp.b32 %r3, 1, 2, %p1;", 0x7fc00000, 2},
		"setp unordered":         {"setp.ltu.f32 %p1, %r2, 0f00000000; selp.b32 %r3, 1, 2, %p1;", 0x7fc00000, 1},
		"predicates":             {"setp.lt.u32 %p1, %r2, 9; not.pred %p2, %p1; or.pred %p3, %p1, %p2; selp.b32 %r3, 1, 2, %p3;", 4, 1},
		"add f32":                {"add.f32 %r3, %r2, 0f3F800000;", f(0x1p-24), f(1)},
		"fma keeps the product":  {"fma.rn.f32 %r3, %r2, %r2, 0fBF800000;", f(1 + 0x1p-12), f(0x1p-11 + 0x1p-24)},
		"min takes the number":   {"min.f32 %r3, %r2, 0f40000000;", 0x7fc00000, f(2)},
		"max":                    {"max.f32 %r3, %r2, 0f40000000;", f(3), f(3)},
		"ftz":                    {"add.ftz.f32 %r3, %r2, 0f00000000;", 1, 0},
		"no ftz":                 {"add.f32 %r3, %r2, 0f00000000;", 1, 1},
		"sqrt":                   {"sqrt.rn.f32 %r3, %r2;", f(9), f(3)},
		"rcp":                    {"rcp.rn.f32 %r3, %r2;", f(4), f(0.25)},
		"rcp f64":                {"cvt.f64.f32 %rd6, %r2; rcp.rn.f64 %rd6, %rd6; cvt.rn.f32.f64 %r3, %rd6;", f(4), f(0.25)},
		"f64 to an integer":      {"cvt.f64.f32 %rd6, %r2; cvt.rni.s32.f64 %r3, %rd6;", f(-2.5), 0xfffffffe},
		"ex2":                    {"ex2.approx.f32 %r3, %r2;", f(-3), f(0.125)},
		"lg2":                    {"lg2.approx.f32 %r3, %r2;", f(8), f(3)},
		"saturate":               {"add.sat.f32 %r3, %r2, %r2;", f(3), f(1)},
		"to an integer":          {"cvt.rzi.s32.f32 %r3, %r2;", f(-2.7), 0xfffffffe},
		"to an integer, clamped": {"cvt.rzi.u32.f32 %r3, %r2;", f(-2.7), 0},
		"to the nearest even":    {"cvt.rni.s32.f32 %r3, %r2;", f(2.5), 2},
		"from an integer":        {"cvt.rn.f32.s32 %r3, %r2;", 0xfffffffe, f(-2)},
		"sign of a byte":         {"cvt.s32.s8 %r3, %r2;", 0x80, 0xffffff80},
		"to bf16":                {"cvt.rn.bf16.f32 %rs1, %r2; cvt.u32.u16 %r3, %rs1;", f(1 + 0x1p-8), 0x3f80},
		"to f16":                 {"cvt.rn.f16.f32 %rs1, %r2; cvt.u32.u16 %r3, %rs1;", f(-65504), 0xfbff},
		"to f16, subnormal":      {"cvt.rn.f16.f32 %rs1, %r2; cvt.u32.u16 %r3, %rs1;", f(0x1p-24), 1},
		"to f16, too large":      {"cvt.rn.f16.f32 %rs1, %r2; cvt.u32.u16 %r3, %rs1;", f(65520), 0x7c00},
		"from f16":               {"cvt.u16.u32 %rs1, %r2; cvt.f32.f16 %r3, %rs1;", 0x3c01, f(1 + 0x1p-10)},
		"two halves":             {"cvt.rn.bf16x2.f32 %r3, %r2, 0f3F800000;", f(2), 0x40003f80},
		"guarded":                {"mov.b32 %r3, 1; setp.eq.s32 %p1, %r2, 7; @%p1 mov.b32 %r3, 2;", 7, 2},
		"guarded by its opposite": {
			"mov.b32 %r3, 1; setp.eq.s32 %p1, %r2, 7; @!%p1 mov.b32 %r3, 2;", 7, 1,
		},
		"a loop": {"mov.b32 %r3, 0;\n$L1:\n add.s32 %r3, %r3, 2; sub.s32 %r2, %r2, 1; setp.ne.s32 %p1, %r2, 0; @%p1 bra $L1;", 5, 10},
	} {
		got, err := result(t, test.body, []uint32{test.in})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got[0] != test.want {
			t.Errorf("%s: got %#x, want %#x", name, got[0], test.want)
		}
	}
}

// TestTogether runs instructions in which threads meet.
func TestTogether(t *testing.T) {
	in := make([]uint32, 64)
	for i := range in {
		in[i] = uint32(i)
	}
	for name, test := range map[string]struct {
		body string
		want func(i int) uint32
	}{
		"butterfly": {"shfl.sync.bfly.b32 %r3, %r2, 1, 31, -1;", func(i int) uint32 { return uint32(i ^ 1) }},
		"down, the last keeps its own": {"shfl.sync.down.b32 %r3, %r2, 1, 31, -1;", func(i int) uint32 {
			if i%32 == 31 {
				return uint32(i)
			}
			return uint32(i + 1)
		}},
		"up within eight": {"shfl.sync.up.b32 %r3, %r2, 1, 0x1800, -1;", func(i int) uint32 {
			if i%8 == 0 {
				return uint32(i)
			}
			return uint32(i - 1)
		}},
		"from a lane": {"shfl.sync.idx.b32 %r3, %r2, 5, 31, -1;", func(i int) uint32 { return uint32(i/32*32 + 5) }},
		"ballot":      {"setp.lt.u32 %p1, %r2, 3; vote.sync.ballot.b32 %r3, %p1, -1;", func(i int) uint32 { return uint32(7 * (1 - i/32)) }},
		"any":         {"setp.eq.u32 %p1, %r2, 40; vote.sync.any.pred %p2, %p1, -1; selp.b32 %r3, 1, 0, %p2;", func(i int) uint32 { return uint32(i / 32) }},
		"all":         {"setp.ne.u32 %p1, %r2, 40; vote.sync.all.pred %p2, %p1, -1; selp.b32 %r3, 1, 0, %p2;", func(i int) uint32 { return uint32(1 - i/32) }},
		"all, of no others": {
			"mov.b32 %r3, 7; and.b32 %r4, %r1, 31; setp.ge.u32 %p1, %r4, 8; @%p1 bra $E; setp.ge.u32 %p2, %r1, 32; vote.sync.all.pred %p3, %p2, 0xff; selp.b32 %r3, 1, 0, %p3;\n$E:\n",
			func(i int) uint32 {
				if i%32 >= 8 {
					return 7
				}
				return uint32(i / 32)
			},
		},
		"another thread's shared word": {
			"st.shared.b32 [%rd4], %r2; bar.sync 0; xor.b32 %r4, %r1, 63; mul.wide.u32 %rd6, %r4, 4; add.s64 %rd6, %rd5, %rd6; ld.shared.b32 %r3, [%rd6];",
			func(i int) uint32 { return uint32(63 - i) },
		},
		"branches that part and meet": {
			"setp.lt.u32 %p1, %r2, 40; @%p1 bra $A; mov.b32 %r3, 1; bra.uni $B;\n$A:\n mov.b32 %r3, 2;\n$B:\n shfl.sync.bfly.b32 %r3, %r3, 8, 31, -1;",
			func(i int) uint32 {
				if i^8 < 40 {
					return 2
				}
				return 1
			},
		},
		"an asynchronous copy": {
			"cp.async.ca.shared.global [%rd4], [%rd1], 4; cp.async.commit_group; cp.async.wait_group 0; bar.sync 0; ld.shared.b32 %r3, [tile+8];",
			func(int) uint32 { return 2 },
		},
		"atomic sums": {
			"mov.b32 %r4, 0; setp.eq.u32 %p1, %r1, 0; @%p1 st.shared.b32 [tile], %r4; bar.sync 0; atom.shared.add.u32 %r5, [tile], 1; bar.sync 0; ld.shared.b32 %r3, [tile];",
			func(int) uint32 { return 64 },
		},
	} {
		gives(t, name, test.body, in, test.want)
	}
}

// gives holds what a body makes, thread by thread.
func gives(t *testing.T, name, body string, in []uint32, want func(i int) uint32) {
	t.Helper()
	got, err := result(t, body, in)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	for i, v := range got {
		if v != want(i) {
			t.Errorf("%s: thread %d got %d, want %d", name, i, v, want(i))
			return
		}
	}
}

// TestFaults runs what a GPU would let pass, or not.
func TestFaults(t *testing.T) {
	for name, test := range map[string]struct{ body, want string }{
		"beyond a buffer":       {"ld.global.b32 %r3, [%rd1+256];", "out of bounds: bytes 256 to 259 of a buffer of 256"},
		"before a buffer":       {"ld.global.b32 %r3, [%rd1+-4];", "out of bounds"},
		"beyond shared memory":  {"st.shared.b32 [%rd4+512], %r2;", "out of bounds: bytes 512 to 515 of the 512 of shared variable tile"},
		"beyond a variable":     {".shared .align 4 .b8 other[64]; st.shared.b32 [tile+512], %r2;", "out of bounds: bytes 512 to 515 of the 512 of shared variable tile"},
		"before a variable":     {".shared .align 4 .b8 other[64]; st.shared.b32 [other+-4], %r2;", "out of bounds: bytes -4 to -1 of the 64 of shared variable other"},
		"far from variables":    {"st.shared.b32 [tile+4194304], %r2;", "out of bounds: address 0x480010 is in no shared variable"},
		"less aligned":          {".shared .align 4 .b8 other[64]; ld.shared.v2.b32 {%r3, %r4}, [other];", "is not a multiple of 8"},
		"not aligned":           {"ld.global.b32 %r3, [%rd1+2];", "is not a multiple of 4"},
		"a vector not aligned":  {"ld.global.v2.b32 {%r3, %r4}, [%rd1+4];", "is not a multiple of 8"},
		"global never written":  {"ld.global.b32 %r3, [%rd2];", "byte 0 of global memory was never written"},
		"shared never written":  {"ld.shared.b32 %r3, [%rd4];", "byte 0 of shared variable tile was never written"},
		"register never set":    {"add.s32 %r3, %r9, 1;", "register %r9 has no value"},
		"predicate never set":   {"@%p7 mov.b32 %r3, 1; mov.b32 %r3, 1;", "predicate %p7 has no value"},
		"set in one branch":     {"setp.eq.s32 %p1, %r1, 0; @%p1 mov.b32 %r9, 1; add.s32 %r3, %r9, 1;", "thread [1 0 0]: register %r9 has no value"},
		"two write":             {"st.shared.b32 [tile], %r2; mov.b32 %r3, 0;", "race: byte 0 of shared variable tile was written by thread 0 of block 0"},
		"no barrier":            {"st.shared.b32 [%rd4], %r2; ld.shared.b32 %r3, [tile];", "race: byte 0 of shared variable tile was written by thread 0"},
		"read, then written":    {"st.shared.b32 [%rd4], %r2; bar.sync 0; ld.shared.b32 %r3, [tile]; st.shared.b32 [%rd4], %r3;", "was read by several threads of block 0"},
		"two write one word":    {"st.global.b32 [%rd2], %r2; sub.s64 %rd6, %rd2, %rd3; setp.eq.s32 %p1, %r1, 5; @%p1 st.global.b32 [%rd6], %r2; mov.b32 %r3, 0;", "race: byte 0 of global memory was written by thread 0"},
		"barrier of some":       {"setp.lt.u32 %p1, %r1, 3; @%p1 bra $E; bar.sync 0;\n$E:\n mov.b32 %r3, 0;", "not all lanes"},
		"one warp ends":         {"setp.lt.u32 %p1, %r1, 32; @%p1 ret; bar.sync 0; mov.b32 %r3, 0;", "it waits at a barrier, thread [0 0 0] has ended"},
		"shuffle of some":       {"setp.lt.u32 %p1, %r1, 3; @%p1 bra $E; shfl.sync.bfly.b32 %r4, %r2, 1, 31, -1;\n$E:\n mov.b32 %r3, 0;", "not all lanes"},
		"not in its mask":       {"shfl.sync.bfly.b32 %r3, %r2, 1, 31, 1;", "does not name the lane itself"},
		"no end":                {"$L:\n add.s32 %r3, %r2, 1; bra.uni $L;", "no end after 10000 instructions"},
		"division by zero":      {"div.u32 %r3, %r2, 0;", "division by zero"},
		"an address of nothing": {"mov.b64 %rd6, 64; ld.global.b32 %r3, [%rd6];", "address 0x40 is in no buffer"},
	} {
		_, err := result(t, test.body, make([]uint32, 64))
		var fault *FaultError
		if !errors.As(err, &fault) {
			t.Errorf("%s: no fault, but %v", name, err)
			continue
		}
		if !strings.Contains(err.Error(), test.want) || fault.Line == 0 {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// TestWarpBarrier holds that bar.warp.sync orders what lanes of one warp do,
// and nothing else.
func TestWarpBarrier(t *testing.T) {
	body := "st.shared.b32 [%rd4], %r2; bar.warp.sync -1; xor.b32 %r4, %r1, MASK; mul.wide.u32 %rd6, %r4, 4; add.s64 %rd6, %rd5, %rd6; ld.shared.b32 %r3, [%rd6];"
	if _, err := result(t, strings.Replace(body, "MASK", "7", 1), make([]uint32, 64)); err != nil {
		t.Errorf("within a warp: %v", err)
	}
	if _, err := result(t, strings.Replace(body, "MASK", "32", 1), make([]uint32, 64)); err == nil {
		t.Error("between warps: no race")
	}
}

// TestBlocksRace holds that no barrier orders two blocks.
func TestBlocksRace(t *testing.T) {
	m, err := Parse(head + "mov.b32 %r3, 1;" + tail)
	if err != nil {
		t.Fatal(err)
	}
	memory := &Memory{}
	buffer, _ := memory.Alloc(4)
	if err := memory.Write(buffer, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	other, _ := memory.Alloc(4)
	launch := Launch{Grid: [3]int{2, 1, 1}, Block: [3]int{1, 1, 1}, Args: []Arg{Pointer(buffer), Pointer(other)}}
	err = m.Kernels["k"].Run(context.Background(), memory, launch)
	if err == nil || !strings.Contains(err.Error(), "block [1 0 0], thread [0 0 0]: race: byte 0 of global memory was written by thread 0 of block 0") {
		t.Errorf("got %v", err)
	}
}

// TestMMA multiplies matrices of whole numbers, which bfloat16 holds exactly.
func TestMMA(t *testing.T) {
	// lane l gives a0..a3 and b0, b1 as pairs of bfloat16 numbers made of its lane
	body := `
	cvt.rn.f32.u32 %r4, %r1; cvt.rn.bf16x2.f32 %r5, %r4, 0f3F800000;
	mov.b32 %r6, 0f00000000;
	mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%r7, %r8, %r9, %r10}, {%r5, %r5, %r5, %r5}, {%r5, %r5}, {%r6, %r6, %r6, %r6};
	add.f32 %r3, %r7, %r10;`
	got, err := result(t, body, make([]uint32, 32))
	if err != nil {
		t.Fatal(err)
	}
	// a[row][2c] = 1, a[row][2c+1] = 4 (row mod 8) + c mod 4; b the same with row and column exchanged
	entry := func(group, k int) float64 {
		if k%2 == 0 {
			return 1
		}
		return float64(4*(group%8) + k/2%4)
	}
	for lane := range 32 {
		want := 0.0
		for k := range 16 {
			want += entry(lane/4, k)*entry(lane%4*2, k) + entry(lane/4, k)*entry(lane%4*2+1, k)
		}
		if v := math.Float32frombits(got[lane]); float64(v) != want {
			t.Errorf("lane %d: got %v, want %v", lane, v, want)
		}
	}
}

// TestFMA compares with float64's fused product where that is exact enough, and
// with a case in which rounding twice is wrong.
func TestFMA(t *testing.T) {
	a, b, c := float32(1+0x1p-12), float32(1+0x1p-12), float32(0x1p-60)
	// a*b = 1 + 2^-11 + 2^-24, half way between two float32; c tips it up
	if got, want := fma(a, b, c), float32(1+0x1p-11+0x1p-23); got != want {
		t.Errorf("got %v, want %v: rounded twice", got, want)
	}
	if got, want := fma(a, b, -c), float32(1+0x1p-11); got != want {
		t.Errorf("got %v, want %v: rounded twice", got, want)
	}
	if got := fma(float32(math.Inf(1)), 0, 1); got == got {
		t.Errorf("Inf times 0 is %v", got)
	}
}

// TestHalves holds that every float16 number survives the way to float32 and
// back.
func TestHalves(t *testing.T) {
	m, err := Parse(head + "cvt.u16.u32 %rs1, %r2; cvt.f32.f16 %r4, %rs1; cvt.rn.f16.f32 %rs2, %r4; cvt.u32.u16 %r3, %rs2;" + tail)
	if err != nil {
		t.Fatal(err)
	}
	read, _ := reader("f16")
	for half := range uint64(1 << 16) {
		n := read(half)
		if n.float != n.float {
			continue
		}
		if got := toF16(n.float); got != half {
			t.Fatalf("%#x came back as %#x", half, got)
		}
	}
	if m.Kernels["k"].Instructions() != 15 {
		t.Errorf("%d instructions", m.Kernels["k"].Instructions())
	}
}

package cuda

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"attn/internal/kernels/kernelstest"
	"attn/internal/ptx"
)

// mutation is a bug, planted in a kernel's PTX: the nth place (from 1) of a
// text in an entry, replaced.
type mutation struct {
	name          string
	module, entry string
	old, new      string
	nth           int
	op            string // whose calls must catch it
}

// mutations are the mistakes that kernels' authors make.
func mutations() []mutation {
	const small = "matmul_small_F32"
	return []mutation{
		{"matmul: no barrier before the tile is read", "matmul", small, "bar.sync 0;", "", 2, "matmul"},
		{"matmul: no barrier before the next tile", "matmul", small, "bar.sync 0;", "", 1, "matmul"},
		{"matmul: a tail of k is read", "matmul", small, "setp.lt.s32 %p5", "setp.le.s32 %p5", 1, "matmul"},
		{"matmul: one row too many", "matmul", small, "setp.lt.s32 %p16", "setp.le.s32 %p16", 1, "matmul"},
		{"matmul: one column too many", "matmul", small, "setp.lt.s32 %p17", "setp.le.s32 %p17", 1, "matmul"},
		{"matmul: a wrong stride in the tile", "matmul", small, "mul.wide.u32 %rd37, %r5, 68", "mul.wide.u32 %rd37, %r5, 64", 1, "matmul"},
		{"matmul: operands swapped", "matmul", small, "ld.shared.b32 %r46, [%rd71]", "ld.shared.b32 %r46, [%rd70]", 1, "matmul"},
		{"matmul: the bias forgotten", "matmul", small, "add.rn.f32 %r60, %r60, %r50", "mov.b32 %r60, %r60", 1, "matmul"},
		{"matmul: the sum not carried over", "matmul", small, "fma.rn.f32 %r25, %r23, %r24, %r60", "mul.rn.f32 %r25, %r23, %r24", 1, "matmul"},
		{"matmul: row and column exchanged", "matmul", small, "and.b32 %r5, %r4, 15", "shr.u32 %r5, %r4, 4", 1, "matmul"},
		{"matmul: the batch forgotten", "matmul", small, "mov.u32 %r1, %ctaid.z", "mov.u32 %r1, 0", 1, "scores"},
		{"matmul: heads that share read the wrong one", "matmul", small, "div.s32 %r18, %r1, %r17", "mov.b32 %r18, %r1", 1, "scores"},
		{"softmax: no barrier after the sums", "softmax", "softmax", "bar.sync 0;", "", 2, "softmax"},
		{"softmax: no barrier in the reduction", "softmax", "softmax", "bar.sync 0;", "", 3, "softmax"},
		{"softmax: the top not taken off", "softmax", "softmax", "sub.rn.f32 %r14, %r13, %r3", "mov.b32 %r14, %r13", 1, "softmax"},
		{"softmax: a warp reads ahead of the reduction", "softmax", "softmax", "setp.ge.u32 %p6, %r1, %r30", "setp.gt.u32 %p6, %r1, %r30", 1, "softmax"},
		{"softmax: half the threads reduce", "softmax", "softmax", "shr.u32 %r33, %r2, 1", "shr.u32 %r33, %r2, 2", 1, "softmax"},
		{"softmax: rows of -Inf not told apart", "softmax", "softmax", "setp.eq.f32 %p10", "setp.ne.f32 %p10", 1, "softmax"},
		{"softmax: another base", "softmax", "softmax", "0f3FB8AA3B", "0f3F800000", 1, "softmax"},
		{"softmax: one number too many", "softmax", "softmax", "setp.lt.s32 %p4", "setp.le.s32 %p4", 1, "softmax"},
		{"softmaxsink: every row reads the first sink", "softmaxsink", "softmaxsink", "ld.global.b32 %r1, [%rd19]", "ld.global.b32 %r1, [%rd16]", 1, "softmaxsink"},
		{"norm: squares added to nothing", "norm", "norm", "sqrt.rn.f64", "abs.f64", 1, "norm"},
		{"norm: no barrier", "norm", "norm", "bar.sync 0;", "", 3, "norm"},
		{"mask: the diagonal hidden", "mask", "mask", "setp.gt.s64 %p5", "setp.ge.s64 %p5", 1, "mask"},
		{"rotate: turned the other way", "rotate", "rotate", "sub.rn.f32", "add.rn.f32", 1, "rotate"},
		{"rotate: the components before the first forgotten", "rotate", "rotate", "sub.s32 %r1, %r18, %r8", "mov.b32 %r1, %r18", 1, "rotate"},
		{"add: one number too many", "add", "add", "setp.ge.s64", "setp.gt.s64", 1, "add"},
		{"add: the second twice", "add", "add", "[add_param_0]", "[add_param_1]", 1, "add"},
		{"keybias: every head reads the first's", "keybias", "keybias", "add.s64 %rd25, %rd23, %rd24", "add.s64 %rd25, %rd2, %rd24", 1, "keybias"},
		{"join: heads that share read the wrong one", "join", "join", "div.s32 %r17, %r16, %r2", "mov.b32 %r17, 0", 1, "join"},
		{"gather: the wrong row", "gather", "gather_F32", "add.s64 %rd10, %rd1, %rd9", "mov.b64 %rd10, %rd1", 1, "gather"},
		{"gather: signs of Q8_0 lost", "gather", "gather_Q8_0", "ld.global.s8", "ld.global.u8", 1, "blocks"},
	}
}

// plant returns the module with its bug. Tabs between an instruction's parts
// count as spaces.
func plant(m mutation, source string) (string, error) {
	source = strings.ReplaceAll(source, " \t", " ")
	begin := strings.Index(source, ".entry "+m.entry+"(")
	if begin < 0 {
		return "", fmt.Errorf("no entry %s", m.entry)
	}
	at := begin
	for range m.nth {
		next := strings.Index(source[at:], m.old)
		if next < 0 {
			return "", fmt.Errorf("%q does not stand %d times in %s", m.old, m.nth, m.entry)
		}
		at += next + 1
	}
	at--
	return source[:at] + m.new + source[at+len(m.old):], nil
}

// TestMutations plants bugs and holds that the suite catches each: as a fault
// of the interpreter or as a wrong number.
func TestMutations(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: the kernels are the same, and the interpreter is slow")
	}
	good, err := modules()
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string][]kernelstest.Call{}
	for _, op := range kernelstest.Ops() {
		calls[op.Name] = op.Calls
	}
	for _, m := range mutations() {
		t.Run(m.name, func(t *testing.T) {
			source, err := compiled.ReadFile("ptx/" + m.module + ".ptx")
			if err != nil {
				t.Fatal(err)
			}
			text, err := plant(m, string(source))
			if err != nil {
				t.Fatal(err)
			}
			bad, err := ptx.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			all := maps.Clone(good)
			all[m.module+".ptx"] = bad
			t.Log(caught(t, all, calls[m.op]))
		})
	}
}

// caught runs calls until one of them fails, and returns how.
func caught(t *testing.T, all map[string]*ptx.Module, calls []kernelstest.Call) error {
	t.Helper()
	for _, call := range calls {
		be := newBackend(&interpreted{modules: all})
		err := call.Compare(be)
		_ = be.Close() // the interpreter has nothing to close
		if err != nil {
			return fmt.Errorf("%s: %w", call.Name, err)
		}
	}
	t.Errorf("nobody saw it, in %d calls", len(calls))
	return nil
}

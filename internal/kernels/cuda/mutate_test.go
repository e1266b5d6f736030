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
	return []mutation{
		{"matmul: no barrier before the tiles are read", "matmul_F32", "matmul_small_F32", "bar.sync 0;", "", 1, "matmul"},
		{"matmul: copies not waited for", "matmul_F32", "matmul_small_F32", "cp.async.wait_all;", "", 1, "matmul"},
		{"matmul: both halves are one", "matmul_F32", "matmul_small_F32", "mul.wide.u32 %rd182, %r161, 10240", "mul.wide.u32 %rd182, %r161, 0", 1, "matmul"},
		{"matmul: a row past the last is read", "matmul_F32", "matmul_small_F32", "setp.lt.s32 %p2, %r109, %r10", "setp.le.s32 %p2, %r109, %r10", 1, "matmul"},
		{"matmul: one row too many", "matmul_F32", "matmul_small_F32", "setp.ge.s32 %p68, %r459, %r9", "setp.gt.s32 %p68, %r459, %r9", 1, "matmul"},
		{"matmul: one column too many", "matmul_F32", "matmul_small_F32", "setp.lt.s32 %p66, %r28, %r19", "setp.le.s32 %p66, %r28, %r19", 1, "matmul"},
		{"matmul: a wrong stride in the tile", "matmul_F32", "matmul_small_F32", "mad.lo.s32 %r112, %r109, 20, %r111", "mad.lo.s32 %r112, %r109, 16, %r111", 1, "matmul"},
		{"matmul: the wrong number of four", "matmul_F32", "matmul_small_F32", "fma.rn.f32 %r247, %r236, %r204, %r239", "fma.rn.f32 %r247, %r235, %r204, %r239", 1, "matmul"},
		{"matmul: the bias forgotten", "matmul_F32", "matmul_small_F32", "add.rn.f32 %r39, %r656, %r592", "mov.b32 %r39, %r592", 1, "matmul"},
		{"matmul: the sum not carried over", "matmul_F32", "matmul_small_F32", "fma.rn.f32 %r239, %r235, %r203, %r592", "mul.rn.f32 %r239, %r235, %r203", 1, "matmul"},
		{"matmul: the last four of the depth forgotten", "matmul_F32", "matmul_small_F32", "setp.lt.u32 %p64, %r591, 12", "setp.lt.u32 %p64, %r591, 8", 1, "matmul"},
		{"matmul: the batch forgotten", "matmul_F32", "matmul_small_F32", "mov.u32 %r1, %ctaid.z", "mov.u32 %r1, 0", 1, "scores"},
		{"matmul: heads that share read the wrong one", "matmul_F32", "matmul_small_F32", "div.s32 %r106, %r1, %r105", "mov.b32 %r106, %r1", 1, "scores"},
		{"matmul across: no barrier before the tiles are read", "matmul_F32", "matmul_across_small_F32", "bar.sync 0;", "", 1, "mix"},
		{"matrows: two lanes add the same", "matrows_F32", "matrows_8_F32", "xor.b32 %r13, %r375, 8", "xor.b32 %r13, %r375, 4", 1, "matmul"},
		{"matrows: a row past the last", "matrows_F32", "matrows_8_F32", "add.s32 %r10, %r241, -1", "mov.b32 %r10, %r241", 1, "matmul"},
		{"matrows: a column past the last", "matrows_F32", "matrows_8_F32", "setp.ge.s32 %p1", "setp.gt.s32 %p1", 1, "matmul"},
		{"matrows across: no barrier before the parts are added", "matrows_F32", "matrows_across_8_F32", "bar.sync 0;", "", 1, "matmul"},
		{"attention: no barrier before keys are read", "attention_64", "attention_64", "bar.sync 0;", "", 1, "attention"},
		{"attention: no barrier before scores are listed", "attention_64", "attention_64", "bar.sync 0;", "", 2, "attention"},
		{"attention: no barrier before weights take the scores' place", "attention_64", "attention_64", "bar.sync 0;", "", 3, "attention"},
		{"attention: no barrier before values are read", "attention_64", "attention_64", "bar.sync 0;", "", 4, "attention"},
		{"attention: no barrier before the sums are told", "attention_64", "attention_64", "bar.sync 0;", "", 5, "attention"},
		{"attention, wide: no barrier before the sums are read", "attention_256", "attention_256", "bar.sync 0;", "", 9, "wide attention"},
		{"attention: no barrier before lists are finished", "attention_64", "attention_64", "bar.sync 0;", "", 7, "attention"},
		{"attention: keys not waited for", "attention_64", "attention_64", "cp.async.wait_all;", "", 1, "attention"},
		{"attention: values not waited for", "attention_64", "attention_64", "cp.async.wait_all;", "", 2, "attention"},
		{"attention: both halves are one", "attention_64", "attention_64", "xor.b32 %r3235, %r3238, 1", "mov.b32 %r3235, %r3238", 1, "attention"},
		{"attention: values not scaled down", "attention_64", "attention_64", "mul.rn.f32 %r3442, %r2285, %r3442", "mov.b32 %r3442, %r3442", 1, "attention"},
		{"attention: the sum not scaled down", "attention_64", "attention_64", "mul.rn.f32 %r323, %r3232, %r258", "mov.b32 %r323, %r3232", 1, "attention"},
		{"attention: the near mass not scaled down", "attention_64", "attention_64", "mul.rn.f32 %r3439, %r3439, %r258", "mov.b32 %r3439, %r3439", 1, "attention"},
		{"attention: the diagonal hidden", "attention_64", "attention_64", "setp.gt.s32 %p258, %r222, 0", "setp.ge.s32 %p258, %r222, 0", 1, "attention"},
		{"attention: a key past the last", "attention_64", "attention_64", "setp.ge.s32 %p261, %r224, %r68", "setp.gt.s32 %p261, %r224, %r68", 1, "attention"},
		{"attention: a window too wide", "attention_64", "attention_64", "setp.lt.s32 %p319, %r2021, %r69", "setp.le.s32 %p319, %r2021, %r69", 1, "attention"},
		{"attention: a row scaled by another's factor", "attention_64", "attention_64", "shfl.sync.idx.b32 %r2285, %r258, %r3161", "shfl.sync.idx.b32 %r2285, %r258, %r56", 1, "attention"},
		{"attention: heads that share read the wrong one", "attention_64", "attention_64", "div.s32 %r500, %r497, %r498", "mov.b32 %r500, %r497", 1, "attention"},
		{"attention: the sink forgotten", "attention_64", "attention_64", "add.rn.f32 %r355, %r63, %r3506", "mov.b32 %r355, %r63", 1, "attention"},
		{"attention: smaller scores listed", "attention_64", "attention_64", "setp.leu.f32 %p438", "setp.geu.f32 %p438", 1, "attention"},
		{"attention: what is listed not taken off the rest", "attention_64", "attention_64", "sub.rn.f32 %r3509, %r3509, %r3129", "mov.b32 %r3509, %r3509", 1, "attention"},
		{"attention: the entropy's parts added", "attention_64", "attention_64", "sub.rn.f32 %r3116, %r3115, %r64", "add.rn.f32 %r3116, %r3115, %r64", 1, "attention"},
		{"attention: a logarithm of base 2", "attention_64", "attention_64", "0f3F317218", "0f3F800000", 1, "attention"},
		{"attention, wide: no barrier before the tops are read", "attention_256", "attention_256", "bar.sync 0;", "", 4, "wide attention"},
		{"attention, wide: no barrier before weights take the tops' place", "attention_256", "attention_256", "bar.sync 0;", "", 5, "wide attention"},
		{"attention, wide: no barrier before the next keys' weights", "attention_256", "attention_256", "bar.sync 0;", "", 6, "wide attention"},
		{"attention, wide: no barrier before values are read", "attention_256", "attention_256", "bar.sync 0;", "", 7, "wide attention"},
		{"attentionkeys: no barrier before a tile is read", "attentionkeys", "attentionkeys", "bar.sync 0;", "", 1, "attention"},
		{"attentionkeys: no barrier before weights are added", "attentionkeys", "attentionkeys", "bar.sync 0;", "", 2, "attention"},
		{"attentionkeys: no barrier before rows are summed", "attentionkeys", "attentionkeys", "bar.sync 0;", "", 3, "attention"},
		{"attentionkeys: no barrier before columns are", "attentionkeys", "attentionkeys", "bar.sync 0;", "", 4, "attention"},
		{"attentionkeys: a query forgotten", "attentionkeys", "attentionkeys", "add.rn.f32 %r2096, %r2094, %r2095", "mov.b32 %r2096, %r2094", 1, "attention"},
		{"attentionkeys: blocks of the map one query late", "attentionkeys", "attentionkeys", "setp.ne.b32 %p543, %r2136, 0", "setp.ne.b32 %p543, %r2136, 1", 1, "attention"},
		{"attentiontile: a score for a weight", "attentiontile", "attentiontile", "st.global.b32 [%rd195], %r2268", "st.global.b32 [%rd195], %r2265", 1, "attention"},
		{"attentiontile: a depth not carried over", "attentiontile", "attentiontile", "fma.rn.f32 %r468, %r464, %r432, %r2201", "mul.rn.f32 %r468, %r464, %r432", 1, "attention"},
		{"attention: keys past the queries' number not seen", "attention_64", "attention_64", "selp.b32 %r464, %r2, %r462", "selp.b32 %r464, %r1, %r462", 1, "cross-attention"},
		{"attention: keys past the queries' number not copied", "attention_64", "attention_64", "sub.s32 %r30, %r2, %r3234", "sub.s32 %r30, %r1, %r3234", 1, "cross-attention"},
		{"attention: keys past the queries' number hidden", "attention_64", "attention_64", "setp.ge.s32 %p257, %r3226, %r68", "setp.ge.s32 %p257, %r3226, %r1", 1, "cross-attention"},
		{"attentionkeys: keys past the queries' number not owned", "attentionkeys", "attentionkeys", "ld.param.b32 %r329, [attentionkeys_param_0+164]", "ld.param.b32 %r329, [attentionkeys_param_0+160]", 1, "cross-attention"},
		{"attentionkeys: heads as far apart as they have queries", "attentionkeys", "attentionkeys", "ld.param.s32 %rd267, [%rd1+164]", "ld.param.s32 %rd267, [%rd1+160]", 1, "cross-attention"},
		{"attentionkeys: rows of the map as long as its columns", "attentionkeys", "attentionkeys", "cvt.s64.s32 %rd105, %r2131", "cvt.s64.s32 %rd105, %r2130", 1, "cross-attention"},
		{"attentionkeys: the mean of a block's keys", "attentionkeys", "attentionkeys", "ld.param.b32 %r321, [%rd1+160]", "ld.param.b32 %r321, [%rd1+164]", 1, "cross-attention"},
		{"attentiontile: keys past the queries' number hidden", "attentiontile", "attentiontile", "ld.param.b32 %r17, [%rd1+164]", "ld.param.b32 %r17, [%rd1+160]", 1, "cross-attention"},
		{"softmax: no barrier after the sums", "softmax", "softmax", "bar.sync 0;", "", 2, "softmax"},
		{"softmax: no barrier in the reduction", "softmax", "softmax", "bar.sync 0;", "", 3, "softmax"},
		{"softmax: the top not taken off", "softmax", "softmax", "sub.rn.f32 %r14, %r13, %r3", "mov.b32 %r14, %r13", 1, "softmax"},
		{"softmax: a warp reads ahead of the reduction", "softmax", "softmax", "setp.ge.u32 %p6, %r1, %r30", "setp.gt.u32 %p6, %r1, %r30", 1, "softmax"},
		{"softmax: half the threads reduce", "softmax", "softmax", "shr.u32 %r33, %r2, 1", "shr.u32 %r33, %r2, 2", 1, "softmax"},
		{"softmax: rows of -Inf not told apart", "softmax", "softmax", "setp.eq.f32 %p10", "setp.ne.f32 %p10", 1, "softmax"},
		{"softmax: another base", "softmax", "softmax", "0f3FB8AA3B", "0f3F800000", 1, "softmax"},
		{"softmax: one number too many", "softmax", "softmax", "setp.lt.s32 %p4", "setp.le.s32 %p4", 1, "softmax"},
		{"softmaxsink: every row reads the first sink", "softmaxsink", "softmaxsink", "ld.global.b32 %r1, [%rd19]", "ld.global.b32 %r1, [%rd16]", 1, "softmaxsink"},
		{"top: no barrier before the largest is read", "top", "top", "bar.sync 0;", "", 1, "top"},
		{"top: no barrier in the reduction", "top", "top", "bar.sync 0;", "", 3, "top"},
		{"top: NaN is listed first", "top", "top", "selp.b64 %rd30, 0, %rd29, %p4", "mov.b64 %rd30, %rd29", 1, "top"},
		{"top: 0 and -0 differ", "top", "top", "add.rn.f32 %r10, %r9, 0f00000000", "mov.b32 %r10, %r9", 1, "top"},
		{"top: the later of equals first", "top", "top", "sub.s32 %r19, %r19, %r2", "add.s32 %r19, %r19, %r2", 1, "top"},
		{"top: the same place again", "top", "top", "setp.lt.u64 %p5, %rd32, %rd40", "setp.le.u64 %p5, %rd32, %rd40", 1, "top"},
		{"norm: squares added to nothing", "norm", "norm", "sqrt.rn.f64", "abs.f64", 1, "norm"},
		{"norm: no barrier", "norm", "norm", "bar.sync 0;", "", 3, "norm"},
		{"mask: the diagonal hidden", "mask", "mask", "setp.gt.s64 %p5", "setp.ge.s64 %p5", 1, "mask"},
		{"rotate: turned the other way", "rotate", "rotate", "sub.rn.f32", "add.rn.f32", 1, "rotate"},
		{"rotate: the components before the first forgotten", "rotate", "rotate", "sub.s32 %r1, %r18, %r8", "mov.b32 %r1, %r18", 1, "rotate"},
		{"add: one number too many", "add", "add", "setp.ge.s64", "setp.gt.s64", 1, "add"},
		{"add: the second twice", "add", "add", "[add_param_0]", "[add_param_1]", 1, "add"},
		{"keybias: every head reads the first's", "keybias", "keybias", "add.s64 %rd25, %rd23, %rd24", "add.s64 %rd25, %rd2, %rd24", 1, "keybias"},
		{"join: heads that share read the wrong one", "join", "join", "div.s32 %r17, %r16, %r2", "mov.b32 %r17, 0", 1, "join"},
		{"addrows: rows in turn", "addrows", "addrows", "mul.lo.s64 %rd22, %rd21, %rd6", "mul.lo.s64 %rd22, %rd29, %rd6", 1, "addrows"},
		{"addrows: the first factor for all", "addrows", "addrows", "ld.global.b32 %r8, [%rd17]", "ld.global.b32 %r8, [%rd1]", 1, "addrows"},
		{"addrows: what was there is lost", "addrows", "addrows", "add.rn.f32 %r12, %r10, %r11", "mov.b32 %r12, %r10", 1, "addrows"},
		{"addrows: one number too many", "addrows", "addrows", "setp.ge.s64", "setp.gt.s64", 1, "addrows"},
		{"route: no barrier before the top is read", "route", "route", "bar.sync 0;", "", 3, "route"},
		{"route: no barrier before experts are compared", "route", "route", "bar.sync 0;", "", 7, "route"},
		{"route: no barrier before groups are compared", "route", "route", "bar.sync 0;", "", 8, "route"},
		{"route: no barrier after groups are left out", "route", "route", "bar.sync 0;", "", 9, "route"},
		{"route: the correction forgotten", "route", "route", "add.rn.f64 %rd181, %rd18, %rd265", "mov.b64 %rd181, %rd18", 1, "route"},
		{
			"route: the later of two alike", "route", "route",
			"setp.lt.u32 %p95, %r88, %r70;\n\tsetp.ge.u32 %p96, %r88, %r70", "setp.gt.u32 %p95, %r88, %r70;\n\tsetp.le.u32 %p96, %r88, %r70", 1, "route",
		},
		{"route: one expert too many", "route", "route", "setp.lt.s32 %p134, %r90, %r16", "setp.le.s32 %p134, %r90, %r16", 1, "route"},
		{"route: a group is its best alone", "route", "route", "mov.b32 %r79, %r22", "mov.b32 %r79, 1", 1, "route"},
		{"route: experts in the wrong group", "route", "route", "div.s32 %r11, %r83, %r3", "rem.s32 %r11, %r83, %r20", 1, "route"},
		{"route: no number comes first", "route", "route", "0dFFF8000000000000", "0d7FF8000000000000", 1, "route"},
		{"route: the total of all experts", "route", "route", "@%p133 bra $L__BB0_81;", "", 1, "route"},
		{"route: the scale forgotten", "route", "route", "selp.f64 %rd38, %rd242, %rd273, %p139", "mov.b64 %rd38, %rd273", 1, "route"},
		{"route: the sigmoid of what is positive", "route", "route", "neg.f64", "abs.f64", 1, "route"},
		{"route: another logarithm of 2", "route", "route", "0dBFE62E42FEE00000", "0dBFE62E4000000000", 1, "route"},
		{"route: half of the power", "route", "route", "mul.rn.f64 %rd116, %rd112, %rd115", "mov.b64 %rd116, %rd112", 1, "route"},
		{"gather: the wrong row", "gather", "gather_F32", "add.s64 %rd10, %rd1, %rd9", "mov.b64 %rd10, %rd1", 1, "gather"},
		{"gather: signs of Q8_0 lost", "gather", "gather_Q8_0", "ld.global.s8", "ld.global.u8", 1, "blocks"},
	}
}

// tooEarly are the mistakes that only races of copies tell of: what is multiplied is
// right, on the interpreter and mostly on a GPU. Each takes two edits, or one.
func tooEarly() [][]mutation {
	return [][]mutation{
		{
			{"matmul: the next tile is fetched before the barrier", "matmul_F32", "matmul_small_F32", "bar.sync 0;", "", 1, "matmul"},
			{"and the barrier", "matmul_F32", "matmul_small_F32", "$L__BB1_206:", "$L__BB1_206:\nbar.sync 0;", 1, ""},
		},
		{
			{"attention: the next keys are fetched before the barrier", "attention_64", "attention_64", "bar.sync 0;", "", 1, "attention"},
			{"and the barrier", "attention_64", "attention_64", "$L__BB0_223:", "$L__BB0_223:\nbar.sync 0;", 1, ""},
		},
		{{"matmul: a tile that nobody waits for", "matmul_F32", "matmul_small_F32", "setp.ge.s32 %p38, %r29, %r2", "setp.lt.s32 %p38, %r2, 0", 1, "matmul"}},
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
		t.Skip("SKIPPED in a short run, for the interpreter is slow; go test ./... runs it")
	}
	good, err := modules()
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string][]kernelstest.Call{}
	for _, op := range kernelstest.Ops() {
		calls[op.Name] = op.Calls
	}
	for _, op := range kernelstest.FusedOps() {
		for _, call := range op.Calls { // a few that have everything: they are slow
			switch name, _, _ := strings.Cut(call.Name, ", heads"); name {
			case "plain, T 70", "all, T 75", "plain, 33 queries, 70 keys", "plain, 70 queries, 33 keys":
				calls[op.Name] = append(calls[op.Name], call)
			case "sizes, T 129":
				calls["wide attention"] = append(calls["wide attention"], call)
			}
		}
	}
	bugs := tooEarly()
	for _, m := range mutations() {
		bugs = append(bugs, []mutation{m})
	}
	for _, edits := range bugs {
		t.Run(edits[0].name, func(t *testing.T) {
			all := maps.Clone(good)
			all[edits[0].module+".ptx"] = mutant(t, edits)
			t.Log(caught(t, all, calls[edits[0].op]))
		})
	}
}

// mutant is the module of some mutations with all of them.
func mutant(t *testing.T, edits []mutation) *ptx.Module {
	t.Helper()
	source, err := compiled.ReadFile("ptx/" + edits[0].module + ".ptx")
	if err != nil {
		t.Fatal(err)
	}
	text := string(source)
	for _, m := range edits {
		if text, err = plant(m, text); err != nil {
			t.Fatal(err)
		}
	}
	bad, err := ptx.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return bad
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

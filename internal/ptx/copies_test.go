package ptx

import (
	"errors"
	"strings"
	"testing"
)

// What the tests of copies are made of: a copy of this thread's word to its word
// of the tile's first half or second, and the words of the thread beside it.
const (
	copyFirst  = "cp.async.ca.shared.global [%rd4], [%rd1], 4;\n"
	copySecond = "cp.async.ca.shared.global [%rd4+256], [%rd1], 4;\n"
	commit     = "cp.async.commit_group;\n"
	waitAll    = "cp.async.wait_all;\n"
	barrier    = "bar.sync 0;\n"
	neighbour  = "xor.b32 %r4, %r1, 1; mul.wide.u32 %rd6, %r4, 4; add.s64 %rd7, %rd5, %rd6; sub.s64 %rd8, %rd1, %rd3; add.s64 %rd8, %rd8, %rd6;\n"
	readOwn    = "ld.shared.b32 %r3, [%rd4];\n"
	readOther  = "ld.shared.b32 %r3, [%rd7];\n"
)

// TestCopyRaces: between a copy and the wait for it nobody may touch what it
// writes, nor write what it reads; others may after a barrier that follows the wait.
func TestCopyRaces(t *testing.T) {
	const (
		toOnItsWay   = "race: a copy to byte 0 of shared variable tile is on its way, and thread 0 of block 0 has not waited for it"
		fromOnItsWay = "race: a copy from byte 0 of global memory is on its way, and thread 0 of block 0 has not waited for it"
	)
	for name, test := range map[string]struct{ body, want string }{
		"read before the wait":                       {copyFirst + commit + readOwn + waitAll, toOnItsWay},
		"read by another before the wait":            {copyFirst + barrier + "ld.shared.b32 %r3, [tile];" + waitAll, toOnItsWay},
		"read by another with no barrier":            {neighbour + copyFirst + waitAll + readOther, "thread [0 0 0]: race: byte 4 of shared variable tile was written by thread 1 of block 0, and no barrier"},
		"a barrier before the wait and none after":   {neighbour + copyFirst + barrier + waitAll + readOther, "byte 4 of shared variable tile was written by thread 1 of block 0, and no barrier"},
		"written over before the wait":               {copyFirst + "st.shared.b32 [%rd4], %r2;" + waitAll + readOwn, toOnItsWay},
		"begun while another reads":                  {neighbour + "st.shared.b32 [%rd4], %r2;" + barrier + readOther + copyFirst + waitAll, "byte 0 of shared variable tile was read by thread 1 of block 0, and no barrier"},
		"begun where another wrote":                  {neighbour + "st.shared.b32 [%rd7], %r2;" + copyFirst + waitAll + readOwn, "byte 0 of shared variable tile was written by thread 1 of block 0, and no barrier"},
		"two to one place":                           {copyFirst + copyFirst + waitAll + readOwn, toOnItsWay},
		"two threads' to one place":                  {"cp.async.ca.shared.global [tile], [%rd1], 4;" + waitAll + "mov.b32 %r3, 0;", "thread [1 0 0]: " + toOnItsWay},
		"never waited for":                           {copyFirst + "mov.b32 %r3, 0;", "(ret), block [0 0 0], thread [0 0 0]: it ends while a copy to byte 0 of shared variable tile is on its way"},
		"a group never waited for":                   {copyFirst + commit + "mov.b32 %r3, 0;", "it ends while a copy to byte 0 of shared variable tile"},
		"never waited for, by those who leave early": {copyFirst + "setp.lt.u32 %p1, %r1, 5; @%p1 exit; " + waitAll + "mov.b32 %r3, 0;", "(@%p1 exit), block [0 0 0], thread [0 0 0]: it ends while a copy"},
		"the newest group not waited for":            {copySecond + commit + copyFirst + commit + "cp.async.wait_group 1;" + readOwn + waitAll, toOnItsWay},
		"no group to wait for":                       {copyFirst + "cp.async.wait_group 0;" + readOwn + waitAll, toOnItsWay},
		"its source written over":                    {copyFirst + "st.global.b32 [%rd1], %r2;" + waitAll + readOwn, fromOnItsWay},
		"its source written over by another":         {neighbour + copyFirst + barrier + "st.global.b32 [%rd8], %r2;" + waitAll + readOwn, "a copy from byte 4 of global memory is on its way, and thread 1"},
		"its source written over after the wait":     {neighbour + copyFirst + barrier + waitAll + "st.global.b32 [%rd8], %r2;" + readOwn, "byte 4 of global memory was read by thread 1 of block 0, and no barrier"},
		"one of two with a source has come":          {copyFirst + commit + copySecond + commit + "cp.async.wait_group 1; st.global.b32 [%rd1], %r2;" + waitAll + readOwn, fromOnItsWay},
		"a byte of its source written over":          {copyFirst + "mov.b16 %rs1, 0; st.global.b8 [%rd1+3], %rs1;" + waitAll + readOwn, "a copy from byte 3 of global memory is on its way"},
		"more bytes read than written":               {"cp.async.ca.shared.global [%rd4], [%rd1], 4, 8;" + waitAll + readOwn, "a copy of 4 bytes that reads 8"},
		"half of a word never written":               {"cp.async.ca.shared.global [%rd4], [%rd2], 4, 2;" + waitAll + readOwn, "byte 0 of global memory was never written"},
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

// In the loops of TestCopiesInTime %r5 is where the half that is read begins,
// %r6 the other; three rounds add up what the thread's partner copied.
const (
	roundsBegin  = "mov.b32 %r3, 0; mov.b32 %r5, 0; mov.b32 %r7, 0; xor.b32 %r4, %r1, 33; mul.wide.u32 %rd6, %r4, 4; add.s64 %rd7, %rd5, %rd6;\n" + copyFirst
	nextHalf     = "xor.b32 %r6, %r5, 256; add.s32 %r7, %r7, 1; setp.ge.u32 %p1, %r7, 3; cvt.u64.u32 %rd8, %r6; add.s64 %rd8, %rd4, %rd8;\n"
	copyNext     = "@!%p1 cp.async.ca.shared.global [%rd8], [%rd1], 4;\n"
	addPartner   = "cvt.u64.u32 %rd8, %r5; add.s64 %rd8, %rd7, %rd8; ld.shared.b32 %r8, [%rd8]; add.s32 %r3, %r3, %r8; mov.b32 %r5, %r6;\n"
	roundsRepeat = "@!%p1 bra $L;\n"
)

// TestCopiesInTime: what is read in time is no race, the next half arriving
// meanwhile among it.
func TestCopiesInTime(t *testing.T) {
	partner := func(i int) uint32 { return 3 * uint32(i^33) }
	own := func(i int) uint32 { return uint32(i) }
	for name, test := range map[string]struct {
		body string
		want func(i int) uint32
	}{
		"its own, after the wait":        {copyFirst + waitAll + readOwn, own},
		"another's, after a barrier":     {neighbour + copyFirst + waitAll + barrier + readOther, func(i int) uint32 { return uint32(i ^ 1) }},
		"the other lanes', in one warp":  {neighbour + copyFirst + waitAll + "bar.warp.sync -1;" + readOther, func(i int) uint32 { return uint32(i ^ 1) }},
		"the older group":                {copyFirst + commit + copySecond + commit + "cp.async.wait_group 1;" + readOwn + waitAll, own},
		"a second copy to the place":     {copyFirst + waitAll + copyFirst + waitAll + readOwn, own},
		"the source, read meanwhile":     {copyFirst + "ld.global.b32 %r3, [%rd1];" + waitAll, own},
		"the source, after a barrier":    {neighbour + copyFirst + waitAll + barrier + "st.global.b32 [%rd8], %r1;" + readOwn, own},
		"none of it read, all zeros":     {"cp.async.ca.shared.global [%rd4], [%rd1+4096], 4, 0;" + waitAll + readOwn, func(int) uint32 { return 0 }},
		"half of it read, the rest zero": {"cp.async.ca.shared.global [%rd4], [%rd1], 4, 1;" + waitAll + readOwn, own},
		"two halves by turns":            {roundsBegin + "$L:\n" + waitAll + barrier + nextHalf + copyNext + addPartner + roundsRepeat, partner},
		"two halves by groups": {
			roundsBegin + commit + "$L:\n" + nextHalf + copyNext + commit + "cp.async.wait_group 1;" + barrier + addPartner + barrier + roundsRepeat, partner,
		},
	} {
		in := make([]uint32, 64)
		for i := range in {
			in[i] = uint32(i)
		}
		gives(t, name, test.body, in, test.want)
	}
}

// TestHalvesTooEarly breaks the loops above: the next half is asked for while
// others may still read it.
func TestHalvesTooEarly(t *testing.T) {
	for name, body := range map[string]string{
		"before the barrier":   roundsBegin + "$L:\n" + waitAll + nextHalf + copyNext + barrier + addPartner + roundsRepeat,
		"no second barrier":    roundsBegin + commit + "$L:\n" + nextHalf + copyNext + commit + "cp.async.wait_group 1;" + barrier + addPartner + roundsRepeat,
		"a group too few":      roundsBegin + commit + "$L:\n" + nextHalf + copyNext + commit + "cp.async.wait_group 2;" + barrier + addPartner + barrier + roundsRepeat,
		"one more than needed": roundsBegin + "$L:\n" + waitAll + barrier + nextHalf + strings.TrimPrefix(copyNext, "@!%p1 ") + addPartner + roundsRepeat,
	} {
		if _, err := result(t, body, make([]uint32, 64)); err == nil || !strings.Contains(err.Error(), "shared variable tile") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

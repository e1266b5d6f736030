package ptx

import (
	"fmt"
	"math/bits"
)

// warp is 32 threads, its lanes, which run in step where they are at the same
// instruction. Among lanes that are apart, those furthest back run first, so
// that they meet again after a branch.
type warp struct {
	block  *block
	number int

	lanes   uint32 // those that exist
	ended   uint32
	waiting uint32 // at the block's barrier
	held    uint32 // at an instruction that needs other lanes too
	pc      [warpSize]int

	registers [][warpSize]uint64
	defined   []uint32 // lanes in which each register has a value
	copies    [warpSize]copies
	scratch   [4][warpSize]uint64 // operands that are no registers
	step      int32               // barriers of the warp passed
	steps     int

	now   int // instruction that runs
	fault *FaultError
}

func newWarp(b *block, number, lanes int) *warp {
	return &warp{
		block: b, number: number, lanes: uint32(1<<lanes - 1),
		registers: make([][warpSize]uint64, b.kernel.registers),
		defined:   make([]uint32, b.kernel.registers),
	}
}

// begin makes the warp one that has run nothing.
func (w *warp) begin() {
	w.ended, w.waiting, w.held, w.pc = 0, 0, 0, [warpSize]int{}
	w.copies, w.step, w.steps, w.now, w.fault = [warpSize]copies{}, 0, 0, 0, nil
	clear(w.defined)
}

// lowest returns the first lane of a mask.
func lowest(mask uint32) int { return bits.TrailingZeros32(mask) }

// each calls f for each lane of a mask.
func each(mask uint32, f func(lane int)) {
	for ; mask != 0; mask &= mask - 1 {
		f(lowest(mask))
	}
}

// thread returns a lane's place in the block.
func (w *warp) thread(lane int) [3]int {
	size := w.block.launch.Block
	i := w.number*warpSize + lane
	return [3]int{i % size[0], i / size[0] % size[1], i / size[0] / size[1]}
}

// run runs instructions until every lane has ended or waits.
func (w *warp) run() {
	most := w.block.launch.MostSteps
	if most == 0 {
		most = DefaultSteps
	}
	for w.fault == nil {
		ready := w.lanes &^ (w.ended | w.waiting | w.held)
		if ready == 0 {
			if w.held != 0 {
				lane := lowest(w.held)
				w.fault = w.faultAt(w.pc[lane], lane, "not all lanes that it names come here")
			}
			return
		}
		if w.steps++; w.steps > most {
			lane := lowest(ready)
			w.fault = w.faultAt(w.pc[lane], lane, fmt.Sprintf("no end after %d instructions", most))
			return
		}
		w.advance(ready)
	}
}

// advance runs one instruction in the lanes that are furthest back.
func (w *warp) advance(ready uint32) {
	pc, lanes := len(w.block.kernel.code), uint32(0)
	for left := ready; left != 0; left &= left - 1 {
		switch lane := lowest(left); {
		case w.pc[lane] < pc:
			pc, lanes = w.pc[lane], 1<<lane
		case w.pc[lane] == pc:
			lanes |= 1 << lane
		}
	}
	w.now = pc
	if pc >= len(w.block.kernel.code) {
		w.end(lanes)
		return
	}
	in := &w.block.kernel.code[pc]
	runs := w.guarded(in, lanes)
	each(lanes&^runs, func(lane int) { w.pc[lane]++ })
	if runs == 0 || !w.ready(in, runs) {
		return
	}
	if in.collective {
		if runs = w.gather(in, runs); runs == 0 {
			return
		}
	}
	each(runs, func(lane int) { w.pc[lane]++ })
	in.run(w, runs)
	for _, register := range in.writes {
		w.defined[register] |= runs
	}
}

// guarded returns the lanes whose predicate lets an instruction run.
func (w *warp) guarded(in *instruction, lanes uint32) uint32 {
	if in.guard < 0 {
		return lanes
	}
	if unset := lanes &^ w.defined[in.guard]; unset != 0 {
		w.fail(lowest(unset), "predicate %s has no value", w.block.kernel.names[in.guard])
		return 0
	}
	var runs uint32
	each(lanes, func(lane int) {
		if (w.registers[in.guard][lane] != 0) != in.negated {
			runs |= 1 << lane
		}
	})
	return runs
}

// ready reports whether all registers that an instruction reads have values.
func (w *warp) ready(in *instruction, lanes uint32) bool {
	for _, register := range in.reads {
		if unset := lanes &^ w.defined[register]; unset != 0 {
			w.fail(lowest(unset), "register %s has no value", w.block.kernel.names[register])
			return false
		}
	}
	return true
}

// gather returns the lanes that a collective instruction needs once all of them
// have come, and holds those that came before.
func (w *warp) gather(in *instruction, lanes uint32) uint32 {
	members := in.members(w, lowest(lanes))
	here := lanes
	each(w.held, func(lane int) {
		if w.pc[lane] == w.now {
			here |= 1 << lane
		}
	})
	switch {
	case lanes&^members != 0:
		w.fail(lowest(lanes&^members), "the mask %#x does not name the lane itself", members)
		return 0
	case members&^w.lanes != 0 || members&w.ended != 0:
		w.fail(lowest(lanes), "the mask %#x names lanes that have ended or never were", members)
		return 0
	case members&^here != 0:
		w.held |= lanes
		return 0
	}
	w.held &^= members
	return members
}

// end ends lanes, which must have waited for their copies.
func (w *warp) end(lanes uint32) {
	each(lanes, func(lane int) {
		if c := w.copies[lane].first(); c != nil {
			w.fail(lane, "it ends while a copy to byte %d of %s is on its way", c.target, c.to.name)
		}
	})
	w.ended |= lanes
}

// wait puts lanes before the block's barrier.
func (w *warp) wait(lanes uint32) { w.waiting |= lanes }

// pass lets them through.
func (w *warp) pass() { w.waiting = 0 }

// jump sends lanes to an instruction.
func (w *warp) jump(lanes uint32, target int) {
	each(lanes, func(lane int) { w.pc[lane] = target })
}

// fail notes what went wrong in a lane; the first fault counts.
func (w *warp) fail(lane int, format string, args ...any) {
	if w.fault == nil {
		w.fault = w.faultAt(w.now, lane, fmt.Sprintf(format, args...))
	}
}

func (w *warp) faultAt(pc, lane int, what string) *FaultError {
	f := &FaultError{Kernel: w.block.kernel.Name, Block: w.block.at, Thread: w.thread(lane), What: what}
	if pc < len(w.block.kernel.code) {
		in := &w.block.kernel.code[pc]
		f.Line, f.Text = in.line, in.text
	}
	return f
}

// moment is now, for a lane.
func (w *warp) moment(lane int) moment {
	return moment{
		block: w.block.number, thread: int16(w.number*warpSize + lane), warp: int8(w.number),
		epoch: w.block.epoch, step: w.step,
	}
}

// value returns what an operand is in a lane.
func (w *warp) value(o *operand, lane int) uint64 {
	switch o.kind {
	case isRegister:
		return w.registers[o.register][lane]
	case isSpecial:
		return specials[o.name](w, lane)
	}
	return o.value
}

// values returns an operand of an instruction in all lanes.
func (w *warp) values(in *instruction, i int) *[warpSize]uint64 {
	o := &in.operands[i]
	if o.kind == isRegister {
		return &w.registers[o.register]
	}
	all := &w.scratch[i]
	for lane := range all {
		all[lane] = w.value(o, lane)
	}
	return all
}

// results returns where the first operand of an instruction is stored.
func (w *warp) results(in *instruction) *[warpSize]uint64 {
	if register := in.operands[0].register; register >= 0 {
		return &w.registers[register]
	}
	return &w.scratch[0] // nobody wants it
}

// set gives a lane's register a value; o names a register, or _ for none.
func (w *warp) set(o *operand, lane int, value uint64) {
	if o.register >= 0 {
		w.registers[o.register][lane] = value
	}
}

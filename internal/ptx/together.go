package ptx

import (
	"fmt"
	"math"
	"strings"
)

// linkBarrier links bar.sync 0, at which the whole block meets, and
// bar.warp.sync, at which lanes of a warp do. The block's needs every thread of
// a warp at the same instruction (section "bar, barrier").
func linkBarrier(in *instruction) (shape, error) {
	in.collective = true
	if in.has("warp") {
		if len(in.operands) != 1 {
			return unknown(in)
		}
		in.members = mask(&in.operands[0])
		in.run = func(w *warp, _ uint32) { w.step++ }
		return shape{0, 1}, nil
	}
	if len(in.operands) != 1 || in.operands[0].kind != isImmediate || in.operands[0].value != 0 {
		return shape{}, fmt.Errorf("%s: the only barrier here is number 0, for all threads", in.text)
	}
	in.members = wholeWarp
	in.run = func(w *warp, lanes uint32) { w.wait(lanes) }
	return shape{0, 1}, nil
}

// mask reads the lanes that a collective instruction names.
func mask(o *operand) func(*warp, int) uint32 {
	return func(w *warp, lane int) uint32 { return uint32(w.value(o, lane)) }
}

// wholeWarp is every lane that the warp has.
func wholeWarp(w *warp, _ int) uint32 { return w.lanes }

// fullWarp is 32 lanes, whether the warp has them or not.
func fullWarp(*warp, int) uint32 { return allLanes }

// linkShuffle links shfl.sync: lanes read each other's registers. The third
// operand is a lane or distance, the fourth holds the last lane of a segment
// and, above, what part of the lane number a segment shares (section "shfl.sync").
func linkShuffle(in *instruction) (shape, error) {
	if len(in.operands) != 5 || len(in.op) != 4 {
		return unknown(in)
	}
	var source func(lane, b int, low, high int) (int, bool)
	switch in.op[2] {
	case "bfly":
		source = func(lane, b, _, high int) (int, bool) { return lane ^ b, lane^b <= high }
	case "down":
		source = func(lane, b, _, high int) (int, bool) { return lane + b, lane+b <= high }
	case "up":
		source = func(lane, b, low, _ int) (int, bool) { return lane - b, lane-b >= low }
	case "idx":
		source = func(_, b, low, high int) (int, bool) { return low | b, low|b <= high }
	default:
		return unknown(in)
	}
	in.collective, in.members = true, mask(&in.operands[4])
	in.run = func(w *warp, lanes uint32) { w.shuffle(in, lanes, source) }
	return shape{1, 4}, nil
}

func (w *warp) shuffle(in *instruction, lanes uint32, source func(lane, b, low, high int) (int, bool)) {
	o := in.operands
	var before [warpSize]uint64
	each(lanes, func(lane int) { before[lane] = w.value(&o[1], lane) })
	each(lanes, func(lane int) {
		b, c := int(w.value(&o[2], lane)&31), int(w.value(&o[3], lane))
		clamp, segment := c&31, c>>8&31
		low := lane & segment
		high := low | clamp&^segment
		if in.op[2] == "idx" {
			b &^= segment
		}
		from, inside := source(lane, b, low, high)
		if !inside {
			from = lane
		} else if lanes&(1<<from) == 0 {
			w.fail(lane, "it reads from lane %d, which does not take part", from)
			return
		}
		w.set(&o[0], lane, cut(before[from], 32))
		if o[0].second >= 0 {
			w.registers[o[0].second][lane] = flag(inside)
		}
	})
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// linkVote links vote.sync: what predicates are in all lanes.
func linkVote(in *instruction) (shape, error) {
	if len(in.operands) != 3 || len(in.op) != 4 {
		return unknown(in)
	}
	var result func(yes, lanes uint32) uint64
	switch in.op[2] {
	case "ballot":
		result = func(yes, _ uint32) uint64 { return uint64(yes) }
	case "any":
		result = func(yes, _ uint32) uint64 { return flag(yes != 0) }
	case "all":
		result = func(yes, lanes uint32) uint64 { return flag(yes == lanes) }
	default:
		return unknown(in)
	}
	in.collective, in.members = true, mask(&in.operands[2])
	in.run = func(w *warp, lanes uint32) {
		o := in.operands
		var yes uint32
		each(lanes, func(lane int) {
			if w.value(&o[1], lane) != 0 {
				yes |= 1 << lane
			}
		})
		each(lanes, func(lane int) { w.set(&o[0], lane, result(yes, lanes)) })
	}
	return shape{1, 2}, nil
}

// linkCompare links setp, which may give the opposite as well (section
// "Comparison and Selection Instructions: setp").
func linkCompare(in *instruction) (shape, error) {
	t := in.op[len(in.op)-1]
	compare, ok := comparison(in.op[1], t)
	if !ok || len(in.operands) != 3 {
		return unknown(in)
	}
	tame := in.has("ftz")
	in.run = func(w *warp, lanes uint32) {
		o := in.operands
		each(lanes, func(lane int) {
			a, b := w.value(&o[1], lane), w.value(&o[2], lane)
			if tame {
				a, b = bits32(flush(f32(a))), bits32(flush(f32(b)))
			}
			is := compare(a, b)
			w.set(&o[0], lane, flag(is))
			if o[0].second >= 0 {
				w.registers[o[0].second][lane] = flag(!is)
			}
		})
	}
	return shape{1, 2}, nil
}

// comparison returns how two numbers of a type compare.
func comparison(name, t string) (func(a, b uint64) bool, bool) {
	switch t {
	case "f32":
		return compareFloats(name, func(v uint64) float64 { return float64(f32(v)) })
	case "f64":
		return compareFloats(name, math.Float64frombits)
	}
	bytes, err := bytesOf(t)
	if err != nil {
		return nil, false
	}
	size, isSigned := 8*bytes, t[0] == 's'
	wide := func(v uint64) uint64 {
		if isSigned {
			return uint64(signed(v, size))
		}
		return cut(v, size)
	}
	less := func(a, b uint64) bool { return before(wide(a), wide(b), isSigned) }
	switch name {
	case "eq":
		return func(a, b uint64) bool { return wide(a) == wide(b) }, true
	case "ne":
		return func(a, b uint64) bool { return wide(a) != wide(b) }, true
	case "lt", "lo":
		return less, true
	case "gt", "hi":
		return func(a, b uint64) bool { return less(b, a) }, true
	case "le", "ls":
		return func(a, b uint64) bool { return !less(b, a) }, true
	case "ge", "hs":
		return func(a, b uint64) bool { return !less(a, b) }, true
	}
	return nil, false
}

// compareFloats: the names that end in u hold for no number as well. A float32 is
// compared as a float64, which it is exactly.
func compareFloats(name string, float func(uint64) float64) (func(a, b uint64) bool, bool) {
	unordered := func(a, b uint64) bool { return float(a) != float(a) || float(b) != float(b) }
	var is func(a, b float64) bool
	switch strings.TrimSuffix(name, "u") {
	case "eq":
		is = func(a, b float64) bool { return a == b }
	case "ne":
		is = func(a, b float64) bool { return a < b || a > b }
	case "lt":
		is = func(a, b float64) bool { return a < b }
	case "le":
		is = func(a, b float64) bool { return a <= b }
	case "gt":
		is = func(a, b float64) bool { return a > b }
	case "ge":
		is = func(a, b float64) bool { return a >= b }
	case "nan":
		return unordered, true
	case "num":
		return func(a, b uint64) bool { return !unordered(a, b) }, true
	default:
		return nil, false
	}
	if strings.HasSuffix(name, "u") {
		return func(a, b uint64) bool { return unordered(a, b) || is(float(a), float(b)) }, true
	}
	return func(a, b uint64) bool { return is(float(a), float(b)) }, true
}

package ptx

import (
	"fmt"
	"strings"
)

// what is loaded and stored: count numbers of a type.
type transfer struct {
	space string // param, shared, global
	size  int    // bytes of one number
	count int
	sign  bool // loaded numbers keep their sign in wider registers
}

// transferOf reads the name of a load or store.
func transferOf(in *instruction) (transfer, error) {
	t := transfer{count: 1}
	for _, part := range in.op[1:] {
		switch part {
		case "param", "shared", "global":
			t.space = part
		case "v2":
			t.count = 2
		case "v4":
			t.count = 4
		case "nc", "volatile", "L1::no_allocate", "L2::128B", "cta", "cg", "ca", "cs":
		default:
			size, err := bytesOf(part)
			if err != nil {
				return t, err
			}
			t.size, t.sign = size, part[0] == 's'
		}
	}
	if t.size*t.count > 16 {
		return t, fmt.Errorf("%s: at most 128 bits go at once", strings.Join(in.op, "."))
	}
	if t.space == "" || t.size == 0 {
		return t, fmt.Errorf("%s: kernels name the memory that they mean", strings.Join(in.op, "."))
	}
	return t, nil
}

// registers returns the operands that a transfer fills or empties.
func (t transfer) registers(o *operand) ([]operand, error) {
	if o.kind != isVector {
		if t.count != 1 {
			return nil, fmt.Errorf("%d numbers for one register", t.count)
		}
		return []operand{*o}, nil
	}
	if len(o.parts) != t.count {
		return nil, fmt.Errorf("%d numbers for %d registers", t.count, len(o.parts))
	}
	return o.parts, nil
}

// place finds memory for a lane, or notes a fault. Whole transfers are aligned,
// not single numbers (section "Addresses as Operands").
func (w *warp) place(lane int, name string, address uint64, size int) (*space, int, bool) {
	if address%uint64(size) != 0 {
		w.fail(lane, "%s address %#x is not a multiple of %d", name, address, size)
		return nil, 0, false
	}
	if name == "shared" {
		s, offset, err := w.block.findShared(address, size)
		if err != nil {
			w.fail(lane, "out of bounds: %v", err)
		}
		return s, offset, err == nil
	}
	s, offset, err := w.block.memory.find(address, size)
	if err != nil {
		w.fail(lane, "out of bounds: %v", err)
		return nil, 0, false
	}
	return s, offset, true
}

// address returns what an address operand is in a lane.
func (w *warp) address(o *operand, lane int) uint64 {
	if o.register < 0 {
		return o.value
	}
	return w.registers[o.register][lane] + o.value
}

// check tracks an access and notes a race or a read of nothing.
func (w *warp) check(lane int, s *space, offset, size int, now moment, writes bool) bool {
	if !writes || now.how == atomically {
		if at := s.unwritten(offset, size); at >= 0 {
			w.fail(lane, "byte %d of %s was never written", at, s.name)
			return false
		}
	}
	if race := s.track(offset, size, now, writes); race != "" {
		w.fail(lane, "%s", race)
		return false
	}
	return true
}

func linkLoad(in *instruction) (shape, error) {
	t, err := transferOf(in)
	if err != nil || len(in.operands) != 2 || in.operands[1].kind != isAddress {
		return unknown(in)
	}
	from := &in.operands[1]
	to, err := t.registers(&in.operands[0])
	if err != nil {
		return shape{}, err
	}
	if from.name == "param" && t.space != "param" {
		return shape{}, fmt.Errorf("parameters are read by ld.param")
	}
	in.run = func(w *warp, lanes uint32) {
		each(lanes, func(lane int) { w.load(lane, t, from, to) })
	}
	return shape{1, 1}, nil
}

func (w *warp) load(lane int, t transfer, from *operand, to []operand) {
	if t.space == "param" {
		w.loadParam(lane, t, from, to)
		return
	}
	s, offset, ok := w.place(lane, t.space, w.address(from, lane), t.size*t.count)
	if !ok || !w.check(lane, s, offset, t.size*t.count, w.moment(lane), false) {
		return
	}
	for i := range to {
		w.set(&to[i], lane, t.widen(s.load(offset+i*t.size, t.size)))
	}
}

func (w *warp) loadParam(lane int, t transfer, from *operand, to []operand) {
	s := &space{bytes: w.block.params}
	at, size := w.address(from, lane), t.size*t.count
	if at > uint64(len(s.bytes)) || at+uint64(size) > uint64(len(s.bytes)) {
		w.fail(lane, "out of bounds: bytes %d to %d of %d bytes of parameters", at, at+uint64(size)-1, len(s.bytes))
		return
	}
	for i := range to {
		w.set(&to[i], lane, t.widen(s.load(int(at)+i*t.size, t.size)))
	}
}

func (t transfer) widen(v uint64) uint64 {
	if t.sign {
		return uint64(signed(v, 8*t.size))
	}
	return v
}

func linkStore(in *instruction) (shape, error) {
	t, err := transferOf(in)
	if err != nil || t.space == "param" || len(in.operands) != 2 || in.operands[0].kind != isAddress {
		return unknown(in)
	}
	from, err := t.registers(&in.operands[1])
	if err != nil {
		return shape{}, err
	}
	to := &in.operands[0]
	in.run = func(w *warp, lanes uint32) {
		each(lanes, func(lane int) {
			s, offset, ok := w.place(lane, t.space, w.address(to, lane), t.size*t.count)
			if !ok || !w.check(lane, s, offset, t.size*t.count, w.moment(lane), true) {
				return
			}
			for i := range from {
				s.store(offset+i*t.size, t.size, w.value(&from[i], lane))
			}
		})
	}
	return shape{0, 2}, nil
}

// linkAtomic links atom, which returns the old number, and red, which does not.
func linkAtomic(in *instruction) (shape, error) {
	returns := in.op[0] == "atom"
	results, sources := 0, 2
	if returns {
		results = 1
	}
	kind := in.op[len(in.op)-1]
	size, err := bytesOf(kind)
	space := "global"
	if in.has("shared") {
		space = "shared"
	}
	change, ok := atomicChange(in, kind)
	if in.has("cas") {
		sources = 3
	}
	if err != nil || !ok || len(in.operands) != results+sources {
		return unknown(in)
	}
	in.run = func(w *warp, lanes uint32) {
		o := in.operands
		each(lanes, func(lane int) {
			s, offset, ok := w.place(lane, space, w.address(&o[results], lane), size)
			now := w.moment(lane)
			now.how = atomically
			if !ok || !w.check(lane, s, offset, size, now, true) {
				return
			}
			old := s.load(offset, size)
			last := uint64(0)
			if sources == 3 {
				last = w.value(&o[results+2], lane)
			}
			s.store(offset, size, change(old, w.value(&o[results+1], lane), last))
			if returns {
				w.set(&o[0], lane, old)
			}
		})
	}
	return shape{results, sources}, nil
}

// atomicChange returns what an atomic operation makes of the old number.
func atomicChange(in *instruction, kind string) (func(old, a, b uint64) uint64, bool) {
	size, _ := bytesOf(kind) // checked by the caller
	switch {
	case in.has("add") && kind == "f32" && !in.has("shared"): // global memory knows no subnormal sums
		return func(old, a, _ uint64) uint64 { return bits32(flush(flush(f32(old)) + flush(f32(a)))) }, true
	case in.has("add") && kind == "f32":
		return func(old, a, _ uint64) uint64 { return bits32(f32(old) + f32(a)) }, true
	case kind[0] == 'f':
		return nil, false
	case in.has("add"):
		return func(old, a, _ uint64) uint64 { return old + a }, true
	case in.has("exch"):
		return func(_, a, _ uint64) uint64 { return a }, true
	case in.has("or"):
		return func(old, a, _ uint64) uint64 { return old | a }, true
	case in.has("and"):
		return func(old, a, _ uint64) uint64 { return old & a }, true
	case in.has("cas"):
		return func(old, a, b uint64) uint64 {
			if old == cut(a, 8*size) {
				return b
			}
			return old
		}, true
	case in.has("max") || in.has("min"):
		first := in.has("min")
		wide := func(v uint64) uint64 {
			if kind[0] == 's' {
				return uint64(signed(v, 8*size))
			}
			return cut(v, 8*size)
		}
		return func(old, a, _ uint64) uint64 {
			if before(wide(old), wide(a), kind[0] == 's') == first {
				return old
			}
			return a
		}, true
	}
	return nil, false
}

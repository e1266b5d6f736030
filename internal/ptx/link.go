package ptx

import (
	"fmt"
	"slices"
)

// shape says how an instruction's operands are used.
type shape struct {
	results int // how many of the operands, from the first, are written
	sources int // how many follow
}

// link makes an instruction ready to run: finds what it does, checks its
// operands, and lists the registers that it reads and writes.
func (p *parser) link(in *instruction) error {
	s, err := p.meaning(in)
	if err != nil {
		return err
	}
	if s.results+s.sources != len(in.operands) {
		return fmt.Errorf("%d operands, it takes %d", len(in.operands), s.results+s.sources)
	}
	for i := range in.operands {
		o := &in.operands[i]
		if i < s.results {
			if o.kind != isRegister && o.kind != isVector {
				return fmt.Errorf("operand %d is no register", i+1)
			}
			in.writes = append(in.writes, registersOf(o)...)
			continue
		}
		in.reads = append(in.reads, registersOf(o)...)
	}
	return nil
}

// registersOf lists the registers in an operand.
func registersOf(o *operand) []int {
	var all []int
	if o.register >= 0 && (o.kind == isRegister || o.kind == isAddress) {
		all = append(all, o.register)
	}
	if o.second >= 0 {
		all = append(all, o.second)
	}
	for i := range o.parts {
		all = append(all, registersOf(&o.parts[i])...)
	}
	return all
}

// meaning finds what an instruction does, by its name.
func (p *parser) meaning(in *instruction) (shape, error) {
	switch in.op[0] {
	case "bra":
		return p.branch(in)
	case "ret", "exit":
		in.run = func(w *warp, lanes uint32) { w.end(lanes) }
		return shape{}, nil
	case "ld", "ldu":
		return linkLoad(in)
	case "st":
		return linkStore(in)
	case "atom", "red":
		return linkAtomic(in)
	case "cp":
		return linkCopy(in)
	case "bar", "barrier":
		return linkBarrier(in)
	case "shfl":
		return linkShuffle(in)
	case "vote":
		return linkVote(in)
	case "ldmatrix":
		return linkLoadMatrix(in)
	case "mma":
		return linkMMA(in)
	case "mov":
		return linkMove(in)
	case "cvta":
		in.run = apply1(in, func(a uint64) uint64 { return a })
		return shape{1, 1}, nil
	case "setp":
		return linkCompare(in)
	case "selp":
		in.run = apply3(in, func(a, b, c uint64) uint64 {
			if c != 0 {
				return a
			}
			return b
		})
		return shape{1, 3}, nil
	case "cvt":
		return linkConvert(in)
	case "membar", "fence":
		in.run = func(*warp, uint32) {}
		return shape{}, nil
	}
	t := in.op[len(in.op)-1]
	if t == "f32" || t == "f64" {
		return linkFloat(in, t)
	}
	return linkInteger(in, t)
}

// branch links a jump to its label.
func (p *parser) branch(in *instruction) (shape, error) {
	if len(in.operands) != 1 {
		return shape{}, fmt.Errorf("a jump has one label")
	}
	target, ok := p.labels[in.operands[0].name]
	if !ok {
		return shape{}, fmt.Errorf("no label %s", in.operands[0].name)
	}
	in.run = func(w *warp, lanes uint32) { w.jump(lanes, target) }
	return shape{0, 1}, nil
}

// has reports whether an instruction's name has a part, such as sync.
func (in *instruction) has(part string) bool { return slices.Contains(in.op[1:], part) }

// apply1, apply2 and apply3 run a function of one, two or three numbers lane by
// lane.
func apply1(in *instruction, f func(a uint64) uint64) func(*warp, uint32) {
	return func(w *warp, lanes uint32) {
		out, a := w.results(in), w.values(in, 1)
		for ; lanes != 0; lanes &= lanes - 1 {
			lane := lowest(lanes)
			out[lane] = f(a[lane])
		}
	}
}

func apply2(in *instruction, f func(a, b uint64) uint64) func(*warp, uint32) {
	return func(w *warp, lanes uint32) {
		out, a, b := w.results(in), w.values(in, 1), w.values(in, 2)
		for ; lanes != 0; lanes &= lanes - 1 {
			lane := lowest(lanes)
			out[lane] = f(a[lane], b[lane])
		}
	}
}

func apply3(in *instruction, f func(a, b, c uint64) uint64) func(*warp, uint32) {
	return func(w *warp, lanes uint32) {
		out, a, b, c := w.results(in), w.values(in, 1), w.values(in, 2), w.values(in, 3)
		for ; lanes != 0; lanes &= lanes - 1 {
			lane := lowest(lanes)
			out[lane] = f(a[lane], b[lane], c[lane])
		}
	}
}

// unknown is the error for an instruction that this package does not run.
func unknown(in *instruction) (shape, error) {
	return shape{}, fmt.Errorf("instruction %s is not one that runs here", in.text)
}

// linkMove links mov: a copy, or the packing of several numbers into one and
// back (section "Data Movement and Conversion Instructions: mov").
func linkMove(in *instruction) (shape, error) {
	size, err := bytesOf(in.op[len(in.op)-1])
	if in.op[len(in.op)-1] == "pred" {
		size, err = 8, nil
	}
	if err != nil || len(in.operands) != 2 {
		return unknown(in)
	}
	to, from := &in.operands[0], &in.operands[1]
	switch {
	case to.kind == isVector && from.kind != isVector:
		bits := 8 * size / len(to.parts)
		in.run = func(w *warp, lanes uint32) {
			each(lanes, func(lane int) {
				whole := w.value(from, lane)
				for i := range to.parts {
					w.set(&to.parts[i], lane, cut(whole>>(bits*i), bits))
				}
			})
		}
	case from.kind == isVector && to.kind != isVector:
		bits := 8 * size / len(from.parts)
		in.run = func(w *warp, lanes uint32) {
			each(lanes, func(lane int) {
				var whole uint64
				for i := range from.parts {
					whole |= cut(w.value(&from.parts[i], lane), bits) << (bits * i)
				}
				w.set(to, lane, whole)
			})
		}
	case to.kind == isVector:
		return unknown(in)
	default:
		in.run = apply1(in, func(a uint64) uint64 { return cut(a, 8*size) })
	}
	return shape{1, 1}, nil
}

// cut keeps the lower bits of a number.
func cut(v uint64, bits int) uint64 {
	if bits >= 64 {
		return v
	}
	return v & (1<<bits - 1)
}

// signed reads the lower bits of a number as a signed integer.
func signed(v uint64, bits int) int64 { return int64(v<<(64-bits)) >> (64 - bits) }

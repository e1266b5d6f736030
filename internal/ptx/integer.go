package ptx

import "math/bits"

// linkInteger links arithmetic and logic on integers and predicates (sections
// "Integer Arithmetic Instructions" and "Logic and Shift Instructions").
func linkInteger(in *instruction, t string) (shape, error) {
	size := 1
	if t != "pred" {
		bytes, err := bytesOf(t)
		if err != nil {
			return unknown(in)
		}
		size = 8 * bytes
	}
	isSigned := t[0] == 's'
	wide := func(v uint64) uint64 {
		if isSigned {
			return uint64(signed(v, size))
		}
		return cut(v, size)
	}
	two := func(f func(a, b uint64) uint64) (shape, error) {
		in.run = apply2(in, func(a, b uint64) uint64 { return cut(f(a, b), size) })
		return shape{1, 2}, nil
	}
	one := func(f func(a uint64) uint64) (shape, error) {
		in.run = apply1(in, func(a uint64) uint64 { return cut(f(a), size) })
		return shape{1, 1}, nil
	}
	switch in.op[0] {
	case "add":
		return two(func(a, b uint64) uint64 { return a + b })
	case "sub":
		return two(func(a, b uint64) uint64 { return a - b })
	case "and":
		return two(func(a, b uint64) uint64 { return a & b })
	case "or":
		return two(func(a, b uint64) uint64 { return a | b })
	case "xor":
		return two(func(a, b uint64) uint64 { return a ^ b })
	case "not":
		return one(func(a uint64) uint64 { return ^a })
	case "neg":
		return one(func(a uint64) uint64 { return -a })
	case "abs":
		return one(func(a uint64) uint64 { return uint64(max(signed(a, size), -signed(a, size))) })
	case "popc":
		in.run = apply1(in, func(a uint64) uint64 { return uint64(bits.OnesCount64(cut(a, size))) })
		return shape{1, 1}, nil
	case "clz":
		in.run = apply1(in, func(a uint64) uint64 { return uint64(bits.LeadingZeros64(cut(a, size)) - 64 + size) })
		return shape{1, 1}, nil
	case "brev":
		return one(func(a uint64) uint64 { return bits.Reverse64(a) >> (64 - size) })
	case "min", "max":
		less := in.op[0] == "min"
		return two(func(a, b uint64) uint64 {
			if before(wide(a), wide(b), isSigned) == less {
				return a
			}
			return b
		})
	case "shl":
		return two(func(a, b uint64) uint64 { return shift(a, b, func(a uint64, n uint) uint64 { return a << n }, 0) })
	case "shr":
		if isSigned {
			return two(func(a, b uint64) uint64 { return uint64(signed(a, size) >> min(cut(b, 32), 63)) })
		}
		return two(func(a, b uint64) uint64 {
			return shift(cut(a, size), b, func(a uint64, n uint) uint64 { return a >> n }, 0)
		})
	case "shf":
		return linkFunnel(in)
	case "bfe":
		in.run = apply3(in, func(a, b, c uint64) uint64 { return cut(extract(wide(a), b, c, isSigned), size) })
		return shape{1, 3}, nil
	case "bfi":
		return linkInsert(in, size)
	case "prmt":
		in.run = apply3(in, permute)
		return shape{1, 3}, nil
	case "div", "rem":
		return linkDivide(in, size, isSigned, wide)
	case "mul", "mad":
		return linkMultiply(in, size, wide)
	}
	return unknown(in)
}

// before reports whether a is less than b.
func before(a, b uint64, isSigned bool) bool {
	if isSigned {
		return int64(a) < int64(b)
	}
	return a < b
}

// shift shifts by a 32-bit count; one that is too large leaves nothing.
func shift(a, count uint64, f func(uint64, uint) uint64, nothing uint64) uint64 {
	if n := cut(count, 32); n < 64 {
		return f(a, uint(n))
	}
	return nothing
}

// extract returns length bits of a number from a position on.
func extract(a, position, length uint64, isSigned bool) uint64 {
	position, length = cut(position, 8), cut(length, 8)
	if length == 0 || position > 63 {
		return 0
	}
	length = min(length, 64)
	a >>= position
	if isSigned {
		return uint64(signed(a, int(length)))
	}
	return cut(a, int(length))
}

// linkInsert links bfi: length bits of a, put into b at a position.
func linkInsert(in *instruction, size int) (shape, error) {
	in.run = func(w *warp, lanes uint32) {
		o := in.operands
		each(lanes, func(lane int) {
			a, b := w.value(&o[1], lane), w.value(&o[2], lane)
			position, length := cut(w.value(&o[3], lane), 8), cut(w.value(&o[4], lane), 8)
			if position < 64 {
				mask := cut(^uint64(0), int(min(length, 64))) << position
				b = b&^mask | a<<position&mask
			}
			w.set(&o[0], lane, cut(b, size))
		})
	}
	return shape{1, 4}, nil
}

// linkFunnel links shf: two registers as one of 64 bits, shifted.
func linkFunnel(in *instruction) (shape, error) {
	left, wrap := in.has("l"), in.has("wrap")
	in.run = apply3(in, func(low, high, count uint64) uint64 {
		n := cut(count, 32)
		if wrap {
			n &= 31
		} else {
			n = min(n, 32)
		}
		both := cut(high, 32)<<32 | cut(low, 32)
		if left {
			return cut(both<<n>>32, 32)
		}
		return cut(both>>n, 32)
	})
	return shape{1, 3}, nil
}

// permute links prmt: four bytes picked from eight; bit 3 of a choice copies
// the byte's sign instead.
func permute(a, b, choice uint64) uint64 {
	both := cut(b, 32)<<32 | cut(a, 32)
	var out uint64
	for i := range 4 {
		pick := choice >> (4 * i) & 0xf
		value := both >> (8 * (pick & 7)) & 0xff
		if pick&8 != 0 {
			value = uint64(int64(int8(value))>>7) & 0xff
		}
		out |= value << (8 * i)
	}
	return out
}

// linkDivide links div and rem; what a GPU leaves undefined is a fault.
func linkDivide(in *instruction, size int, isSigned bool, wide func(uint64) uint64) (shape, error) {
	remainder := in.op[0] == "rem"
	in.run = func(w *warp, lanes uint32) {
		o := in.operands
		each(lanes, func(lane int) {
			a, b := wide(w.value(&o[1], lane)), wide(w.value(&o[2], lane))
			if b == 0 {
				w.fail(lane, "division by zero")
				return
			}
			quotient := a / b
			if isSigned {
				quotient = uint64(int64(a) / int64(b))
			}
			if remainder {
				quotient = a - quotient*b
			}
			w.set(&o[0], lane, cut(quotient, size))
		})
	}
	return shape{1, 2}, nil
}

// linkMultiply links mul and mad, of which .lo keeps the lower half, .hi the
// upper, .wide both.
func linkMultiply(in *instruction, size int, wide func(uint64) uint64) (shape, error) {
	var product func(a, b uint64) uint64
	out := size
	switch {
	case in.has("lo"):
		product = func(a, b uint64) uint64 { return a * b }
	case in.has("wide") && size <= 32:
		out = 2 * size
		product = func(a, b uint64) uint64 { return wide(a) * wide(b) }
	case in.has("hi") && size <= 32:
		product = func(a, b uint64) uint64 { return wide(a) * wide(b) >> size }
	case in.has("hi") && in.op[len(in.op)-1] == "u64":
		product = func(a, b uint64) uint64 { high, _ := bits.Mul64(a, b); return high }
	default:
		return unknown(in)
	}
	if in.op[0] == "mul" {
		in.run = apply2(in, func(a, b uint64) uint64 { return cut(product(a, b), out) })
		return shape{1, 2}, nil
	}
	in.run = apply3(in, func(a, b, c uint64) uint64 { return cut(product(a, b)+c, out) })
	return shape{1, 3}, nil
}

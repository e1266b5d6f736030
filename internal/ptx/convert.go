package ptx

import (
	"math"

	"attn/internal/tensor"
)

// number is a value on its way from one type to another: exact in one of the
// two.
type number struct {
	float   float64
	integer uint64
	isFloat bool
	signed  bool
}

// linkConvert links cvt between integers, float32, float64, float16 and
// bfloat16 (section "Data Movement and Conversion Instructions: cvt").
func linkConvert(in *instruction) (shape, error) {
	to, from := in.op[len(in.op)-2], in.op[len(in.op)-1]
	if to == "bf16x2" || to == "f16x2" {
		return linkPack(in, to, from)
	}
	read, ok1 := reader(from)
	write, ok2 := writer(in, to)
	if !ok1 || !ok2 {
		return unknown(in)
	}
	tame := in.has("ftz")
	in.run = apply1(in, func(a uint64) uint64 {
		n := read(a)
		if tame && n.isFloat && from == "f32" {
			n.float = float64(flush(float32(n.float)))
		}
		return write(n)
	})
	return shape{1, 1}, nil
}

// linkPack links the conversion of two float32 into one register of two halves,
// the first operand above.
func linkPack(in *instruction, to, from string) (shape, error) {
	write, ok := writer(in, to[:len(to)-2])
	if from != "f32" || !ok {
		return unknown(in)
	}
	in.run = apply2(in, func(a, b uint64) uint64 {
		high := write(number{float: float64(f32(a)), isFloat: true})
		return high<<16 | write(number{float: float64(f32(b)), isFloat: true})
	})
	return shape{1, 2}, nil
}

func reader(from string) (func(uint64) number, bool) {
	float := func(f func(uint64) float64) (func(uint64) number, bool) {
		return func(v uint64) number { return number{float: f(v), isFloat: true} }, true
	}
	switch from {
	case "f32":
		return float(func(v uint64) float64 { return float64(f32(v)) })
	case "f64":
		return float(math.Float64frombits)
	case "f16":
		return float(func(v uint64) float64 { return float64(tensor.HalfToFloat(uint16(v))) })
	case "bf16":
		return float(func(v uint64) float64 { return float64(f32(v << 16)) })
	}
	bytes, err := bytesOf(from)
	if err != nil || from[0] == 'f' || from[0] == 'b' {
		return nil, false
	}
	if from[0] == 's' {
		return func(v uint64) number { return number{integer: uint64(signed(v, 8*bytes)), signed: true} }, true
	}
	return func(v uint64) number { return number{integer: cut(v, 8*bytes)} }, true
}

func writer(in *instruction, to string) (func(number) uint64, bool) {
	switch to {
	case "f32":
		return func(n number) uint64 {
			v := n.asFloat(in)
			if in.has("sat") {
				v = float64(saturate(float32(v)))
			}
			return bits32(float32(v))
		}, !in.has("rz") || in.has("rzi")
	case "f64":
		return func(n number) uint64 { return math.Float64bits(n.asFloat(in)) }, true
	case "bf16":
		return func(n number) uint64 { return toBF16(float32(n.asFloat(in)), in.has("rz")) }, true
	case "f16":
		return func(n number) uint64 { return toF16(n.asFloat(in)) }, !in.has("rz")
	}
	bytes, err := bytesOf(to)
	if err != nil || to[0] == 'f' || to[0] == 'b' {
		return nil, false
	}
	bits, isSigned := 8*bytes, to[0] == 's'
	return func(n number) uint64 {
		v := n.integer
		if n.isFloat {
			v = clampInteger(round(in, n.float), bits, isSigned)
		}
		if isSigned { // a register that is wider than the type gets the sign
			return uint64(signed(v, bits))
		}
		return cut(v, bits)
	}, true
}

// asFloat returns the number, made whole where the instruction says so.
func (n number) asFloat(in *instruction) float64 {
	switch {
	case n.isFloat:
		return round(in, n.float)
	case n.signed:
		return float64(int64(n.integer))
	}
	return float64(n.integer)
}

// round makes a number whole, as .rni, .rzi, .rmi and .rpi say.
func round(in *instruction, v float64) float64 {
	switch {
	case in.has("rni"):
		return math.RoundToEven(v)
	case in.has("rzi"):
		return math.Trunc(v)
	case in.has("rmi"):
		return math.Floor(v)
	case in.has("rpi"):
		return math.Ceil(v)
	}
	return v
}

// clampInteger brings a whole number into a type's range; no number is 0.
func clampInteger(v float64, bits int, isSigned bool) uint64 {
	low, high := 0.0, math.Ldexp(1, bits)
	if isSigned {
		low, high = -math.Ldexp(1, bits-1), math.Ldexp(1, bits-1)
	}
	switch {
	case v != v:
		return 0
	case v >= high:
		if isSigned {
			return 1<<(bits-1) - 1
		}
		return cut(^uint64(0), bits)
	case v <= low:
		return uint64(int64(low))
	case isSigned:
		return uint64(int64(v))
	}
	return uint64(v)
}

// toBF16 rounds to the nearest bfloat16, ties to even, or towards zero.
func toBF16(v float32, towardsZero bool) uint64 {
	bits := math.Float32bits(v)
	switch {
	case v != v:
		return 0x7fff
	case !towardsZero:
		bits += 0x7fff + bits>>16&1
	}
	return uint64(bits >> 16)
}

// toF16 rounds to the nearest float16, ties to even. Halves are spaced like
// integers after scaling, 2^-24 apart at the least.
func toF16(v float64) uint64 {
	var sign uint64
	if math.Signbit(v) {
		sign = 0x8000
	}
	v = math.Abs(v)
	switch {
	case v != v:
		return 0x7fff
	case v >= 65520: // half way from the largest number to the next, and infinity
		return sign | 0x7c00
	}
	_, exponent := math.Frexp(v)
	exponent = max(exponent, -13) // below lie the subnormals
	whole := math.RoundToEven(math.Ldexp(v, 11-exponent))
	if whole == 2048 {
		whole, exponent = 1024, exponent+1
	}
	switch {
	case v == 0:
		return sign
	case whole < 1024:
		return sign | uint64(whole)
	}
	return sign | uint64(exponent+14)<<10 | (uint64(whole) - 1024)
}

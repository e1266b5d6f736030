package ptx

import "math"

func f32(v uint64) float32    { return math.Float32frombits(uint32(v)) }
func bits32(v float32) uint64 { return uint64(math.Float32bits(v)) }

// flush makes a subnormal number a zero of its sign, as .ftz does.
func flush(v float32) float32 {
	if bits := math.Float32bits(v); bits&0x7f800000 == 0 {
		return math.Float32frombits(bits & 0x80000000)
	}
	return v
}

// linkFloat links arithmetic on float32, and the little on float64 that kernels
// use (section "Floating-Point Instructions").
func linkFloat(in *instruction, t string) (shape, error) {
	if t == "f64" {
		return linkDouble(in)
	}
	tame := func(v float32) float32 { return v }
	if in.has("ftz") {
		tame = flush
	}
	clamp := func(v float32) float32 { return v }
	if in.has("sat") {
		clamp = saturate
	}
	one := func(f func(a float32) float32) (shape, error) {
		in.run = apply1(in, func(a uint64) uint64 { return bits32(clamp(tame(f(tame(f32(a)))))) })
		return shape{1, 1}, nil
	}
	two := func(f func(a, b float32) float32) (shape, error) {
		in.run = apply2(in, func(a, b uint64) uint64 { return bits32(clamp(tame(f(tame(f32(a)), tame(f32(b)))))) })
		return shape{1, 2}, nil
	}
	double := func(f func(float64) float64) (shape, error) {
		return one(func(a float32) float32 { return float32(f(float64(a))) })
	}
	switch in.op[0] {
	case "add":
		return two(func(a, b float32) float32 { return a + b })
	case "sub":
		return two(func(a, b float32) float32 { return a - b })
	case "mul":
		return two(func(a, b float32) float32 { return a * b })
	case "div":
		return two(func(a, b float32) float32 { return a / b })
	case "min":
		return two(func(a, b float32) float32 { return pickFloat(a, b, a < b) })
	case "max":
		return two(func(a, b float32) float32 { return pickFloat(a, b, a > b) })
	case "copysign":
		return two(func(a, b float32) float32 { return float32(math.Copysign(float64(b), float64(a))) })
	case "fma", "mad":
		in.run = apply3(in, func(a, b, c uint64) uint64 {
			return bits32(clamp(tame(fma(tame(f32(a)), tame(f32(b)), tame(f32(c))))))
		})
		return shape{1, 3}, nil
	case "neg":
		return one(func(a float32) float32 { return -a })
	case "abs":
		return double(math.Abs)
	case "sqrt":
		return double(math.Sqrt)
	case "rsqrt":
		return double(func(a float64) float64 { return 1 / math.Sqrt(a) })
	case "rcp":
		return one(func(a float32) float32 { return 1 / a })
	case "ex2":
		return double(math.Exp2)
	case "lg2":
		return double(math.Log2)
	case "sin":
		return double(math.Sin)
	case "cos":
		return double(math.Cos)
	case "tanh":
		return double(math.Tanh)
	}
	return unknown(in)
}

// pickFloat returns a or b; of a number and no number, the number.
func pickFloat(a, b float32, first bool) float32 {
	switch {
	case a != a:
		return b
	case b != b || first:
		return a
	case a == b && math.Signbit(float64(a)) != math.Signbit(float64(b)):
		return a + b // which zero it is no kernel may care about
	}
	return b
}

func saturate(v float32) float32 {
	if v != v {
		return 0
	}
	return min(max(v, 0), 1)
}

// fma is a*b + c rounded once. The product is exact in float64; the sum is
// rounded to odd there, so that rounding it again to float32 is right
// (Boldo and Melquiond 2008).
func fma(a, b, c float32) float32 {
	product, addend := float64(a)*float64(b), float64(c)
	sum := product + addend
	if between := math.Float64bits(sum) & (1<<29 - 1); between != 1<<28 && math.Abs(sum) >= 0x1p-126 {
		return float32(sum) // no tie between two float32s, so the first rounding does no harm
	}
	if math.IsInf(sum, 0) || sum != sum {
		return float32(sum)
	}
	part := sum - product // two-sum (Knuth)
	rest := (product - (sum - part)) + (addend - part)
	if bits := math.Float64bits(sum); rest != 0 && bits&1 == 0 {
		if (rest > 0) == (sum > 0) {
			bits++
		} else {
			bits--
		}
		sum = math.Float64frombits(bits)
	}
	return float32(sum)
}

func linkDouble(in *instruction) (shape, error) {
	two := func(f func(a, b float64) float64) (shape, error) {
		in.run = apply2(in, func(a, b uint64) uint64 {
			return math.Float64bits(f(math.Float64frombits(a), math.Float64frombits(b)))
		})
		return shape{1, 2}, nil
	}
	one := func(f func(a float64) float64) (shape, error) {
		in.run = apply1(in, func(a uint64) uint64 { return math.Float64bits(f(math.Float64frombits(a))) })
		return shape{1, 1}, nil
	}
	switch in.op[0] {
	case "sqrt":
		return one(math.Sqrt)
	case "rcp":
		return one(func(a float64) float64 { return 1 / a })
	case "neg":
		return one(func(a float64) float64 { return -a })
	case "abs":
		return one(math.Abs)
	case "add":
		return two(func(a, b float64) float64 { return a + b })
	case "sub":
		return two(func(a, b float64) float64 { return a - b })
	case "mul":
		return two(func(a, b float64) float64 { return a * b })
	case "div":
		return two(func(a, b float64) float64 { return a / b })
	case "fma":
		in.run = apply3(in, func(a, b, c uint64) uint64 {
			return math.Float64bits(math.FMA(math.Float64frombits(a), math.Float64frombits(b), math.Float64frombits(c)))
		})
		return shape{1, 3}, nil
	}
	return unknown(in)
}

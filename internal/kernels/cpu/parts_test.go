package cpu

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"attn/internal/kernels"
	"attn/internal/kernels/kernelstest"
	"attn/internal/tensor"
)

// eachTiles runs a test for the model of AMX, with portable Go's other loops, and
// for AMX where this machine has it: every product, of whatever size, is by parts.
func eachTiles(t *testing.T, test func(t *testing.T, s *set)) {
	t.Helper()
	model := portable()
	model.parts = modelLoops()
	t.Run("model", func(t *testing.T) { test(t, model) })
	t.Run("amx", func(t *testing.T) { test(t, metal(t)) })
}

// metal is AMX's set for products of any size.
func metal(t *testing.T) *set {
	t.Helper()
	s, err := choose("amx")
	if err != nil {
		t.Skipf("SKIPPED, NOT TESTED: %v", err)
	}
	s.parts.pays, s.parts.attends = always, attendsAlways
	return s
}

// withSet is eager with a set of the test's own.
func withSet(s *set, threads int) *Backend {
	be := eager(Options{Threads: threads})
	be.set = s
	return be
}

func TestSuiteByParts(t *testing.T) {
	eachTiles(t, func(t *testing.T, s *set) {
		t.Helper()
		every := 1
		if s.name == "generic" { // the model is slow
			every = 5 * some()
		}
		kernelstest.RunSome(t, func() kernels.Backend { return withSet(s, 3) }, every)
	})
}

// TestSplitIsExact: the parts of a number in the window are its sum, and as small
// as the bound of what is left out needs.
func TestSplitIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.Uint32Range(math.Float32bits(0x1p-103), math.Float32bits(0x1p58)-1).Draw(t, "bits")
		v := math.Float32frombits(bits)
		if rapid.Bool().Draw(t, "negative") {
			v = -v
		}
		var sum float64
		var part [3]float64
		for i, p := range partsOfNumber(v) {
			part[i] = float64(math.Float32frombits(uint32(p) << 16))
			sum += part[i]
		}
		size := math.Abs(float64(v))
		if sum != float64(v) || math.Abs(part[1]) > size/(1<<8) || math.Abs(part[2]) > size/(1<<17) {
			t.Fatalf("%v is split into %v", v, part)
		}
		for _, p := range part {
			if p != 0 && math.Abs(p) < 0x1p-126 {
				t.Fatalf("%v has a part of %v", v, p)
			}
		}
	})
}

// TestPartsOfTypes: no number of a type has more parts than the table says.
func TestPartsOfTypes(t *testing.T) {
	r := rand.New(rand.NewPCG(50, 1))
	for _, d := range tensor.DTypes() {
		elements, size := d.Block()
		block, values := make([]byte, size), make([]float32, elements)
		most := 0
		for range 20000 / elements {
			for i := range block {
				block[i] = byte(r.Uint32())
			}
			tensor.Decode(values, d, block)
			for _, v := range values {
				if v != v || math.Abs(float64(v)) < leastRight || math.Abs(float64(v)) >= mostRight {
					continue
				}
				for i, p := range partsOfNumber(v * rightScale) {
					if p != 0 {
						most = max(most, i+1)
					}
				}
			}
		}
		if most != partsOf(d) {
			t.Errorf("%v has numbers of %d parts, want %d", d, most, partsOf(d))
		}
	}
}

// TestSplitLoopsAreTheModel compares AMX's splitting with the model's, at every
// length near a step.
func TestSplitLoopsAreTheModel(t *testing.T) {
	loops, model := metal(t).parts, modelLoops()
	r := rand.New(rand.NewPCG(51, 1))
	for k := 1; k <= 100; k++ {
		rows, apart := 1+r.IntN(side), r.IntN(3)
		x := anyNumbers(r, side*(k+apart))
		got, want := make([]uint16, 4*leftStep), make([]uint16, 4*leftStep)
		gotSeen, wantSeen := nothingSeen(), nothingSeen()
		loops.splitRows(got, x, k+apart, k, rows, &gotSeen)
		model.splitRows(want, x, k+apart, k, rows, &wantSeen)
		sameParts(t, fmt.Sprintf("%d rows of %d", rows, k), got, want, gotSeen, wantSeen)

		strip := anyNumbers(r, k*(16+apart))
		parts := 1 + r.IntN(3)
		clear(got)
		clear(want)
		gotSeen, wantSeen = nothingSeen(), nothingSeen()
		loops.splitStrip(got, strip, 16+apart, k, parts, &gotSeen)
		model.splitStrip(want, strip, 16+apart, k, parts, &wantSeen)
		sameParts(t, fmt.Sprintf("a strip of %d, %d parts", k, parts), got, want, gotSeen, wantSeen)
	}
}

// anyNumbers are of any bits but NaN's and infinity's, and now and then zero.
func anyNumbers(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		if v := math.Float32frombits(r.Uint32()); r.IntN(8) > 0 && math.Abs(float64(v)) < 0x1p90 {
			x[i] = v
		}
	}
	return x
}

func sameParts(t *testing.T, what string, got, want []uint16, gotSeen, wantSeen seen) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%s: number %d of the panel is %#x, want %#x", what, i, got[i], want[i])
		}
	}
	if gotSeen.parts() != wantSeen.parts() {
		t.Fatalf("%s: saw %d parts, want %d", what, gotSeen.parts(), wantSeen.parts())
	}
	for _, w := range [][2]float32{{leastLeft, mostLeft}, {leastRight, mostRight}, {0x1p-126, 0x1p90}, {0x1p-149, 0x1p80}} {
		if g := gotSeen.within(w[0], w[1]); g != wantSeen.within(w[0], w[1]) {
			t.Fatalf("%s: within %v is %v", what, w, g)
		}
	}
}

// TestWithin holds the window's edges, and that infinities and NaN are outside.
func TestWithin(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	below := func(v float32) float32 { return math.Nextafter32(v, 0) }
	for _, c := range []struct {
		v    float32
		want bool
	}{
		{0, true},
		{1, true},
		{-1, true},
		{0x1p-149, true},
		{-0x1p-100, true},
		{below(mostLeft), true},
		{mostLeft, false},
		{-mostLeft, false},
		{inf, false},
		{-inf, false},
		{nan, false},
	} {
		eachTiles(t, func(t *testing.T, s *set) {
			t.Helper()
			x := make([]float32, 45)
			for at := range x {
				clear(x)
				x[at] = c.v
				seen := nothingSeen()
				s.parts.splitRows(make([]uint16, 2*leftStep), x, len(x), len(x), 1, &seen)
				if got := seen.within(leastLeft, mostLeft); got != c.want {
					t.Fatalf("%v at %d: within %v", c.v, at, got)
				}
			}
		})
	}
}

// TestModelIsTheMetal holds the model to AMX bit by bit, on tiles of any bits:
// denormal, infinite and NaN among them.
func TestModelIsTheMetal(t *testing.T) {
	loops, model := metal(t).parts, modelLoops()
	r := rand.New(rand.NewPCG(52, 1))
	for round := range 60 {
		stored := 1 + r.IntN(3)
		n := 1 + r.IntN(3)
		left, right := anyBrains(r, n*leftStep, round), anyBrains(r, n*stored*partSize, round)
		var results [2][]float32
		var sums [2]*[side * side]float32
		job := tileJob{
			rows: 1 + r.IntN(side), cols: 1 + r.IntN(side), ldc: 4 * 40, left: &left[0], right: &right[0],
			steps: n, stored: stored, used: 1 + r.IntN(stored), next: &left[0],
			apart: round % 2 * 4 * 37,
		}
		start := anyNumbers(r, 37*side)
		job.start = &start[0]
		c := anyNumbers(r, 40*side)
		for i, multiply := range []func(*tileJob){loops.multiply, model.multiply} {
			results[i] = append([]float32(nil), c...)
			sums[i] = new([side * side]float32)
			job.c, job.sums = &results[i][0], sums[i]
			multiply(&job)
		}
		for i, want := range sums[1] {
			if got := sums[0][i]; math.Float32bits(got) != math.Float32bits(want) && (got == got || want == want) {
				t.Fatalf("round %d, sum %d is %v (%#x), the model's %v (%#x)", round, i, got, math.Float32bits(got), want, math.Float32bits(want))
			}
		}
		for i, want := range results[1] {
			if got := results[0][i]; math.Float32bits(got) != math.Float32bits(want) && (got == got || want == want) {
				t.Fatalf("round %d, number %d of c is %v, the model's %v", round, i, got, want)
			}
		}
	}
}

// anyBrains are bfloat16 numbers of any bits in some rounds, in others such that
// sums come near the smallest normal number from both sides, or are of ordinary
// size.
func anyBrains(r *rand.Rand, n, round int) []uint16 {
	x := make([]uint16, n)
	for i := range x {
		bits := uint16(r.Uint32())
		switch round % 4 {
		case 1: // 2^-66 to 2^-60
			bits = bits&0x807f | uint16(127-66+r.IntN(7))<<7
		case 2:
			bits = bits&0x807f | uint16(127-8+r.IntN(16))<<7
		case 3: // now and then NaN, denormal or infinite, else ordinary
			if r.IntN(100) > 0 {
				bits = bits&0x807f | uint16(127-8+r.IntN(16))<<7
			}
		}
		x[i] = bits
	}
	return x
}

// TestWithinOfWeights is TestWithin for what is split by splitStrip.
func TestWithinOfWeights(t *testing.T) {
	for v, want := range map[float32]bool{
		0: true, leastRight: true, -leastRight: true, math.Nextafter32(leastRight, 0): false, 0x1p-149: false,
		math.Nextafter32(mostRight, 0): true, mostRight: false, float32(math.Inf(-1)): false,
	} {
		eachTiles(t, func(t *testing.T, s *set) {
			t.Helper()
			strip := make([]float32, 5*16)
			for at := range strip {
				clear(strip)
				strip[at] = v
				seen := nothingSeen()
				s.parts.splitStrip(make([]uint16, 3*partSize), strip, 16, 5, 3, &seen)
				if got := seen.within(leastRight, mostRight); got != want {
					t.Fatalf("%v at %d: within %v", v, at, got)
				}
			}
		})
	}
}

// productOn multiplies x [t, in] by weights.
func productOn(be *Backend, x []float32, w kernels.Weight) []float32 { return biasedOn(be, x, w, nil) }

// biasedOn is productOn plus a bias.
func biasedOn(be *Backend, x []float32, w kernels.Weight, bias []float32) []float32 {
	in := w.Shape[1]
	rows := tensor.Tensor{Shape: []tensor.Dim{tensor.D(tensor.Pos, len(x)/in), tensor.D(tensor.DModel, in)}, Data: x}
	o := kernels.MatMulOpts{Out: []tensor.Dim{tensor.D(tensor.DModel, w.Shape[0])}, Bias: bias}
	return be.Get(be.MatMul(be.Put(rows), w, o)).Data
}

// storedWeight returns a matrix of a type: of these numbers where single ones
// are stored, of random blocks elsewhere.
func storedWeight(r *rand.Rand, d tensor.DType, out, in int, number func() float32) kernels.Weight {
	w := kernels.Weight{Name: d.String(), Type: d, Shape: [2]int{out, in}, Stride: [2]int{in, 1}}
	elements, size := d.Block()
	w.Bytes = make([]byte, out*in/elements*size)
	values := make([]float32, elements)
	for at := 0; at < len(w.Bytes); at += size {
		block := w.Bytes[at:][:size]
		switch d {
		case tensor.F32:
			binary.LittleEndian.PutUint32(block, math.Float32bits(number()))
			continue
		case tensor.BF16:
			binary.LittleEndian.PutUint16(block, uint16(math.Float32bits(number())>>16))
			continue
		}
		for most := 0.0; !(most > 1e-3 && most < 100); {
			most = 0
			for i := range block {
				block[i] = byte(r.Uint32())
			}
			tensor.Decode(values, d, block)
			for _, v := range values {
				most = max(most, math.Abs(float64(v)))
			}
		}
	}
	return w
}

// TestTilesErrLess: products by parts lie no further from the exact ones than the
// plain loop's in float32, for every stored type.
func TestTilesErrLess(t *testing.T) {
	eachTiles(t, func(t *testing.T, s *set) {
		t.Helper()
		be := withSet(s, 2)
		defer func() { _ = be.Close() }()
		const rows, out = 40, 70
		for _, d := range tensor.DTypes() {
			if s.name == "generic" && d != tensor.F32 && d != tensor.BF16 && d != tensor.F16 {
				continue // one for each number of parts: the model is slow
			}
			r := rand.New(rand.NewPCG(53, uint64(d)))
			for kind, number := range map[string]func() float32{
				"normal":       func() float32 { return float32(r.NormFloat64()) },
				"positive":     r.Float32,
				"of all sizes": func() float32 { return float32(r.NormFloat64() * math.Exp(3*r.NormFloat64())) },
			} {
				for _, in := range []int{256, 768} {
					if s.name == "generic" && in > 256 {
						continue
					}
					x := make([]float32, rows*in)
					for i := range x {
						x[i] = number()
					}
					w := storedWeight(r, d, out, in, number)
					largest, mean := errorsOf(productOn(be, x, w), x, w)
					plainLargest, plainMean := errorsOf(plainProduct(x, w), x, w)
					if largest > plainLargest || mean > plainMean {
						t.Errorf("%v %s, %d inputs: errors up to %.3g, %.3g on average; the plain loop's are %.3g, %.3g",
							d, kind, in, largest, mean, plainLargest, plainMean)
					}
				}
			}
		}
	})
}

// plainProduct is the loop in float32 that everybody would write.
func plainProduct(x []float32, w kernels.Weight) []float32 {
	out, in := w.Shape[0], w.Shape[1]
	numbers := make([]float32, out*in)
	tensor.Decode(numbers, w.Type, w.Bytes)
	c := make([]float32, len(x)/in*out)
	for i := range c {
		row, weights := x[i/out*in:][:in], numbers[i%out*in:][:in]
		for p, v := range row {
			c[i] += v * weights[p]
		}
	}
	return c
}

// errorsOf is how far a product is from the exact one, in parts of the sums of
// its terms' magnitudes: at most, and on average.
func errorsOf(got, x []float32, w kernels.Weight) (largest, mean float64) {
	out, in := w.Shape[0], w.Shape[1]
	numbers := make([]float32, out*in)
	tensor.Decode(numbers, w.Type, w.Bytes)
	for i, v := range got {
		exact, size := 0.0, 0.0
		for p, n := range numbers[i%out*in:][:in] {
			term := float64(n) * float64(x[i/out*in+p])
			exact += term
			size += math.Abs(term)
		}
		e := math.Abs(float64(v)-exact) / size
		largest, mean = max(largest, e), mean+e/float64(len(got))
	}
	return largest, mean
}

// withinBound compares a product with the exact one by the suite's bound, (in +
// 3) roundings of the terms' magnitudes. What is infinite or NaN must show.
func withinBound(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, got, x []float32, w kernels.Weight,
) {
	t.Helper()
	const u, tiny = 0x1p-24, 0x1p-126
	out, in := w.Shape[0], w.Shape[1]
	numbers := make([]float32, out*in)
	tensor.Decode(numbers, w.Type, w.Bytes)
	for i, v := range got {
		exact, size := 0.0, 0.0
		for p, n := range numbers[i%out*in:][:in] {
			term := float64(n) * float64(x[i/out*in+p])
			exact += term
			size += math.Abs(term)
		}
		bound := float64(in+3) * u * (size + tiny)
		switch {
		case exact != exact:
			if v == v {
				t.Fatalf("number %d is %v, want NaN", i, v)
			}
		case math.IsInf(exact, 0):
			if float64(v) != exact {
				t.Fatalf("number %d is %v, want %v", i, v, exact)
			}
		case size >= math.MaxFloat32 && !(math.Abs(float64(v)) <= math.MaxFloat32):
			// A sum on the way overflows, as the plain loop's does.
		case !(math.Abs(float64(v)-exact) <= bound):
			t.Fatalf("number %d is %v, want %v within %v", i, v, exact, bound)
		}
	}
}

// TestUnsoundNumbers puts numbers that tiles cannot take in a row of x, in an
// output's weights, and in both.
func TestUnsoundNumbers(t *testing.T) {
	eachTiles(t, func(t *testing.T, s *set) {
		t.Helper()
		be := withSet(s, 2)
		defer func() { _ = be.Close() }()
		const rows, out, in = 3*side + 5, 2*side + 21, 70
		r := rand.New(rand.NewPCG(54, 1))
		inf, nan := float32(math.Inf(1)), float32(math.NaN())
		for _, odd := range [][2]float32{ // in x, and in the weights that it meets
			{inf, 1},
			{-inf, 0},
			{nan, 1},
			{1, inf},
			{0, -inf},
			{2, nan},
			{inf, inf},
			{0x1p-149, 1},
			{-0x1p-130, 0x1p41},
			{0x1p-149, 0x1p100},
			{0x1p25, 0x1p-149},
			{0x1p25, -0x1.8p-147},
			{0x1p-70, 0x1p-70},
			{0x1p25, 0x1p41},
			{0x1p62, 0x1p41},
			{0x1p25, 0x1p80},
			{-0x1p62, 0x1p62},
			{0x1p-126, 0x1p-23},
		} {
			for places := 1; places <= 3; places++ {
				x := make([]float32, rows*in)
				for i := range x {
					x[i] = float32(r.NormFloat64())
				}
				w := storedWeight(r, tensor.F32, out, in, func() float32 { return float32(r.NormFloat64()) })
				if places&1 != 0 {
					x[(side+3)*in+17], x[(rows-1)*in+33] = odd[0], odd[0]
				}
				if places&2 != 0 {
					binary.LittleEndian.PutUint32(w.Bytes[4*(9*in+17):], math.Float32bits(odd[1]))
					binary.LittleEndian.PutUint32(w.Bytes[4*((out-2)*in+33):], math.Float32bits(odd[1]))
				}
				// A row and an output of one number each: nothing hides its error.
				clear(x[5*in:][:in])
				x[5*in+17] = odd[0]
				clear(w.Bytes[4*20*in:][:4*in])
				binary.LittleEndian.PutUint32(w.Bytes[4*(20*in+17):], math.Float32bits(odd[1]))
				litter(&be.store)
				withinBound(t, productOn(be, x, w), x, w)
			}
		}
	})
}

// TestBiasByParts: of whole numbers every sum but the last is exact. A row and an
// output are not sound, there is more than one pass, and what lay in the result's
// place before poisons any sum.
func TestBiasByParts(t *testing.T) {
	eachTiles(t, func(t *testing.T, s *set) {
		t.Helper()
		be := withSet(s, 2)
		defer func() { _ = be.Close() }()
		const rows, out = side + 7, 2*side + 5
		in := deepOf(3, 1000) + 500
		r := rand.New(rand.NewPCG(58, 1))
		whole := func() float32 { return float32(r.IntN(17) - 8) }
		x, bias := make([]float32, rows*in), make([]float32, out)
		for i := range x {
			x[i] = whole()
		}
		for i := range bias {
			bias[i] = whole()
		}
		w := storedWeight(r, tensor.F32, out, in, whole)
		clear(x[5*in:][:in])
		x[6*in-1] = mostLeft
		clear(w.Bytes[4*side*in:][:4*in])
		binary.LittleEndian.PutUint32(w.Bytes[4*side*in:], math.Float32bits(mostRight))
		litter(&be.store)
		numbers := make([]float32, out*in)
		tensor.Decode(numbers, w.Type, w.Bytes)
		for i, v := range biasedOn(be, x, w, bias) {
			exact := float64(bias[i%out])
			for p, n := range numbers[i%out*in:][:in] {
				exact += float64(n) * float64(x[i/out*in+p])
			}
			if want := float32(exact); v != want {
				t.Fatalf("number %d is %v, want %v", i, v, want)
			}
		}
	})
}

// TestDeepProducts have more than one pass, more than one group of outputs, and a
// pass that is not whole.
func TestDeepProducts(t *testing.T) {
	eachTiles(t, func(t *testing.T, s *set) {
		t.Helper()
		be := withSet(s, 1)
		defer func() { _ = be.Close() }()
		r := rand.New(rand.NewPCG(55, 1))
		number := func() float32 { return float32(r.NormFloat64()) }
		for _, c := range []struct {
			d             tensor.DType
			rows, out, in int
		}{
			{tensor.F32, 33, 50, 2*deepOf(3, 1000) + 40},
			{tensor.BF16, 20, 33, deepOf(1, 0) + 1},
			{tensor.F32, 9, rightAtOnce/(3*64) + 70, 33},
		} {
			x := make([]float32, c.rows*c.in)
			for i := range x {
				x[i] = number()
			}
			w := storedWeight(r, c.d, c.out, c.in, number)
			litter(&be.store)
			withinBound(t, productOn(be, x, w), x, w)
			// The last row and output alone are not sound.
			x[len(x)-1] = float32(math.Inf(1))
			withinBound(t, productOn(be, x, w), x, w)
		}
	})
}

// TestRowsAreSplitOnce for products of one array, unless their passes are others, or
// who waits stopped the first.
func TestRowsAreSplitOnce(t *testing.T) {
	own := portable()
	own.parts = modelLoops()
	split := 0
	own.parts.splitRows = func(panel []uint16, x []float32, stride, k, rows int, seen *seen) {
		split += k * rows
		splitRowsModel(panel, x, stride, k, rows, seen)
	}
	be := withSet(own, 1)
	defer func() { _ = be.Close() }()
	const rows, in, out = side + 3, 2 * step, 5
	r := rand.New(rand.NewPCG(59, 1))
	number := func() float32 { return float32(r.NormFloat64()) }
	arrays := make([]kernels.Array, 2)
	for i := range arrays {
		x := tensor.New(tensor.D(tensor.Pos, rows), tensor.D(tensor.DModel, in))
		for j := range x.Data {
			x.Data[j] = number()
		}
		arrays[i] = be.Put(x)
	}
	heads := be.Put(tensor.New(tensor.D(tensor.Pos, rows), tensor.D(tensor.Head, 2), tensor.D(tensor.DHead, step)))
	w := storedWeight(r, tensor.F32, out, in, number)
	narrow := storedWeight(r, tensor.BF16, out, in, number)
	multiply := func(x kernels.Array, w kernels.Weight) {
		got := be.Get(be.MatMul(x, w, kernels.MatMulOpts{Out: []tensor.Dim{tensor.D(tensor.DModel, out)}}))
		withinBound(t, got.Data, be.Get(x).Data, w)
	}
	stop := false
	be.Interrupt(func() bool { return stop })
	for _, c := range []struct {
		name   string
		do     func()
		splits int
	}{
		{"first", func() { multiply(arrays[0], w) }, 1},
		{"the same", func() { multiply(arrays[0], w) }, 0},
		{"another", func() { multiply(arrays[1], w) }, 1},
		{"the first again", func() { multiply(arrays[0], w) }, 1},
		{"other passes", func() { multiply(arrays[0], narrow) }, 1},
		{"a head at a time", func() { be.HeadResults(heads, w) }, 1},
		{"heads together", func() { multiply(heads, w) }, 1},
		{"the first once more", func() { multiply(arrays[0], w) }, 1},
		{"stopped", func() {
			stop = true
			be.MatMul(arrays[1], w, kernels.MatMulOpts{Out: []tensor.Dim{tensor.D(tensor.DModel, out)}})
			stop = false
		}, 0},
		{"after that", func() { multiply(arrays[1], w) }, 1},
	} {
		split = 0
		c.do()
		if split != c.splits*rows*in {
			t.Errorf("%s: %d numbers split, not %d times %d", c.name, split, c.splits, rows*in)
		}
	}
}

// TestByPartsSameBitsForAnyNumberOfThreads compares numbers of threads, on a
// product whose rows are split in turns.
func TestByPartsSameBitsForAnyNumberOfThreads(t *testing.T) {
	eachTiles(t, func(t *testing.T, s *set) {
		t.Helper()
		r := rand.New(rand.NewPCG(56, 1))
		x := anyOrdinary(r, 75*300)
		w := storedWeight(r, tensor.F32, 201, 300, func() float32 { return float32(r.NormFloat64()) })
		var want []float32
		for _, threads := range []int{1, 2, 3, 5, 16} {
			be := withSet(s, threads)
			got := productOn(be, x, w)
			if err := be.Close(); err != nil {
				t.Error(err)
			}
			if want == nil {
				want = got
			}
			for i, v := range want {
				if math.Float32bits(got[i]) != math.Float32bits(v) {
					t.Fatalf("%d threads: number %d is %v, on one thread %v", threads, i, got[i], v)
				}
			}
		}
	})
}

// anyOrdinary are normal numbers, a few of which tiles cannot take.
func anyOrdinary(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	for range n / 5000 {
		x[r.IntN(n)] = 0x1p40
	}
	return x
}

// FuzzParts compares products by parts with exact ones: any shape, and numbers
// about the edges of the windows.
func FuzzParts(f *testing.F) {
	for seed := range uint64(12) {
		f.Add(seed, uint8(9*seed), uint8(7*seed), uint8(20*seed), uint8(seed), int8(-75+9*int(seed)))
	}
	f.Add(uint64(99), uint8(0), uint8(36), uint8(191), uint8(7), int8(120)) // a sum is beyond float32
	model := portable()
	model.parts = modelLoops()
	sets := []*set{model}
	if s, err := choose("amx"); err == nil {
		s.parts.pays, s.parts.attends = always, attendsAlways
		sets = append(sets, s)
	}
	f.Fuzz(func(t *testing.T, seed uint64, rows, out, in, kind uint8, exponent int8) {
		r := rand.New(rand.NewPCG(seed, 2))
		number := func() float32 { // about 2^exponent; now and then of another size, or zero
			e := int(exponent)/2 + r.IntN(4)
			switch r.IntN(16) {
			case 0:
				return 0
			case 1:
				e = r.IntN(110) - 75
			}
			return float32(math.Ldexp(r.NormFloat64(), e))
		}
		t1, n, k := int(rows)%80+1, int(out)%80+1, int(in)%100+1
		x := make([]float32, t1*k)
		for i := range x {
			x[i] = number()
		}
		d := tensor.F32
		if kind%2 == 1 {
			d = tensor.BF16
		}
		w := storedWeight(r, d, n, k, number)
		for _, s := range sets {
			be := withSet(s, 2)
			withinBound(t, productOn(be, x, w), x, w)
			_ = be.Close()
		}
	})
}

// TestResultsPastTheCaches: a result so large that its stores go past the caches has
// the bits of its parts, which do not.
func TestResultsPastTheCaches(t *testing.T) {
	const rows, heads, d = 200, 14, 64
	be := New(Options{Threads: 2})
	defer be.Close()
	if be.set.parts == nil {
		t.Skip("SKIPPED, NOT TESTED: this machine has no tiles")
	}
	for _, outputs := range []int{768, 800, 770} { // the last ones' rows are no whole lines
		r := rand.New(rand.NewPCG(59, 1))
		number := func() float32 { return float32(r.NormFloat64()) }
		z := tensor.New(tensor.D(tensor.Pos, rows), tensor.D(tensor.Head, heads), tensor.D(tensor.DHead, d))
		for i := range z.Data {
			z.Data[i] = number()
		}
		w := storedWeight(r, tensor.F32, outputs, heads*d, number)
		if 4*rows*heads*outputs <= pastBytes {
			t.Fatal("the result is too small")
		}
		whole := be.Get(be.HeadResults(be.Put(z), w))
		for from := 0; from < rows; from += 100 {
			part := tensor.New(append([]tensor.Dim{tensor.D(tensor.Pos, 100)}, z.Shape[1:]...)...)
			copy(part.Data, z.Data[from*heads*d:])
			got := be.Get(be.HeadResults(be.Put(part), w))
			for i, v := range got.Data {
				if want := whole.Data[from*heads*outputs+i]; v != want {
					t.Fatalf("%d outputs: number %d from row %d is %v, in the whole %v", outputs, i, from, v, want)
				}
			}
		}
	}
	if err := be.Err(); err != nil {
		t.Fatal(err)
	}
}

package probe

// loop is a loop of multiply-adds that are added in float32.
type loop struct {
	name  string
	flops float64 // of one iteration
	// run adds 1 · 1 to each of its sums, once per iteration, and returns the
	// sums of each lane. There are as many sums as it takes to keep every unit of
	// the CPU busy until the first of them is ready again.
	run func(iterations int) []float32
}

// portableSums is how many sums the portable loop has.
const portableSums = 8

// portable is the loop for a machine whose instructions nobody has written one
// for. The compiler makes one scalar operation at a time of it, which is far
// below what the machine can do.
func portable() loop {
	return loop{"portable Go, far below the machine's own", 2 * portableSums, func(iterations int) []float32 {
		return []float32{multiplyAdd(iterations, 1)}
	}}
}

// multiplyAdd is the loop itself. It is kept apart so that one is no constant,
// which the compiler would not multiply with.
//
//go:noinline
func multiplyAdd(iterations int, one float32) float32 {
	var a, b, c, d, e, f, g, h float32
	for range iterations {
		a, b, c, d = a+one*one, b+one*one, c+one*one, d+one*one
		e, f, g, h = e+one*one, f+one*one, g+one*one, h+one*one
	}
	return a + b + c + d + e + f + g + h
}

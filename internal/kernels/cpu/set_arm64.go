package cpu

// sets lists what this machine can run, the best first: every 64-bit ARM
// processor has NEON.
func sets() []*set { return []*set{neon(), portable()} }

// neon takes four numbers at a time, and adds products without a rounding in
// between.
func neon() *set {
	s := portable()
	s.name = "neon"
	s.tile, s.dots = tileNEON, dotsNEON
	return s
}

// What these compute is written as Go above each one's code.

//go:noescape
func tileNEON(c, a, b []float32, ldc, lda, k, rows int, add bool)

//go:noescape
func dotsNEON(dst, x, w []float32, ldx, ldw, n, rows int)

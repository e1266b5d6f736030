package cpu

// vectors512 gives a set the loops over rows in AVX-512: sixteen numbers at a time,
// and what is left of a row behind a mask.
func vectors512(s *set) {
	s.dots = dotsAVX512
	s.add, s.multiply, s.scale = addAVX512, multiplyAVX512, scaleAVX512
	s.halves, s.brains = halvesAVX512, brainsAVX512
	s.largest, s.exps = largestAVX512, expsAVX512
	s.silu, s.geluTanh, s.gelu, s.bend = siluAVX512, geluTanhAVX512, geluAVX512, bendAVX512
	s.total, s.squares, s.standard = totalAVX512, squaresAVX512, standardAVX512
}

// What these compute is written as Go above each one's code.

//go:noescape
func dotsAVX512(dst, x, w []float32, ldx, ldw, n, rows int)

//go:noescape
func addAVX512(dst, x, y []float32)

//go:noescape
func multiplyAVX512(dst, x, y []float32)

//go:noescape
func scaleAVX512(dst, x []float32, factor float32)

//go:noescape
func halvesAVX512(dst []float32, src []byte)

//go:noescape
func brainsAVX512(dst []float32, src []byte)

//go:noescape
func largestAVX512(x []float32) float32

//go:noescape
func expsAVX512(dst, x []float32, top float32) float64

//go:noescape
func siluAVX512(dst, x []float32)

//go:noescape
func geluTanhAVX512(dst, x []float32)

//go:noescape
func geluAVX512(dst, x []float32)

//go:noescape
func bendAVX512(dst, x []float32, in, out float32)

//go:noescape
func totalAVX512(x []float32) float64

//go:noescape
func squaresAVX512(x []float32, mean float64) float64

//go:noescape
func standardAVX512(dst, x []float32, mean, factor float64)

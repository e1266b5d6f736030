package cpu

// panels512 gives a set fused attention's loops in AVX-512: 48 queries side by
// side are three registers, and eight rows of them 24 of the 32 that there are.
func panels512(s *set) {
	s.lanes, s.keys = mostLanes, fewestKeys
	s.panel, s.tops, s.weigh = panelAVX512, topsAVX512, weighAVX512
	s.near, s.give, s.lower = nearAVX512, giveAVX512, lowerAVX512
	s.list, s.flip = list512, flip512
}

// list512 is list in AVX-512, where a list is one register.
func list512(l *topLists, sums *laneSums, s []float32, first, count int) {
	if l.width > listWidth {
		loops(mostLanes).list(l, sums, s, first, count)
		return
	}
	listAVX512(l.scores, l.keys, sums, s, l.masks[:], first, count, l.size-1)
}

// flip512 is flip in AVX-512: squares of sixteen, and the edges in Go.
func flip512(dst, src []float32, ldd, lds, rows, cols int) {
	r, whole := 0, cols&^15
	for ; r+16 <= rows && whole > 0; r += 16 {
		flipAVX512(dst[r:], src[r*lds:], ldd, lds, whole)
	}
	if whole < cols {
		flip(dst[whole*ldd:], src[whole:], ldd, lds, r, cols-whole)
	}
	if r < rows {
		flip(dst[r:], src[r*lds:], ldd, lds, rows-r, cols)
	}
}

// What these compute is written as Go above each one's code.

//go:noescape
func panelAVX512(c, a, b []float32, lda, k, rows int, add bool)

//go:noescape
func topsAVX512(s []float32, sums *laneSums, masks []uint16, keys int)

//go:noescape
func listAVX512(scores []float32, keys []int32, sums *laneSums, s []float32, masks []uint16, first, count, place int)

//go:noescape
func weighAVX512(s []float32, sums *laneSums, keys int) bool

//go:noescape
func nearAVX512(sum, s []float32, behind, near, keys int)

//go:noescape
func giveAVX512(sum, s, shift []float32, queries int)

//go:noescape
func lowerAVX512(c, factors []float32, rows int)

//go:noescape
func flipAVX512(dst, src []float32, ldd, lds, cols int)

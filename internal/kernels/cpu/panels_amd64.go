package cpu

// panels gives a set fused attention's loops in AVX2, where 16 queries side by
// side are two registers.
func panels(s *set) {
	s.panel, s.tops, s.list, s.weigh = panelAVX2, topsEights, listEights, weighEights
	s.near, s.give, s.lower, s.flip = nearAVX2, giveAVX2, lowerAVX2, flipEights
}

// listEights is list in AVX2, where a list is two registers.
func listEights(l *topLists, sums *laneSums, s []float32, first, count int) {
	if l.width > listWidth {
		loops(fewestLanes).list(l, sums, s, first, count)
		return
	}
	listAVX2(l.scores, l.keys, s, l.masks[:], first, count)
	for lane := range fewestLanes {
		sums.last[lane] = l.scores[lane*listWidth+l.size-1]
	}
}

func topsEights(s []float32, sums *laneSums, masks []uint16, keys int) {
	topsAVX2(s, sums.next[:], sums.last[:], masks, keys)
	clear(masks[keys:roundUp(keys, 64)])
}

// weighEights is weigh in AVX2. Sums that stay relative to what they were, as next to
// all do after a few panels, are only added to.
func weighEights(s []float32, sums *laneSums, keys int) bool {
	var sum, tilt [fewestLanes]float32
	next, stay := sums.next[:fewestLanes], sums.stays(fewestLanes)
	if !stay {
		copy(sums.fall[:], sums.top[:fewestLanes])
		weighAVX2(sums.fall[:], next, sum[:], tilt[:], 1)
	}
	weighAVX2(s, next, sum[:], tilt[:], keys)
	if stay {
		sums.gain(sum[:], tilt[:])
		return false
	}
	fell := false
	for l := range fewestLanes {
		fell = fell || sums.fall[l] != 1
		sums.settle(l, float64(sum[l]), float64(tilt[l]))
	}
	return fell
}

// flipEights is flip in AVX2: squares of eight, and the edges in Go.
func flipEights(dst, src []float32, ldd, lds, rows, cols int) {
	r, n := 0, whole(cols)
	for ; r+8 <= rows && n > 0; r += 8 {
		transposeAVX2(dst[r:], src[r*lds:], ldd, lds, n)
	}
	if n < cols {
		flip(dst[n*ldd:], src[n:], ldd, lds, r, cols-n)
	}
	if r < rows {
		flip(dst[r:], src[r*lds:], ldd, lds, rows-r, cols)
	}
}

// What these compute is written as Go above each one's code.

//go:noescape
func panelAVX2(c, a, b []float32, lda, k, rows int, add bool)

//go:noescape
func listAVX2(scores []float32, keys []int32, s []float32, masks []uint16, first, count int)

//go:noescape
func nearAVX2(sum, s []float32, behind, near, keys int)

//go:noescape
func topsAVX2(s, next, last []float32, masks []uint16, keys int)

//go:noescape
func weighAVX2(s, top, sum, tilt []float32, keys int)

//go:noescape
func giveAVX2(sum, s, shift []float32, queries int)

//go:noescape
func lowerAVX2(c, factors []float32, rows int)

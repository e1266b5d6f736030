package cpu

// panels gives a set fused attention's loops in AVX2, where 16 queries side by
// side are two registers. Products go through the set's tile.
func panels(s *set) {
	s.tops, s.weigh, s.give, s.lower, s.flip = topsEights, weighEights, giveAVX2, lowerAVX2, flipEights
}

func topsEights(s []float32, sums *laneSums, masks []uint16, keys int) {
	topsAVX2(s, sums.next[:], sums.last[:], masks, keys)
	clear(masks[keys:roundUp(keys, 64)])
}

func weighEights(s []float32, sums *laneSums, keys int) bool {
	var sum, tilt [fewestLanes]float32
	copy(sums.fall[:], sums.top[:fewestLanes])
	weighAVX2(sums.fall[:], sums.next[:], sum[:], tilt[:], 1)
	weighAVX2(s, sums.next[:], sum[:], tilt[:], keys)
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
func topsAVX2(s, next, last []float32, masks []uint16, keys int)

//go:noescape
func weighAVX2(s, top, sum, tilt []float32, keys int)

//go:noescape
func giveAVX2(sum, s, shift []float32, queries int)

//go:noescape
func lowerAVX2(c, factors []float32, rows int)

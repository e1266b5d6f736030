package cpu

// tiling is how a set cuts a product. The order of each sum follows from it, so
// that one set's bits are not another's.
type tiling struct {
	// rows and cols are the shape of a tile, whose sums fill the registers.
	rows, cols int
	// depth is how many inputs one pass takes: a strip of so many fits the nearest
	// cache beside a tile's rows of x. It is a multiple of every stored block.
	depth int
	// band is how many rows of x stay in the second cache while strips pass by,
	// and group how many outputs are packed at once: the more, the less often a
	// band is copied. They are whole tiles.
	band, group int
	// inPlace says that a tile reads rows of x where they lie. Otherwise a band is
	// copied, so that rows a power of two apart do not evict each other.
	inPlace bool
}

// sixBySixteen is for 16 registers of eight, of which twelve hold sums, or for
// 32 of four.
func sixBySixteen() tiling { return tiling{rows: 6, cols: 16, depth: 256, band: 96, group: 512} }

// twelveByThirtyTwo is for 32 registers of sixteen, of which 24 hold sums.
func twelveByThirtyTwo(inPlace bool) tiling {
	return tiling{rows: 12, cols: 32, depth: 384, band: 96, group: 512, inPlace: inPlace}
}

// eightByFortyEight has as many sums, and loads 11 times where twelveByThirtyTwo
// loads 14 times: a product that fills it is a twentieth faster. Its sums are the
// same, for they are as deep.
func eightByFortyEight(inPlace bool) tiling {
	return tiling{rows: 8, cols: 48, depth: 384, band: 96, group: 480, inPlace: inPlace}
}

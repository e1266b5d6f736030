package probe

//go:noescape
func fmaNEON(iterations int, one float32, out *[4]float32)

// sumsARM64 is how many sums the loop has: four units that take four cycles
// need sixteen, and some to spare.
const sumsARM64 = 24

// loops are those that this CPU can run, the fastest first: every arm64 has NEON.
func loops() []loop {
	return []loop{{"NEON", 2 * 4 * sumsARM64, func(iterations int) []float32 {
		var out [4]float32
		fmaNEON(iterations, 1, &out)
		return out[:]
	}}, portable()}
}

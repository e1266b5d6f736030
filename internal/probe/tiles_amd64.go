package probe

import "golang.org/x/sys/cpu"

//go:noescape
func tilesAMX(iterations int, one float32, out, spare *[256]float32)

// tiles is the loop of bfloat16 products in tiles, if this CPU has one and the
// system lets this process use it.
func tiles() (loop, bool) {
	if !cpu.X86.HasAVX512F || !cpu.X86.HasAMXTile || !cpu.X86.HasAMXBF16 || !permitTiles() {
		return loop{}, false
	}
	// Four tiles of 16 by 16 sums, each of 32 products.
	return loop{"AMX", 4 * 16 * 16 * 32 * 2, func(iterations int) []float32 {
		var out, spare [256]float32
		tilesAMX(iterations, 1, &out, &spare)
		return out[:]
	}}, true
}

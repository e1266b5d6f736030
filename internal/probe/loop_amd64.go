package probe

import "golang.org/x/sys/cpu"

//go:noescape
func fmaAVX2(iterations int, one float32, out *[8]float32)

//go:noescape
func fmaAVX512(iterations int, one float32, out *[16]float32)

// sumsAMD64 is how many sums the loops have: two units that take four cycles
// need eight, and some to spare.
const sumsAMD64 = 12

// loops are those that this CPU can run, the fastest first.
func loops() []loop {
	var list []loop
	if cpu.X86.HasAVX512F {
		list = append(list, loop{"AVX-512", 2 * 16 * sumsAMD64, func(iterations int) []float32 {
			var out [16]float32
			fmaAVX512(iterations, 1, &out)
			return out[:]
		}})
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		list = append(list, loop{"AVX2 and FMA", 2 * 8 * sumsAMD64, func(iterations int) []float32 {
			var out [8]float32
			fmaAVX2(iterations, 1, &out)
			return out[:]
		}})
	}
	return append(list, portable())
}

package cpu

import x86 "golang.org/x/sys/cpu"

// hasAMX reports whether the processor multiplies tiles of bfloat16 numbers, and
// the system lets this process do so.
func hasAMX() bool {
	return hasAVX512() && x86.X86.HasAMXTile && x86.X86.HasAMXBF16 && permitTiles()
}

// amx is for servers since 2023: AVX-512, and large products by parts.
func amx() *set {
	s := avx512()
	s.name = "amx"
	s.parts = &partLoops{
		pays: paysAMX, splitRows: splitRowsAMX, splitStrip: splitStripAMX, multiply: multiplyAMX,
		attends: attendsAMX, splitLanes: splitLanesAMX, multiplyLanes: multiplyLanesAMX, weighLanes: weighLanesAMX,
	}
	return s
}

// paysAMX is where AMX overtakes AVX-512, as measured: weights of one part make
// half the work, and a third of the packing, of those of three.
func paysAMX(parts, rows, inputs int) bool {
	if parts == 1 {
		return rows >= 16 && inputs >= 64
	}
	return rows >= 64 && inputs >= 128
}

// attendsAMX is paysAMX for fused attention.
func attendsAMX(keys, d int) bool { return keys >= 64 && d >= 16 }

// What these compute is written as Go above each one's code.

//go:noescape
func splitRowsAMX(panel []uint16, x []float32, stride, k, rows int, seen *seen)

//go:noescape
func splitStripAMX(panel []uint16, strip []float32, stride, k, parts int, seen *seen)

//go:noescape
func multiplyAMX(j *tileJob)

//go:noescape
func splitLanesAMX(to []uint16, s []float32, steps int)

//go:noescape
func multiplyLanesAMX(c []float32, a, b []uint16, stride, steps, pairs int, add bool)

//go:noescape
func weighLanesAMX(j *laneJob) bool

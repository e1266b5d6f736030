package cpu

import (
	x86 "golang.org/x/sys/cpu"
)

// sets lists what this machine can run, the best first.
func sets() []*set {
	var have []*set
	if hasAMX() {
		have = append(have, amx())
	}
	if hasAVX512() {
		have = append(have, avx512())
	}
	if hasAVX2() {
		have = append(have, avx2())
	}
	return append(have, portable())
}

// hasAVX2 reports whether the processor has it, with what came beside it, and
// the system keeps its registers.
func hasAVX2() bool {
	return x86.X86.HasAVX2 && x86.X86.HasFMA && x86.X86.HasF16C
}

// hasAVX512 is hasAVX2 for the instructions that every server since 2017 has.
func hasAVX512() bool {
	return hasAVX2() && x86.X86.HasAVX512F && x86.X86.HasAVX512VL && x86.X86.HasAVX512BW && x86.X86.HasAVX512DQ
}

// avx512 is for processors with sixteen numbers to a register, and 32
// registers. What it has no better loop for is AVX2's.
func avx512() *set {
	s := avx2()
	s.name = "avx512"
	s.tiles, s.tile, s.columns, s.spread = twelveByThirtyTwo(readsInPlace()), tileAVX512, columnsAVX512, nil
	vectors512(s)
	panels512(s)
	wide := *s
	wide.tiles, wide.tile = eightByFortyEight(readsInPlace()), wideTileAVX512
	wide.spread, wide.spreads = spreadAVX512, 2*wide.tiles.cols
	s.wide = &wide
	return s
}

// readsInPlace reports whether AVX-512's tiles read rows that evict each other from the
// nearest cache where they lie. A cache in which a line may lie in twelve places, as
// Intel's processors tell, has room for them: not copying saves 3 % of a product of 1024 x
// 1024. AMD's Zen 4 has eight places, and saves as much.
func readsInPlace() bool {
	const amd = 0x68747541 // "Auth", as in AuthenticAMD
	most, vendor, _, _ := cpuid(0, 0)
	if most < 4 || vendor == amd {
		return vendor == amd
	}
	_, ebx, _, _ := cpuid(4, 0)
	return ebx>>22+1 >= 12
}

// cpuid asks the processor about itself (Intel SDM 2A, CPUID; leaf 4 is caches).
func cpuid(leaf, sub uint32) (eax, ebx, ecx, edx uint32)

// avx2 is for processors since 2013: eight numbers at a time, and products
// that are added without a rounding in between.
func avx2() *set {
	s := portable()
	s.name = "avx2"
	s.tile, s.dots, s.transpose = tileAVX2, dotsAVX2, transposeAVX2
	s.spread, s.spreads = spreadAVX2, 4*s.tiles.cols
	s.halves = func(dst []float32, src []byte) { eights(dst, src, halvesAVX2, decodeHalves) }
	s.brains = func(dst []float32, src []byte) { eights(dst, src, brainsAVX2, decodeBrains) }
	s.blocks = decodeBlocksAVX2
	s.add, s.multiply, s.scale = addEights, multiplyEights, scaleEights
	s.silu, s.geluTanh, s.gelu, s.bend = siluEights, geluTanhEights, geluEights, bendEights
	s.relu, s.clamp = reluEights, clampEights
	s.turn, s.turnPairs, s.turnApart = turnEights, turnPairsEights, turnApartEights
	s.largest, s.exps = largestEights, expsEights
	panels(s)
	s.total, s.squares, s.standard = totalEights, squaresEights, standardEights
	return s
}

// eights decodes two-byte numbers: whole eights by one loop, what is left by
// another.
func eights(dst []float32, src []byte, inner, rest func(dst []float32, src []byte)) {
	n := whole(len(dst))
	inner(dst[:n], src[:2*n])
	if n < len(dst) {
		rest(dst[n:], src[2*n:])
	}
}

// What these compute is written as Go above each one's code.

//go:noescape
func tileAVX512(c, a, b []float32, ldc, lda, k, rows int, add bool)

//go:noescape
func spreadAVX512(dst, src []float32, stride, k int)

//go:noescape
func wideTileAVX512(c, a, b []float32, ldc, lda, k, rows int, add bool)

//go:noescape
func columnsAVX512(c, x, w []float32, ldc, ldx, ldw, cols, k, rows int)

//go:noescape
func tileAVX2(c, a, b []float32, ldc, lda, k, rows int, add bool)

//go:noescape
func dotsAVX2(dst, x, w []float32, ldx, ldw, n, rows int)

//go:noescape
func transposeAVX2(dst, src []float32, wide, stride, k int)

//go:noescape
func spreadAVX2(dst, src []float32, stride, k int)

//go:noescape
func stepsAVX2(dst []float32, q []byte, scales, minima []float32)

//go:noescape
func lookUpAVX2(dst, src []byte, table *[16]int8)

//go:noescape
func halvesAVX2(dst []float32, src []byte)

//go:noescape
func brainsAVX2(dst []float32, src []byte)

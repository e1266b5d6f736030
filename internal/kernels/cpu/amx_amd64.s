#include "go_asm.h"
#include "textflag.h"
#include "amx_amd64.h"

// Eight tiles of 16 rows of 64 bytes.
DATA tileShapes<>+0(SB)/8, $1
DATA tileShapes<>+8(SB)/8, $0
DATA tileShapes<>+16(SB)/8, $0x0040004000400040
DATA tileShapes<>+24(SB)/8, $0x0040004000400040
DATA tileShapes<>+32(SB)/8, $0
DATA tileShapes<>+40(SB)/8, $0
DATA tileShapes<>+48(SB)/8, $0x1010101010101010
DATA tileShapes<>+56(SB)/8, $0
GLOBL tileShapes<>(SB), RODATA|NOPTR, $64

// RIGHT loads 16 outputs of a part to a tile, 6 or 7, and LEFT 16 rows, to 4 or 5.
#define RIGHT(part, t) TILELOADD(t, BASE_DI, (part*2048+(t-6)*1024))
#define LEFT(part, t) TILELOADD(t, BASE_SI, (part*2048+(t-4)*1024))

// ROWS multiplies 32 rows, which it loads, by the outputs that are there, and
// OUTPUTS outputs, which it loads, by the rows that are there.
#define ROWS(part) \
	LEFT(part, 4)      \
	TDPBF16PS(0, 4, 6) \
	TDPBF16PS(1, 4, 7) \
	LEFT(part, 5)      \
	TDPBF16PS(2, 5, 6) \
	TDPBF16PS(3, 5, 7)

#define OUTPUTS(part) \
	RIGHT(part, 6)     \
	TDPBF16PS(0, 4, 6) \
	TDPBF16PS(2, 5, 6) \
	RIGHT(part, 7)     \
	TDPBF16PS(1, 4, 7) \
	TDPBF16PS(3, 5, 7)

// AHEAD brings a little of the next panel to the second cache, and the next two
// rows of c to the first; after the last, the first again.
#define AHEAD \
	PREFETCHT1 (R10)    \
	PREFETCHT1 64(R10)  \
	PREFETCHT1 128(R10) \
	PREFETCHT1 192(R10) \
	PREFETCHT1 256(R10) \
	PREFETCHT1 320(R10) \
	ADDQ $384, R10      \
	PREFETCHT0 (R11)    \
	PREFETCHT0 64(R11)  \
	ADDQ R9, R11        \
	PREFETCHT0 (R11)    \
	PREFETCHT0 64(R11)  \
	ADDQ R9, R11        \
	SUBQ $2, R12        \
	CMOVQLE DX, R11

#define NEXT \
	ADDQ $6144, SI \
	ADDQ BX, DI    \
	DECQ AX

// func multiplyAMX(j *tileJob)
//
//	sums := [32][32]float32{}
//	for s := range j.steps {
//		for _, by := range []struct{ left, right int }{{0, 2}, {0, 1}, {1, 1}, {1, 0}, {2, 0}, {0, 0}} {
//			if by.right < used {
//				// four tiles of 16 by 16
//				sums += left[s, by.left] · right[s, by.right]
//			}
//		}
//	}
//	for r := range j.rows {
//		for o := range j.cols {
//			c[r*ldc+o] = fma(sums[r][o], sumScale, start[r*apart+o])
//		}
//	}
//
// Each product of parts has a side in common with the one before it, so that tiles
// of one side alone are loaded; more loads make it slower, even from the nearest
// cache. The tiles live within this call: Go does not stop a goroutine in assembly
// to run another, and the system keeps tiles over signals and other processes.
TEXT ·multiplyAMX(SB), NOSPLIT, $0-8
	MOVQ j+0(FP), R8
	LEAQ tileShapes<>(SB), AX
	LDTILECFG
	TILEZERO(0)
	TILEZERO(1)
	TILEZERO(2)
	TILEZERO(3)
	MOVQ tileJob_left(R8), SI
	MOVQ tileJob_right(R8), DI
	MOVQ tileJob_c(R8), DX
	MOVQ tileJob_ldc(R8), R9
	MOVQ tileJob_next(R8), R10
	MOVQ DX, R11
	MOVQ tileJob_rows(R8), R12
	MOVQ tileJob_steps(R8), AX
	MOVQ tileJob_stored(R8), BX
	SHLQ $11, BX
	MOVQ $64, CX

	MOVQ tileJob_used(R8), R13
	CMPQ R13, $2
	JEQ  two
	JGT  three

one:
	AHEAD
	RIGHT(0, 6)
	RIGHT(0, 7)
	ROWS(1)
	ROWS(2)
	ROWS(0)
	NEXT
	JNZ one
	JMP add

two:
	AHEAD
	RIGHT(1, 6)
	RIGHT(1, 7)
	ROWS(0)
	ROWS(1)
	OUTPUTS(0)
	ROWS(2)
	ROWS(0)
	NEXT
	JNZ two
	JMP add

three:
	AHEAD
	RIGHT(2, 6)
	RIGHT(2, 7)
	ROWS(0)
	OUTPUTS(1)
	ROWS(1)
	OUTPUTS(0)
	ROWS(2)
	ROWS(0)
	NEXT
	JNZ three

add:
	MOVQ tileJob_sums(R8), BX
	MOVQ $128, CX
	TILESTORED(0, BASE_BX, 0)
	TILESTORED(1, BASE_BX, 64)
	TILESTORED(2, BASE_BX, 2048)
	TILESTORED(3, BASE_BX, 2112)
	TILERELEASE

	MOVQ  tileJob_cols(R8), CX
	MOVQ  $1, AX
	SHLQ  CX, AX
	DECQ  AX
	KMOVW AX, K1
	SHRQ  $16, AX
	KMOVW AX, K2
	MOVL  $0x27800000, AX // 2^-48
	VPBROADCASTD AX, Z31
	MOVQ  tileJob_rows(R8), R12
	MOVQ  tileJob_start(R8), SI
	MOVQ  tileJob_apart(R8), R10
	CMPQ  tileJob_past(R8), $0
	JNE   past

row:
	VMOVUPS.Z   (SI), K1, Z0
	VMOVUPS.Z   64(SI), K2, Z1
	VFMADD231PS (BX), Z31, Z0
	VFMADD231PS 64(BX), Z31, Z1
	VMOVUPS     Z0, K1, (DX)
	VMOVUPS     Z1, K2, 64(DX)
	ADDQ        R9, DX
	ADDQ        R10, SI
	ADDQ        $128, BX
	DECQ        R12
	JNZ         row
	VZEROUPPER
	RET

past: // a locked instruction, as each task ends with, waits for these stores
	VMOVUPS     (SI), Z0
	VMOVUPS     64(SI), Z1
	VFMADD231PS (BX), Z31, Z0
	VFMADD231PS 64(BX), Z31, Z1
	VMOVNTPS    Z0, (DX)
	VMOVNTPS    Z1, 64(DX)
	ADDQ        R9, DX
	ADDQ        R10, SI
	ADDQ        $128, BX
	DECQ        R12
	JNZ         past
	VZEROUPPER
	RET

// Which words of two registers are the upper halves of their 32 numbers.
DATA upperHalves<>+0(SB)/8, $0x0007000500030001
DATA upperHalves<>+8(SB)/8, $0x000f000d000b0009
DATA upperHalves<>+16(SB)/8, $0x0017001500130011
DATA upperHalves<>+24(SB)/8, $0x001f001d001b0019
DATA upperHalves<>+32(SB)/8, $0x0027002500230021
DATA upperHalves<>+40(SB)/8, $0x002f002d002b0029
DATA upperHalves<>+48(SB)/8, $0x0037003500330031
DATA upperHalves<>+56(SB)/8, $0x003f003d003b0039
GLOBL upperHalves<>(SB), RODATA|NOPTR, $64

// CONSTANTS: 1 everywhere less, the sign's opposite, a part's bits, half of its
// last, and the scale.
#define CONSTANTS(scale) \
	VPTERNLOGD   $0xff, Z26, Z26, Z26 \
	VPSRLD       $1, Z26, Z28         \
	VPSLLD       $16, Z26, Z29        \
	MOVL         $0x8000, AX          \
	VPBROADCASTD AX, Z30              \
	MOVL         $scale, AX           \
	VPBROADCASTD AX, Z31

// SEE keeps the least and most of 16 numbers' magnitudes.
#define SEE(x, t) \
	VPANDD  Z28, x, t     \
	VPMAXUD t, Z21, Z21   \
	VPADDD  Z26, t, t     \
	VPMINUD t, Z20, Z20

// PARTS splits 16 numbers; the third part is what is left of x.
#define PARTS(x, first, second) \
	VMULPS Z31, x, x         \
	VPADDD Z30, x, first     \
	VPANDD Z29, first, first \
	VSUBPS first, x, x       \
	VPADDD Z30, x, second    \
	VPANDD Z29, second, second \
	VSUBPS second, x, x

#define SPLIT32 \
	SEE(Z0, Z4)           \
	SEE(Z1, Z5)           \
	PARTS(Z0, Z4, Z6)     \
	PARTS(Z1, Z5, Z7)     \
	VPERMT2W Z5, Z27, Z4  \
	VPERMT2W Z7, Z27, Z6  \
	VPERMT2W Z1, Z27, Z0  \
	VMOVDQU64 Z4, (R9)    \
	VMOVDQU64 Z6, 2048(R9) \
	VMOVDQU64 Z0, 4096(R9) \
	ADDQ $6144, R9

// func splitRowsAMX(panel []uint16, x []float32, stride, k, rows int, seen *seen)
//
//	for r := range rows {
//		for p := range k {
//			see(x[r*stride+p])
//			v := x[r*stride+p] * leftScale
//			for i := range 3 {
//				part := math.Float32frombits((math.Float32bits(v) + 0x8000) &^ 0xffff)
//				panel[((p/32*3+i)*32+r)*32+p%32] = upper half of part
//				v -= part
//			}
//		}
//	}
TEXT ·splitRowsAMX(SB), NOSPLIT, $0-80
	MOVQ panel_base+0(FP), DI
	MOVQ x_base+24(FP), SI
	MOVQ stride+48(FP), R8
	MOVQ rows+64(FP), DX
	MOVQ seen+72(FP), BX
	SHLQ $2, R8
	VMOVDQU64 seen_least(BX), Z20
	VMOVDQU64 seen_most(BX), Z21
	VMOVDQU64 upperHalves<>(SB), Z27
	CONSTANTS(0x4f800000) // 2^32

	// The mask of the last inputs, fewer than 32.
	MOVQ  k+56(FP), CX
	ANDQ  $31, CX
	MOVQ  $1, AX
	SHLQ  CX, AX
	DECQ  AX
	KMOVW AX, K1
	SHRQ  $16, AX
	KMOVW AX, K2

splitRow:
	MOVQ DI, R9
	MOVQ SI, R10
	MOVQ k+56(FP), CX
	SUBQ $32, CX
	JLT  lastInputs

inputs32:
	VMOVUPS (R10), Z0
	VMOVUPS 64(R10), Z1
	SPLIT32
	ADDQ $128, R10
	SUBQ $32, CX
	JGE  inputs32

lastInputs:
	ADDQ $32, CX
	JZ   rowDone
	VMOVUPS.Z (R10), K1, Z0
	VMOVUPS.Z 64(R10), K2, Z1
	SPLIT32

rowDone:
	ADDQ $64, DI
	ADDQ R8, SI
	DECQ DX
	JNZ  splitRow
	VMOVDQU64 Z20, seen_least(BX)
	VMOVDQU64 Z21, seen_most(BX)
	VZEROUPPER
	RET

// func splitStripAMX(panel []uint16, strip []float32, stride, k, parts int, seen *seen)
//
//	for p := range k {
//		for j := range 16 {
//			see(strip[p*stride+j])
//			v := strip[p*stride+j] * rightScale
//			for i := range parts {
//				part := math.Float32frombits((math.Float32bits(v) + 0x8000) &^ 0xffff)
//				panel[(p/32*parts+i)*1024+(p%32/2*16+j)*2+p%2] = upper half of part
//				v -= part
//			}
//		}
//	}
TEXT ·splitStripAMX(SB), NOSPLIT, $0-80
	MOVQ panel_base+0(FP), DI
	MOVQ strip_base+24(FP), SI
	MOVQ stride+48(FP), R8
	MOVQ k+56(FP), CX
	MOVQ parts+64(FP), DX
	MOVQ seen+72(FP), BX
	SHLQ $2, R8
	MOVQ DX, R11
	SHLQ $11, R11
	SUBQ $1024, R11 // from the last pair of a step to the next step
	VMOVDQU64 seen_least(BX), Z20
	VMOVDQU64 seen_most(BX), Z21
	VMOVDQU64 seen_second(BX), Z22
	VMOVDQU64 seen_third(BX), Z23
	CONSTANTS(0x47800000) // 2^16

	// The numbers of the next step, which may be pages away.
	MOVQ R8, R13
	SHLQ $5, R13
	ADDQ SI, R13

splitStep:
	MOVQ $16, R12

pair:
	PREFETCHT0 (R13)
	PREFETCHT0 (R13)(R8*1)
	LEAQ    (R13)(R8*2), R13
	VMOVUPS (SI), Z0
	VPXORD  Z1, Z1, Z1
	CMPQ    CX, $1
	JEQ     split
	VMOVUPS (SI)(R8*1), Z1

split:
	SEE(Z0, Z4)
	SEE(Z1, Z5)
	PARTS(Z0, Z4, Z6)
	PARTS(Z1, Z5, Z7)
	VPTERNLOGD $0xfe, Z6, Z7, Z22 // or
	VPTERNLOGD $0xfe, Z0, Z1, Z23
	VPSRLD     $16, Z4, Z4
	VPORD      Z5, Z4, Z4
	VMOVDQU64  Z4, (DI)
	CMPQ       DX, $2
	JLT        stored
	VPSRLD     $16, Z6, Z6
	VPORD      Z7, Z6, Z6
	VMOVDQU64  Z6, 2048(DI)
	JEQ        stored
	VPSRLD     $16, Z0, Z0
	VPORD      Z1, Z0, Z0
	VMOVDQU64  Z0, 4096(DI)

stored:
	ADDQ $64, DI
	LEAQ (SI)(R8*2), SI
	SUBQ $2, CX
	JLE  stripDone
	DECQ R12
	JNZ  pair
	ADDQ R11, DI
	JMP  splitStep

stripDone:
	VMOVDQU64 Z20, seen_least(BX)
	VMOVDQU64 Z21, seen_most(BX)
	VMOVDQU64 Z22, seen_second(BX)
	VMOVDQU64 Z23, seen_third(BX)
	VZEROUPPER
	RET

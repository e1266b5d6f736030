#include "textflag.h"
#include "tile_amd64.h"

// STORE adds what c has to the sums of a row, where Y15 is, or nothing.
#define STORE(at, low, high) \
	VANDPS  at(DX), Y15, Y12    \
	VANDPS  at+32(DX), Y15, Y13 \
	VADDPS  Y12, low, low       \
	VADDPS  Y13, high, high     \
	VMOVUPS low, at(DX)         \
	VMOVUPS high, at+32(DX)

#define STORES4 \
	VMOVQ        R13, X15 \
	VPBROADCASTQ X15, Y15 \
	STORE(0, Y0, Y1)      \
	STORE(64, Y2, Y3)     \
	STORE(128, Y4, Y5)    \
	STORE(192, Y6, Y7)

// func panelAVX2(c, a, b []float32, lda, k, rows int, add bool)
//
//	for r := range rows {
//		for l := range 16 {
//			sum := float32(0)
//			for p := range k {
//				sum = fma(a[r*lda+p], b[p*16+l], sum)
//			}
//			if add {
//				sum += c[r*16+l]
//			}
//			c[r*16+l] = sum
//		}
//	}
//
// Rows are a multiple of eight. Six at a time fill the registers, and four are as
// many as can be added to without waiting: the last eight are two times four.
TEXT ·panelAVX2(SB), NOSPLIT, $0-97
	MOVQ    c_base+0(FP), DX
	MOVQ    a_base+24(FP), R10
	MOVQ    b_base+48(FP), R11
	MOVQ    lda+72(FP), R9
	MOVQ    k+80(FP), R8
	MOVQ    rows+88(FP), AX
	SHLQ    $2, R9
	LEAQ    (R9)(R9*2), R12
	MOVBLZX add+96(FP), R13
	NEGQ    R13                // -1 where what c has stays

tile:
	TESTQ  AX, AX
	JZ     done
	MOVQ   R10, SI
	LEAQ   (R10)(R12*1), BX
	MOVQ   R11, DI
	MOVQ   R8, CX
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	CMPQ   AX, $8
	JEQ    four
	CMPQ   AX, $4
	JEQ    four
	VXORPS Y8, Y8, Y8
	VXORPS Y9, Y9, Y9
	VXORPS Y10, Y10, Y10
	VXORPS Y11, Y11, Y11
	LEAQ   (R10)(R12*2), R14 // what follows is asked for as these rows are read
	SUBQ   $4, CX
	JLT    rest6

loop6:
	PREFETCHT0 (R14)
	PREFETCHT0 64(R14)
	ADDQ       $96, R14
	STEP6(0, 0)
	STEP6(4, 64)
	STEP6(8, 128)
	STEP6(12, 192)
	NEXT(4)
	SUBQ       $4, CX
	JGE        loop6

rest6:
	ADDQ $4, CX
	JZ   store6

one6:
	STEP6(0, 0)
	NEXT(1)
	DECQ CX
	JNZ  one6

store6:
	STORES4
	STORE(256, Y8, Y9)
	STORE(320, Y10, Y11)
	ADDQ $384, DX
	LEAQ (R10)(R12*2), R10
	SUBQ $6, AX
	JMP  tile

four:
	SUBQ $4, CX
	JLT  rest4

loop4:
	STEP4(0, 0)
	STEP4(4, 64)
	STEP4(8, 128)
	STEP4(12, 192)
	NEXT(4)
	SUBQ $4, CX
	JGE  loop4

rest4:
	ADDQ $4, CX
	JZ   store4

one4:
	STEP4(0, 0)
	NEXT(1)
	DECQ CX
	JNZ  one4

store4:
	STORES4
	ADDQ $256, DX
	LEAQ (R10)(R9*4), R10
	SUBQ $4, AX
	JMP  tile

done:
	VZEROUPPER
	RET

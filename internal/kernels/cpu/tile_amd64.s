#include "textflag.h"
#include "tile_amd64.h"

// SET makes one row's sums one of c and goes to the next.
#define SET(low, high) \
	VMOVUPS low, (DX)    \
	VMOVUPS high, 32(DX) \
	ADDQ    R8, DX       \
	DECQ    AX           \
	JZ      done

// ADD adds what c has before.
#define ADD(low, high) \
	VADDPS (DX), low, low     \
	VADDPS 32(DX), high, high \
	SET(low, high)

// func tileAVX2(c, a, b []float32, ldc, lda, k, rows int, add bool)
//
//	for r := range rows {
//		for j := range 16 {
//			sum := float32(0)
//			for p := range k {
//				sum = fma(a[r*lda+p], b[p*16+j], sum)
//			}
//			if add {
//				sum += c[r*ldc+j]
//			}
//			c[r*ldc+j] = sum
//		}
//	}
TEXT ·tileAVX2(SB), NOSPLIT, $0-105
	MOVQ c_base+0(FP), DX
	MOVQ a_base+24(FP), SI
	MOVQ b_base+48(FP), DI
	MOVQ ldc+72(FP), R8
	MOVQ lda+80(FP), R9
	MOVQ k+88(FP), CX
	MOVQ rows+96(FP), AX
	SHLQ $2, R8
	SHLQ $2, R9
	LEAQ (R9)(R9*2), BX
	ADDQ SI, BX

	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	VXORPS Y8, Y8, Y8
	VXORPS Y9, Y9, Y9
	VXORPS Y10, Y10, Y10
	VXORPS Y11, Y11, Y11

	CMPQ AX, $6
	JEQ  six
	CMPQ AX, $5
	JEQ  loop5
	CMPQ AX, $4
	JEQ  loop4
	CMPQ AX, $3
	JEQ  loop3
	CMPQ AX, $2
	JEQ  loop2

loop1:
	STEP1(0, 0)
	NEXT(1)
	DECQ CX
	JNZ  loop1
	JMP  store

loop2:
	STEP2(0, 0)
	NEXT(1)
	DECQ CX
	JNZ  loop2
	JMP  store

loop3:
	STEP3(0, 0)
	NEXT(1)
	DECQ CX
	JNZ  loop3
	JMP  store

loop4:
	STEP4(0, 0)
	NEXT(1)
	DECQ CX
	JNZ  loop4
	JMP  store

loop5:
	STEP5(0, 0)
	NEXT(1)
	DECQ CX
	JNZ  loop5
	JMP  store

six:
	// The rows of c are far apart and wanted at the end.
	MOVQ       DX, R10
	PREFETCHT0 (R10)
	ADDQ       R8, R10
	PREFETCHT0 (R10)
	ADDQ       R8, R10
	PREFETCHT0 (R10)
	ADDQ       R8, R10
	PREFETCHT0 (R10)
	ADDQ       R8, R10
	PREFETCHT0 (R10)
	ADDQ       R8, R10
	PREFETCHT0 (R10)
	SUBQ       $4, CX
	JLT        rest6

loop6:
	STEP6(0, 0)
	STEP6(4, 64)
	STEP6(8, 128)
	STEP6(12, 192)
	NEXT(4)
	SUBQ $4, CX
	JGE  loop6

rest6:
	ADDQ $4, CX
	JZ   store

one6:
	STEP6(0, 0)
	NEXT(1)
	DECQ CX
	JNZ  one6

store:
	CMPB add+104(FP), $0
	JEQ  set
	ADD(Y0, Y1)
	ADD(Y2, Y3)
	ADD(Y4, Y5)
	ADD(Y6, Y7)
	ADD(Y8, Y9)
	ADD(Y10, Y11)

set:
	SET(Y0, Y1)
	SET(Y2, Y3)
	SET(Y4, Y5)
	SET(Y6, Y7)
	SET(Y8, Y9)
	SET(Y10, Y11)

done:
	VZEROUPPER
	RET

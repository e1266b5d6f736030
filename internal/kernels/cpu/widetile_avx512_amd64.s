#include "textflag.h"
#include "widetile_amd64.h"

// LOOP does the steps of a tile of fewer rows, one at a time.
#define LOOP(name, STEP) \
name:          \
	STEP(0, 0)  \
	NEXT(1)     \
	DECQ CX     \
	JNZ  name   \
	JMP  store

// FETCH asks for a row of c, which is far from the next one and wanted at the end.
#define FETCH \
	PREFETCHT0 (R12)    \
	PREFETCHT0 64(R12)  \
	PREFETCHT0 128(R12) \
	ADDQ       R8, R12

// SET makes one row's sums one of c and goes to the next.
#define SET(low, middle, high) \
	VMOVUPS low, (DX)      \
	VMOVUPS middle, 64(DX) \
	VMOVUPS high, 128(DX)  \
	ADDQ    R8, DX         \
	DECQ    AX             \
	JZ      done

// ADD adds what c has before.
#define ADD(low, middle, high) \
	VADDPS (DX), low, low         \
	VADDPS 64(DX), middle, middle \
	VADDPS 128(DX), high, high    \
	SET(low, middle, high)

// func wideTileAVX512(c, a, b []float32, ldc, lda, k, rows int, add bool)
//
// rows is 1 to 8.
//
//	for r := range rows {
//		for j := range 48 {
//			sum := float32(0)
//			for p := range k {
//				sum = fma(a[r*lda+p], b[p*48+j], sum)
//			}
//			if add {
//				sum += c[r*ldc+j]
//			}
//			c[r*ldc+j] = sum
//		}
//	}
TEXT ·wideTileAVX512(SB), NOSPLIT, $0-105
	MOVQ c_base+0(FP), DX
	MOVQ a_base+24(FP), SI
	MOVQ b_base+48(FP), DI
	MOVQ ldc+72(FP), R8
	MOVQ lda+80(FP), R9
	MOVQ k+88(FP), CX
	MOVQ rows+96(FP), AX
	SHLQ $2, R8
	SHLQ $2, R9
	LEAQ (R9)(R9*2), R10
	LEAQ (SI)(R9*4), BX

	CLEAR

	CMPQ AX, $8
	JEQ  eight
	CMPQ AX, $7
	JEQ  loop7
	CMPQ AX, $6
	JEQ  loop6
	CMPQ AX, $5
	JEQ  loop5
	CMPQ AX, $4
	JEQ  loop4
	CMPQ AX, $3
	JEQ  loop3
	CMPQ AX, $2
	JEQ  loop2

	LOOP(loop1, STEP1)
	LOOP(loop2, STEP2)
	LOOP(loop3, STEP3)
	LOOP(loop4, STEP4)
	LOOP(loop5, STEP5)
	LOOP(loop6, STEP6)
	LOOP(loop7, STEP7)

eight:
	MOVQ DX, R12
	FETCH
	FETCH
	FETCH
	FETCH
	FETCH
	FETCH
	FETCH
	FETCH
	SUBQ $4, CX
	JLT  rest8

loop8:
	STEP8(0, 0)
	STEP8(4, 192)
	STEP8(8, 384)
	STEP8(12, 576)
	NEXT(4)
	SUBQ $4, CX
	JGE  loop8

rest8:
	ADDQ $4, CX
	JZ   store

one8:
	STEP8(0, 0)
	NEXT(1)
	DECQ CX
	JNZ  one8

store:
	CMPB add+104(FP), $0
	JEQ  set
	ADD(Z0, Z1, Z2)
	ADD(Z3, Z4, Z5)
	ADD(Z6, Z7, Z8)
	ADD(Z9, Z10, Z11)
	ADD(Z12, Z13, Z14)
	ADD(Z15, Z16, Z17)
	ADD(Z18, Z19, Z20)
	ADD(Z21, Z22, Z23)

set:
	SET(Z0, Z1, Z2)
	SET(Z3, Z4, Z5)
	SET(Z6, Z7, Z8)
	SET(Z9, Z10, Z11)
	SET(Z12, Z13, Z14)
	SET(Z15, Z16, Z17)
	SET(Z18, Z19, Z20)
	SET(Z21, Z22, Z23)

done:
	VZEROUPPER
	RET

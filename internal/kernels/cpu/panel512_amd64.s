#include "textflag.h"
#include "widetile_amd64.h"

// func panelAVX512(c, a, b []float32, lda, k, rows int, add bool)
//
// rows is a multiple of 8.
//
//	for r := range rows {
//		for j := range 48 {
//			sum := float32(0)
//			if add {
//				sum = c[r*48+j]
//			}
//			for p := range k {
//				sum = fma(a[r*lda+p], b[p*48+j], sum)
//			}
//			c[r*48+j] = sum
//		}
//	}
TEXT ·panelAVX512(SB), NOSPLIT, $0-97
	MOVQ  c_base+0(FP), DX
	MOVQ  a_base+24(FP), R11
	MOVQ  b_base+48(FP), R12
	MOVQ  lda+72(FP), R9
	MOVQ  k+80(FP), R13
	MOVQ  rows+88(FP), AX
	MOVBLZX add+96(FP), R8
	SHLQ  $2, R9
	LEAQ  (R9)(R9*2), R10
	SHRQ  $3, AX
	JZ    done

group:
	MOVQ  R11, SI
	LEAQ  (SI)(R9*4), BX
	LEAQ  (BX)(R9*4), R11
	MOVQ  R12, DI
	MOVQ  R13, CX
	TESTL R8, R8
	JZ    zero
	VMOVUPS (DX), Z0
	VMOVUPS 64(DX), Z1
	VMOVUPS 128(DX), Z2
	VMOVUPS 192(DX), Z3
	VMOVUPS 256(DX), Z4
	VMOVUPS 320(DX), Z5
	VMOVUPS 384(DX), Z6
	VMOVUPS 448(DX), Z7
	VMOVUPS 512(DX), Z8
	VMOVUPS 576(DX), Z9
	VMOVUPS 640(DX), Z10
	VMOVUPS 704(DX), Z11
	VMOVUPS 768(DX), Z12
	VMOVUPS 832(DX), Z13
	VMOVUPS 896(DX), Z14
	VMOVUPS 960(DX), Z15
	VMOVUPS 1024(DX), Z16
	VMOVUPS 1088(DX), Z17
	VMOVUPS 1152(DX), Z18
	VMOVUPS 1216(DX), Z19
	VMOVUPS 1280(DX), Z20
	VMOVUPS 1344(DX), Z21
	VMOVUPS 1408(DX), Z22
	VMOVUPS 1472(DX), Z23
	JMP   product

zero:
	CLEAR

product:
	MOVQ R11, R14 // what follows is asked for as these rows are read
	SUBQ $4, CX
	JLT  rest

loop:
	PREFETCHT0 (R14)
	PREFETCHT0 64(R14)
	ADDQ       $128, R14
	STEP8(0, 0)
	STEP8(4, 192)
	STEP8(8, 384)
	STEP8(12, 576)
	NEXT(4)
	SUBQ $4, CX
	JGE  loop

rest:
	ADDQ $4, CX
	JZ   store

one:
	STEP8(0, 0)
	NEXT(1)
	DECQ CX
	JNZ  one

store:
	VMOVUPS Z0, (DX)
	VMOVUPS Z1, 64(DX)
	VMOVUPS Z2, 128(DX)
	VMOVUPS Z3, 192(DX)
	VMOVUPS Z4, 256(DX)
	VMOVUPS Z5, 320(DX)
	VMOVUPS Z6, 384(DX)
	VMOVUPS Z7, 448(DX)
	VMOVUPS Z8, 512(DX)
	VMOVUPS Z9, 576(DX)
	VMOVUPS Z10, 640(DX)
	VMOVUPS Z11, 704(DX)
	VMOVUPS Z12, 768(DX)
	VMOVUPS Z13, 832(DX)
	VMOVUPS Z14, 896(DX)
	VMOVUPS Z15, 960(DX)
	VMOVUPS Z16, 1024(DX)
	VMOVUPS Z17, 1088(DX)
	VMOVUPS Z18, 1152(DX)
	VMOVUPS Z19, 1216(DX)
	VMOVUPS Z20, 1280(DX)
	VMOVUPS Z21, 1344(DX)
	VMOVUPS Z22, 1408(DX)
	VMOVUPS Z23, 1472(DX)
	ADDQ $1536, DX
	DECQ AX
	JNZ  group

done:
	VZEROUPPER
	RET

#include "textflag.h"

// ROW is one row of a group: three registers of sixteen sums take a[r, p]
// times b[p, 0:48].
#define ROW(a, x, low, middle, high) \
	VBROADCASTSS a, x            \
	VFMADD231PS  Z24, x, low     \
	VFMADD231PS  Z25, x, middle  \
	VFMADD231PS  Z26, x, high

// STEP is one p of a group of eight rows: at bytes ao of each row of a, bo of b.
#define STEP(ao, bo) \
	VMOVUPS bo(DI), Z24                      \
	VMOVUPS bo+64(DI), Z25                   \
	VMOVUPS bo+128(DI), Z26                  \
	ROW(ao(SI), Z27, Z0, Z1, Z2)             \
	ROW(ao(SI)(R9*1), Z28, Z3, Z4, Z5)       \
	ROW(ao(SI)(R9*2), Z29, Z6, Z7, Z8)       \
	ROW(ao(SI)(R10*1), Z30, Z9, Z10, Z11)    \
	ROW(ao(BX), Z31, Z12, Z13, Z14)          \
	ROW(ao(BX)(R9*1), Z27, Z15, Z16, Z17)    \
	ROW(ao(BX)(R9*2), Z28, Z18, Z19, Z20)    \
	ROW(ao(BX)(R10*1), Z29, Z21, Z22, Z23)

#define NEXT(n) \
	ADDQ $(4*n), SI   \
	ADDQ $(4*n), BX   \
	ADDQ $(192*n), DI

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
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	VPXORD Z4, Z4, Z4
	VPXORD Z5, Z5, Z5
	VPXORD Z6, Z6, Z6
	VPXORD Z7, Z7, Z7
	VPXORD Z8, Z8, Z8
	VPXORD Z9, Z9, Z9
	VPXORD Z10, Z10, Z10
	VPXORD Z11, Z11, Z11
	VPXORD Z12, Z12, Z12
	VPXORD Z13, Z13, Z13
	VPXORD Z14, Z14, Z14
	VPXORD Z15, Z15, Z15
	VPXORD Z16, Z16, Z16
	VPXORD Z17, Z17, Z17
	VPXORD Z18, Z18, Z18
	VPXORD Z19, Z19, Z19
	VPXORD Z20, Z20, Z20
	VPXORD Z21, Z21, Z21
	VPXORD Z22, Z22, Z22
	VPXORD Z23, Z23, Z23

product:
	SUBQ $4, CX
	JLT  rest

loop:
	STEP(0, 0)
	STEP(4, 192)
	STEP(8, 384)
	STEP(12, 576)
	NEXT(4)
	SUBQ $4, CX
	JGE  loop

rest:
	ADDQ $4, CX
	JZ   store

one:
	STEP(0, 0)
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

#include "textflag.h"
#include "masks512_amd64.h"

// W takes one row of w's next sixteen numbers, those of K1, to three rows of x.
#define W(w, s0, s1, s2) \
	VMOVUPS.Z   w, K1, Z15    \
	VFMADD231PS Z12, Z15, s0  \
	VFMADD231PS Z13, Z15, s1  \
	VFMADD231PS Z14, Z15, s2

// HALF adds the upper eight lanes to the lower.
#define HALF(z, y) \
	VEXTRACTF64X4 $1, z, Y15  \
	VADDPS        Y15, y, y

// SUMS stores the four sums over the eight lanes of s0 to s3.
#define SUMS(s0, s1, s2, s3, x0, to) \
	VHADDPS      s1, s0, s0   \
	VHADDPS      s3, s2, s2   \
	VHADDPS      s2, s0, s0   \
	VEXTRACTF128 $1, s0, X15  \
	VADDPS       X15, x0, x0  \
	VMOVUPS      x0, to

// func dotsAVX512(dst, x, w []float32, ldx, ldw, n, rows int)
//
// rows is 1 or 3.
//
//	for r := range rows {
//		for c := range 4 {
//			var l [16]float32
//			for p := range n {
//				l[p%16] = fma(x[r*ldx+p], w[c*ldw+p], l[p%16])
//			}
//			for i := range 8 {
//				l[i] += l[i+8]
//			}
//			dst[4*r+c] = ((l[0]+l[1])+(l[2]+l[3])) + ((l[4]+l[5])+(l[6]+l[7]))
//		}
//	}
TEXT ·dotsAVX512(SB), NOSPLIT, $0-104
	MOVQ dst_base+0(FP), DX
	MOVQ x_base+24(FP), SI
	MOVQ w_base+48(FP), DI
	MOVQ ldx+72(FP), R9
	MOVQ ldw+80(FP), R10
	MOVQ n+88(FP), CX
	MOVQ rows+96(FP), BX
	SHLQ $2, R9
	SHLQ $2, R10
	LEAQ (R10)(R10*2), R11
	ADDQ DI, R11
	KXNORW K1, K1, K1

	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3
	VPXORQ Z4, Z4, Z4
	VPXORQ Z5, Z5, Z5
	VPXORQ Z6, Z6, Z6
	VPXORQ Z7, Z7, Z7
	VPXORQ Z8, Z8, Z8
	VPXORQ Z9, Z9, Z9
	VPXORQ Z10, Z10, Z10
	VPXORQ Z11, Z11, Z11

	CMPQ BX, $1
	JEQ  single
	SUBQ $16, CX
	JLT  rest3

loop3:
	VMOVUPS.Z (SI), K1, Z12
	VMOVUPS.Z (SI)(R9*1), K1, Z13
	VMOVUPS.Z (SI)(R9*2), K1, Z14
	W((DI), Z0, Z4, Z8)
	W((DI)(R10*1), Z1, Z5, Z9)
	W((DI)(R10*2), Z2, Z6, Z10)
	W((R11), Z3, Z7, Z11)
	ADDQ      $64, SI
	ADDQ      $64, DI
	ADDQ      $64, R11
	SUBQ      $16, CX
	JGE       loop3

rest3:
	ADDQ $16, CX
	JLE  sums3
	FIRST(K1)
	XORL CX, CX
	JMP  loop3

sums3:
	HALF(Z0, Y0)
	HALF(Z1, Y1)
	HALF(Z2, Y2)
	HALF(Z3, Y3)
	HALF(Z4, Y4)
	HALF(Z5, Y5)
	HALF(Z6, Y6)
	HALF(Z7, Y7)
	HALF(Z8, Y8)
	HALF(Z9, Y9)
	HALF(Z10, Y10)
	HALF(Z11, Y11)
	SUMS(Y0, Y1, Y2, Y3, X0, (DX))
	SUMS(Y4, Y5, Y6, Y7, X4, 16(DX))
	SUMS(Y8, Y9, Y10, Y11, X8, 32(DX))
	VZEROUPPER
	RET

single:
	SUBQ $16, CX
	JLT  rest1

loop1:
	VMOVUPS     (SI), Z12
	VFMADD231PS (DI), Z12, Z0
	VFMADD231PS (DI)(R10*1), Z12, Z1
	VFMADD231PS (DI)(R10*2), Z12, Z2
	VFMADD231PS (R11), Z12, Z3
	ADDQ        $64, SI
	ADDQ        $64, DI
	ADDQ        $64, R11
	SUBQ        $16, CX
	JGE         loop1

rest1:
	ADDQ        $16, CX
	JLE         sums1
	FIRST(K1)
	VMOVUPS.Z   (SI), K1, Z12
	VMOVUPS.Z   (DI), K1, Z4
	VFMADD231PS Z4, Z12, Z0
	VMOVUPS.Z   (DI)(R10*1), K1, Z5
	VFMADD231PS Z5, Z12, Z1
	VMOVUPS.Z   (DI)(R10*2), K1, Z6
	VFMADD231PS Z6, Z12, Z2
	VMOVUPS.Z   (R11), K1, Z7
	VFMADD231PS Z7, Z12, Z3

sums1:
	HALF(Z0, Y0)
	HALF(Z1, Y1)
	HALF(Z2, Y2)
	HALF(Z3, Y3)
	SUMS(Y0, Y1, Y2, Y3, X0, (DX))
	VZEROUPPER
	RET

#include "textflag.h"
#include "masks_amd64.h"

// W takes one row of w's next eight numbers to three rows of x.
#define W(w, s0, s1, s2) \
	VMOVUPS     w, Y15        \
	VFMADD231PS Y12, Y15, s0  \
	VFMADD231PS Y13, Y15, s1  \
	VFMADD231PS Y14, Y15, s2

// WTAIL is W for the last n%8 numbers.
#define WTAIL(w, s0, s1, s2) \
	VMOVUPS     (R12), Y15    \
	VMASKMOVPS  w, Y15, Y15   \
	VFMADD231PS Y12, Y15, s0  \
	VFMADD231PS Y13, Y15, s1  \
	VFMADD231PS Y14, Y15, s2

// SUMS stores the four sums over the lanes of s0 to s3.
#define SUMS(s0, s1, s2, s3, x0, to) \
	VHADDPS      s1, s0, s0   \
	VHADDPS      s3, s2, s2   \
	VHADDPS      s2, s0, s0   \
	VEXTRACTF128 $1, s0, X15  \
	VADDPS       X15, x0, x0  \
	VMOVUPS      x0, to

// func dotsAVX2(dst, x, w []float32, ldx, ldw, n, rows int)
//
// rows is 1 or 3.
//
//	for r := range rows {
//		for c := range 4 {
//			var lanes [8]float32
//			for p := range n {
//				lanes[p%8] = fma(x[r*ldx+p], w[c*ldw+p], lanes[p%8])
//			}
//			dst[4*r+c] = ((l[0]+l[1])+(l[2]+l[3])) + ((l[4]+l[5])+(l[6]+l[7]))
//		}
//	}
TEXT ·dotsAVX2(SB), NOSPLIT, $0-104
	MOVQ dst_base+0(FP), DX
	MOVQ x_base+24(FP), SI
	MOVQ w_base+48(FP), DI
	MOVQ ldx+72(FP), R9
	MOVQ ldw+80(FP), R10
	MOVQ n+88(FP), CX
	MOVQ rows+96(FP), AX
	SHLQ $2, R9
	SHLQ $2, R10
	LEAQ (R10)(R10*2), R11
	ADDQ DI, R11
	MOVQ CX, BX
	ANDQ $7, BX
	MASK(BX, R12)
	SHRQ $3, CX

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

	CMPQ AX, $1
	JEQ  single
	TESTQ CX, CX
	JZ   tail3

loop3:
	VMOVUPS (SI), Y12
	VMOVUPS (SI)(R9*1), Y13
	VMOVUPS (SI)(R9*2), Y14
	W((DI), Y0, Y4, Y8)
	W((DI)(R10*1), Y1, Y5, Y9)
	W((DI)(R10*2), Y2, Y6, Y10)
	W((R11), Y3, Y7, Y11)
	ADDQ    $32, SI
	ADDQ    $32, DI
	ADDQ    $32, R11
	DECQ    CX
	JNZ     loop3

tail3:
	TESTQ      BX, BX
	JZ         sums3
	VMOVUPS    (R12), Y15
	VMASKMOVPS (SI), Y15, Y12
	VMASKMOVPS (SI)(R9*1), Y15, Y13
	VMASKMOVPS (SI)(R9*2), Y15, Y14
	WTAIL((DI), Y0, Y4, Y8)
	WTAIL((DI)(R10*1), Y1, Y5, Y9)
	WTAIL((DI)(R10*2), Y2, Y6, Y10)
	WTAIL((R11), Y3, Y7, Y11)

sums3:
	SUMS(Y0, Y1, Y2, Y3, X0, (DX))
	SUMS(Y4, Y5, Y6, Y7, X4, 16(DX))
	SUMS(Y8, Y9, Y10, Y11, X8, 32(DX))
	VZEROUPPER
	RET

single:
	TESTQ CX, CX
	JZ    tail1

loop1:
	VMOVUPS     (SI), Y12
	VFMADD231PS (DI), Y12, Y0
	VFMADD231PS (DI)(R10*1), Y12, Y1
	VFMADD231PS (DI)(R10*2), Y12, Y2
	VFMADD231PS (R11), Y12, Y3
	ADDQ        $32, SI
	ADDQ        $32, DI
	ADDQ        $32, R11
	DECQ        CX
	JNZ         loop1

tail1:
	TESTQ       BX, BX
	JZ          sums1
	VMOVUPS     (R12), Y15
	VMASKMOVPS  (SI), Y15, Y12
	VMASKMOVPS  (DI), Y15, Y4
	VFMADD231PS Y4, Y12, Y0
	VMASKMOVPS  (DI)(R10*1), Y15, Y5
	VFMADD231PS Y5, Y12, Y1
	VMASKMOVPS  (DI)(R10*2), Y15, Y6
	VFMADD231PS Y6, Y12, Y2
	VMASKMOVPS  (R11), Y15, Y7
	VFMADD231PS Y7, Y12, Y3

sums1:
	SUMS(Y0, Y1, Y2, Y3, X0, (DX))
	VZEROUPPER
	RET

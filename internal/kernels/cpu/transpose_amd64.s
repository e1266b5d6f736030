#include "textflag.h"

// func transposeAVX2(dst, src []float32, wide, stride, k int)
//
// k is a multiple of 8.
//
//	for p := range k {
//		for j := range 8 {
//			dst[wide*p+j] = src[j*stride+p]
//		}
//	}
TEXT ·transposeAVX2(SB), NOSPLIT, $0-72
	MOVQ dst_base+0(FP), DI
	MOVQ src_base+24(FP), SI
	MOVQ wide+48(FP), R8
	MOVQ stride+56(FP), R9
	MOVQ k+64(FP), CX
	SHLQ $2, R8
	SHLQ $2, R9
	LEAQ (R8)(R8*2), R12
	LEAQ (R9)(R9*2), R10
	LEAQ (SI)(R9*4), R11
	SHRQ $3, CX
	JZ   done

loop:
	// Rows 0 and 4, 1 and 5, ... share a register, so that what is left is the
	// same 4 x 4 turn in both halves.
	VMOVUPS     (SI), X0
	VMOVUPS     (SI)(R9*1), X1
	VMOVUPS     (SI)(R9*2), X2
	VMOVUPS     (SI)(R10*1), X3
	VINSERTF128 $1, (R11), Y0, Y0
	VINSERTF128 $1, (R11)(R9*1), Y1, Y1
	VINSERTF128 $1, (R11)(R9*2), Y2, Y2
	VINSERTF128 $1, (R11)(R10*1), Y3, Y3
	VMOVUPS     16(SI), X4
	VMOVUPS     16(SI)(R9*1), X5
	VMOVUPS     16(SI)(R9*2), X6
	VMOVUPS     16(SI)(R10*1), X7
	VINSERTF128 $1, 16(R11), Y4, Y4
	VINSERTF128 $1, 16(R11)(R9*1), Y5, Y5
	VINSERTF128 $1, 16(R11)(R9*2), Y6, Y6
	VINSERTF128 $1, 16(R11)(R10*1), Y7, Y7

	VUNPCKLPS Y1, Y0, Y8  // row 0 p0, row 1 p0, row 0 p1, row 1 p1
	VUNPCKHPS Y1, Y0, Y9
	VUNPCKLPS Y3, Y2, Y10
	VUNPCKHPS Y3, Y2, Y11
	VUNPCKLPD Y10, Y8, Y0
	VUNPCKHPD Y10, Y8, Y1
	VUNPCKLPD Y11, Y9, Y2
	VUNPCKHPD Y11, Y9, Y3
	VUNPCKLPS Y5, Y4, Y8
	VUNPCKHPS Y5, Y4, Y9
	VUNPCKLPS Y7, Y6, Y10
	VUNPCKHPS Y7, Y6, Y11
	VUNPCKLPD Y10, Y8, Y4
	VUNPCKHPD Y10, Y8, Y5
	VUNPCKLPD Y11, Y9, Y6
	VUNPCKHPD Y11, Y9, Y7

	VMOVUPS Y0, (DI)
	VMOVUPS Y1, (DI)(R8*1)
	VMOVUPS Y2, (DI)(R8*2)
	VMOVUPS Y3, (DI)(R12*1)
	LEAQ    (DI)(R8*4), DI
	VMOVUPS Y4, (DI)
	VMOVUPS Y5, (DI)(R8*1)
	VMOVUPS Y6, (DI)(R8*2)
	VMOVUPS Y7, (DI)(R12*1)
	LEAQ    (DI)(R8*4), DI
	ADDQ    $32, SI
	ADDQ    $32, R11
	DECQ    CX
	JNZ     loop

done:
	VZEROUPPER
	RET

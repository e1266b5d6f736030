#include "textflag.h"

// PAIRS and QUADS turn four rows of sixteen numbers, a to d, within each four
// lanes: x to w hold column 4i, 4i+1, ... of lanes 4i of the four.
#define QUADS(a, b, c, d, x, y, z, w, t, u) \
	VUNPCKLPS b, a, t \
	VUNPCKHPS b, a, z \
	VUNPCKLPS d, c, u \
	VUNPCKHPS d, c, w \
	VUNPCKLPD u, t, x \
	VUNPCKHPD u, t, y \
	VUNPCKLPD w, z, t \
	VUNPCKHPD w, z, w \
	VMOVAPS   t, z

// CORNERS brings the same four columns of all sixteen rows together: a to d
// have four rows each; columns 0, 4, 8 and 12 from where they are.
#define CORNERS(a, b, c, d, at0, at4, at8, at12) \
	VSHUFF32X4 $0x44, b, a, Z0 \
	VSHUFF32X4 $0xee, b, a, Z1 \
	VSHUFF32X4 $0x44, d, c, Z2 \
	VSHUFF32X4 $0xee, d, c, Z3 \
	VSHUFF32X4 $0x88, Z2, Z0, Z4 \
	VSHUFF32X4 $0xdd, Z2, Z0, Z5 \
	VSHUFF32X4 $0x88, Z3, Z1, Z6 \
	VSHUFF32X4 $0xdd, Z3, Z1, Z7 \
	VMOVUPS    Z4, at0  \
	VMOVUPS    Z5, at4  \
	VMOVUPS    Z6, at8  \
	VMOVUPS    Z7, at12

// func flipAVX512(dst, src []float32, ldd, lds, cols int)
//
// cols is a multiple of 16.
//
//	for c := range cols {
//		for r := range 16 {
//			dst[c*ldd+r] = src[r*lds+c]
//		}
//	}
TEXT ·flipAVX512(SB), NOSPLIT, $0-72
	MOVQ dst_base+0(FP), DI
	MOVQ src_base+24(FP), SI
	MOVQ ldd+48(FP), R8
	MOVQ lds+56(FP), R9
	MOVQ cols+64(FP), CX
	SHLQ $2, R8
	SHLQ $2, R9
	LEAQ (R9)(R9*2), R10 // three rows of src
	LEAQ (SI)(R9*4), R11 // rows 4, 8 and 12
	LEAQ (R11)(R9*4), R12
	LEAQ (R12)(R9*4), R13
	LEAQ (R8)(R8*2), BX  // three rows of dst
	SHRQ $4, CX
	JZ   done

loop:
	VMOVUPS (SI), Z0
	VMOVUPS (SI)(R9*1), Z1
	VMOVUPS (SI)(R9*2), Z2
	VMOVUPS (SI)(R10*1), Z3
	QUADS(Z0, Z1, Z2, Z3, Z16, Z17, Z18, Z19, Z4, Z5)
	VMOVUPS (R11), Z0
	VMOVUPS (R11)(R9*1), Z1
	VMOVUPS (R11)(R9*2), Z2
	VMOVUPS (R11)(R10*1), Z3
	QUADS(Z0, Z1, Z2, Z3, Z20, Z21, Z22, Z23, Z4, Z5)
	VMOVUPS (R12), Z0
	VMOVUPS (R12)(R9*1), Z1
	VMOVUPS (R12)(R9*2), Z2
	VMOVUPS (R12)(R10*1), Z3
	QUADS(Z0, Z1, Z2, Z3, Z24, Z25, Z26, Z27, Z4, Z5)
	VMOVUPS (R13), Z0
	VMOVUPS (R13)(R9*1), Z1
	VMOVUPS (R13)(R9*2), Z2
	VMOVUPS (R13)(R10*1), Z3
	QUADS(Z0, Z1, Z2, Z3, Z28, Z29, Z30, Z31, Z4, Z5)
	ADDQ $64, SI
	ADDQ $64, R11
	ADDQ $64, R12
	ADDQ $64, R13

	// Rows 0, 4, 8 and 12 of dst, then the next four.
	LEAQ (DI)(R8*4), AX
	LEAQ (AX)(R8*4), DX
	LEAQ (DX)(R8*4), R15
	CORNERS(Z16, Z20, Z24, Z28, (DI), (AX), (DX), (R15))
	CORNERS(Z17, Z21, Z25, Z29, (DI)(R8*1), (AX)(R8*1), (DX)(R8*1), (R15)(R8*1))
	CORNERS(Z18, Z22, Z26, Z30, (DI)(R8*2), (AX)(R8*2), (DX)(R8*2), (R15)(R8*2))
	CORNERS(Z19, Z23, Z27, Z31, (DI)(BX*1), (AX)(BX*1), (DX)(BX*1), (R15)(BX*1))
	LEAQ (R15)(R8*4), DI
	DECQ CX
	JNZ  loop

done:
	VZEROUPPER
	RET

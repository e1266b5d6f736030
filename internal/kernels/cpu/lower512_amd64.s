#include "textflag.h"

// func lowerAVX512(c, factors []float32, rows int)
//
// c is [rows, 48].
//
//	for r := range rows {
//		for l := range 48 {
//			c[r*48+l] *= factors[l]
//		}
//	}
TEXT ·lowerAVX512(SB), NOSPLIT, $0-56
	MOVQ c_base+0(FP), DI
	MOVQ factors_base+24(FP), SI
	MOVQ rows+48(FP), CX
	VMOVUPS (SI), Z0
	VMOVUPS 64(SI), Z1
	VMOVUPS 128(SI), Z2
	TESTQ CX, CX
	JZ   done

loop:
	VMULPS  (DI), Z0, Z3
	VMULPS  64(DI), Z1, Z4
	VMULPS  128(DI), Z2, Z5
	VMOVUPS Z3, (DI)
	VMOVUPS Z4, 64(DI)
	VMOVUPS Z5, 128(DI)
	ADDQ    $192, DI
	DECQ    CX
	JNZ     loop

done:
	VZEROUPPER
	RET

#include "textflag.h"

// func lowerAVX2(c, factors []float32, rows int)
//
// c is [rows, 16].
//
//	for r := range rows {
//		for l := range 16 {
//			c[r*16+l] *= factors[l]
//		}
//	}
TEXT ·lowerAVX2(SB), NOSPLIT, $0-56
	MOVQ    c_base+0(FP), DI
	MOVQ    factors_base+24(FP), SI
	MOVQ    rows+48(FP), CX
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	TESTQ   CX, CX
	JZ      done

loop:
	VMULPS  (DI), Y0, Y2
	VMULPS  32(DI), Y1, Y3
	VMOVUPS Y2, (DI)
	VMOVUPS Y3, 32(DI)
	ADDQ    $64, DI
	DECQ    CX
	JNZ     loop

done:
	VZEROUPPER
	RET

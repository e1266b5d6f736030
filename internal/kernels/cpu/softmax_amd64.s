#include "textflag.h"

// func largestAVX2(x []float32) float32
//
// len(x) is a multiple of 8, and not 0.
//
//	top := -Inf
//	for _, v := range x {
//		top = max(top, v) // NaN if any is
//	}
//	return top
TEXT ·largestAVX2(SB), NOSPLIT, $0-28
	MOVQ    x_base+0(FP), SI
	MOVQ    x_len+8(FP), CX
	VMOVUPS (SI), Y0
	VXORPS  Y2, Y2, Y2
	SHRQ    $3, CX

	// MAX forgets a NaN; whether there was one is kept beside it.
loop:
	VMOVUPS (SI), Y1
	VMAXPS  Y1, Y0, Y0
	VCMPPS  $3, Y1, Y1, Y3
	VORPS   Y3, Y2, Y2
	ADDQ    $32, SI
	DECQ    CX
	JNZ     loop

	VMOVMSKPS    Y2, AX
	VEXTRACTF128 $1, Y0, X1
	VMAXPS       X1, X0, X0
	VPERMILPS    $0x0e, X0, X1
	VMAXPS       X1, X0, X0
	VPERMILPS    $0x01, X0, X1
	VMAXPS       X1, X0, X0
	TESTL        AX, AX
	JZ           done
	VPCMPEQD     X0, X0, X0 // all bits set are a NaN

done:
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET

#include "textflag.h"

// func reluAVX2(dst, x []float32)
//
// len(dst) is a multiple of 8. A NaN stays one, and -0 becomes 0: MAX returns
// its first operand of either, and the sum of both zeros is 0.
//
//	for i, v := range x[:len(dst)] {
//		dst[i] = max(0, v)
//	}
TEXT ·reluAVX2(SB), NOSPLIT, $0-48
	MOVQ   dst_base+0(FP), DI
	MOVQ   dst_len+8(FP), CX
	MOVQ   x_base+24(FP), SI
	VXORPS Y1, Y1, Y1
	SHRQ   $3, CX
	JZ     done

loop:
	VMAXPS  (SI), Y1, Y0
	VADDPS  Y1, Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	DECQ    CX
	JNZ     loop

done:
	VZEROUPPER
	RET

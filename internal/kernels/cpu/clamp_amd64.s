#include "textflag.h"

// func clampAVX2(dst, x []float32, low, high float32)
//
// len(dst) is a multiple of 8. A NaN stays one: MIN and MAX return their first
// operand then, as they do of two zeros, whose signs Go tells apart.
//
//	for i, v := range x[:len(dst)] {
//		dst[i] = min(max(v, low), high)
//	}
TEXT ·clampAVX2(SB), NOSPLIT, $0-56
	MOVQ         dst_base+0(FP), DI
	MOVQ         dst_len+8(FP), CX
	MOVQ         x_base+24(FP), SI
	VBROADCASTSS low+48(FP), Y1
	VBROADCASTSS high+52(FP), Y2
	SHRQ         $3, CX
	JZ           done

loop:
	VMAXPS  (SI), Y1, Y0
	VMINPS  Y0, Y2, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	DECQ    CX
	JNZ     loop

done:
	VZEROUPPER
	RET

#include "textflag.h"

// func turnAVX2(low, high, a, b, cos, sin []float32)
//
// len(low) is a multiple of 8.
//
//	for i := range low {
//		low[i], high[i] = a[i]*cos[i]-b[i]*sin[i], b[i]*cos[i]+a[i]*sin[i]
//	}
TEXT ·turnAVX2(SB), NOSPLIT, $0-144
	MOVQ low_base+0(FP), DI
	MOVQ low_len+8(FP), CX
	MOVQ high_base+24(FP), BX
	MOVQ a_base+48(FP), SI
	MOVQ b_base+72(FP), DX
	MOVQ cos_base+96(FP), R8
	MOVQ sin_base+120(FP), R9
	XORQ AX, AX
	SHRQ $3, CX
	JZ   done

loop:
	VMOVUPS (SI)(AX*1), Y0
	VMOVUPS (DX)(AX*1), Y1
	VMOVUPS (R8)(AX*1), Y2
	VMOVUPS (R9)(AX*1), Y3
	VMULPS  Y2, Y0, Y4
	VMULPS  Y3, Y1, Y5
	VSUBPS  Y5, Y4, Y4
	VMULPS  Y2, Y1, Y5
	VMULPS  Y3, Y0, Y6
	VADDPS  Y6, Y5, Y5
	VMOVUPS Y4, (DI)(AX*1)
	VMOVUPS Y5, (BX)(AX*1)
	ADDQ    $32, AX
	DECQ    CX
	JNZ     loop

done:
	VZEROUPPER
	RET

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

// ANGLES loads eight pairs' cosines and sines at R8 and R9, each twice: those of
// pairs 0 to 3 into Y2 and Y4, of 4 to 7 into Y3 and Y5.
#define ANGLES \
	VPMOVZXDQ (R8)(AX*1), Y2   \
	VPMOVZXDQ 16(R8)(AX*1), Y3 \
	VPMOVZXDQ (R9)(AX*1), Y4   \
	VPMOVZXDQ 16(R9)(AX*1), Y5 \
	VMOVSLDUP Y2, Y2           \
	VMOVSLDUP Y3, Y3           \
	VMOVSLDUP Y4, Y4           \
	VMOVSLDUP Y5, Y5

// TURN turns eight pairs at SI, side by side in Y0 and Y1, with ANGLES.
#define TURN \
	VMOVUPS   (SI)(AX*2), Y0   \
	VMOVUPS   32(SI)(AX*2), Y1 \
	VPERMILPS $0xb1, Y0, Y6    \
	VPERMILPS $0xb1, Y1, Y7    \
	VMULPS    Y2, Y0, Y0       \
	VMULPS    Y3, Y1, Y1       \
	VMULPS    Y4, Y6, Y6       \
	VMULPS    Y5, Y7, Y7       \
	VADDSUBPS Y6, Y0, Y0       \
	VADDSUBPS Y7, Y1, Y1

// func turnPairsAVX2(dst, x, cos, sin []float32)
//
// len(cos) is a multiple of 8.
//
//	for p, c := range cos {
//		a, b := x[2*p], x[2*p+1]
//		dst[2*p], dst[2*p+1] = a*c-b*sin[p], b*c+a*sin[p]
//	}
TEXT ·turnPairsAVX2(SB), NOSPLIT, $0-96
	MOVQ dst_base+0(FP), DI
	MOVQ x_base+24(FP), SI
	MOVQ cos_base+48(FP), R8
	MOVQ cos_len+56(FP), CX
	MOVQ sin_base+72(FP), R9
	XORQ AX, AX
	SHRQ $3, CX
	JZ   done

loop:
	ANGLES
	TURN
	VMOVUPS Y0, (DI)(AX*2)
	VMOVUPS Y1, 32(DI)(AX*2)
	ADDQ    $32, AX
	DECQ    CX
	JNZ     loop

done:
	VZEROUPPER
	RET

// func turnApartAVX2(low, high, x, cos, sin []float32)
//
// len(cos) is a multiple of 8.
//
//	for p, c := range cos {
//		a, b := x[2*p], x[2*p+1]
//		low[p], high[p] = a*c-b*sin[p], b*c+a*sin[p]
//	}
TEXT ·turnApartAVX2(SB), NOSPLIT, $0-120
	MOVQ low_base+0(FP), DI
	MOVQ high_base+24(FP), BX
	MOVQ x_base+48(FP), SI
	MOVQ cos_base+72(FP), R8
	MOVQ cos_len+80(FP), CX
	MOVQ sin_base+96(FP), R9
	XORQ AX, AX
	SHRQ $3, CX
	JZ   done

loop:
	ANGLES
	TURN
	VSHUFPS $0x88, Y1, Y0, Y6 // of pairs 0 1 4 5 2 3 6 7
	VSHUFPS $0xdd, Y1, Y0, Y7
	VPERMPD $0xd8, Y6, Y6
	VPERMPD $0xd8, Y7, Y7
	VMOVUPS Y6, (DI)(AX*1)
	VMOVUPS Y7, (BX)(AX*1)
	ADDQ    $32, AX
	DECQ    CX
	JNZ     loop

done:
	VZEROUPPER
	RET

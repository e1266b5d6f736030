#include "textflag.h"
#include "power_amd64.h"

// WEIGH makes weights of eight scores of a row, and adds them up.
#define WEIGH(at, top, x, n, p, sum, tilt) \
	VMOVUPS     at(SI), x   \
	VSUBPS      top, x, x   \
	POWER(x, n, p)          \
	VMOVUPS     p, at(SI)   \
	VADDPS      p, sum, sum \
	VFMADD231PS p, x, tilt

// func weighAVX2(s, top, sum, tilt []float32, keys int)
//
// s is [keys, 16].
//
//	for l := range 16 {
//		sum[l], tilt[l] = 0, 0
//		for j := range keys {
//			x := max(-127, s[j*16+l] - top[l])
//			s[j*16+l] = 2^x
//			sum[l], tilt[l] = sum[l] + 2^x, tilt[l] + 2^x * x
//		}
//	}
TEXT ·weighAVX2(SB), NOSPLIT, $0-104
	MOVQ    s_base+0(FP), SI
	MOVQ    top_base+24(FP), DI
	MOVQ    sum_base+48(FP), DX
	MOVQ    tilt_base+72(FP), BX
	MOVQ    keys+96(FP), CX
	LEAQ    ·powers8(SB), R8
	VMOVUPS 192(R8), Y15
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1
	VXORPS  Y2, Y2, Y2
	VXORPS  Y3, Y3, Y3
	VXORPS  Y4, Y4, Y4
	VXORPS  Y5, Y5, Y5

loop:
	WEIGH(0, Y0, Y6, Y8, Y10, Y2, Y4)
	WEIGH(32, Y1, Y7, Y9, Y11, Y3, Y5)
	ADDQ $64, SI
	DECQ CX
	JNZ  loop

	VMOVUPS Y2, (DX)
	VMOVUPS Y3, 32(DX)
	VMOVUPS Y4, (BX)
	VMOVUPS Y5, 32(BX)
	VZEROUPPER
	RET

#include "textflag.h"
#include "power_amd64.h"

// GIVE adds eight keys' weights from one query.
#define GIVE(at, x, n, p, sum) \
	VMOVUPS at(SI), x   \
	VSUBPS  Y0, x, x    \
	POWER(x, n, p)      \
	VADDPS  p, sum, sum

// func giveAVX2(sum, s, shift []float32, queries int)
//
// s is [queries, 16].
//
//	for l := range 16 {
//		for i := range queries {
//			sum[l] += 2^max(-127, s[i*16+l] - shift[i])
//		}
//	}
TEXT ·giveAVX2(SB), NOSPLIT, $0-80
	MOVQ    sum_base+0(FP), DI
	MOVQ    s_base+24(FP), SI
	MOVQ    shift_base+48(FP), DX
	MOVQ    queries+72(FP), CX
	LEAQ    ·powers8(SB), R8
	VMOVUPS 192(R8), Y15
	VMOVUPS (DI), Y2
	VMOVUPS 32(DI), Y3

loop:
	VBROADCASTSS (DX), Y0
	GIVE(0, Y6, Y8, Y10, Y2)
	GIVE(32, Y7, Y9, Y11, Y3)
	ADDQ $64, SI
	ADDQ $4, DX
	DECQ CX
	JNZ  loop

	VMOVUPS Y2, (DI)
	VMOVUPS Y3, 32(DI)
	VZEROUPPER
	RET

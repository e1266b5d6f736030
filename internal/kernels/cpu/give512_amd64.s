#include "textflag.h"
#include "power512_amd64.h"

// GIVE adds sixteen keys' weights from one query.
#define GIVE(at, x, r, p, sum) \
	VMOVUPS at(SI), x   \
	VSUBPS  Z0, x, x    \
	POWER(x, r, p)      \
	VADDPS  p, sum, sum

// func giveAVX512(sum, s, shift []float32, queries int)
//
// s is [queries, 48].
//
//	for l := range 48 {
//		for i := range queries {
//			sum[l] += 2^(s[i*48+l] - shift[i]), or 0 if that is below 2^-126
//		}
//	}
TEXT ·giveAVX512(SB), NOSPLIT, $0-80
	MOVQ sum_base+0(FP), DI
	MOVQ s_base+24(FP), SI
	MOVQ shift_base+48(FP), DX
	MOVQ queries+72(FP), CX
	POWERS()
	VMOVUPS (DI), Z3
	VMOVUPS 64(DI), Z4
	VMOVUPS 128(DI), Z5

loop:
	VBROADCASTSS (DX), Z0
	GIVE(0, Z9, Z12, Z15, Z3)
	GIVE(64, Z10, Z13, Z16, Z4)
	GIVE(128, Z11, Z14, Z17, Z5)
	ADDQ $192, SI
	ADDQ $4, DX
	DECQ CX
	JNZ  loop

	VMOVUPS Z3, (DI)
	VMOVUPS Z4, 64(DI)
	VMOVUPS Z5, 128(DI)
	VZEROUPPER
	RET

#include "textflag.h"
#include "weigh512_amd64.h"

// func weighAVX512(s []float32, sums *laneSums, keys int) bool
//
// s is [keys, 48].
//
//	for l := range 48 {
//		x := max(-126, top[l] - next[l])
//		fall[l], top[l] = 2^x, next[l]
//		sum, tilt := float32(0), float32(0)
//		for j := range keys {
//			x := max(-126, s[j*48+l] - top[l])
//			s[j*48+l] = 2^x
//			sum, tilt = sum + 2^x, tilt + 2^x * x
//		}
//		sums.tilt[l] = fall[l] * (sums.tilt[l] + sums.sum[l]*x) + tilt
//		sums.sum[l] = fall[l] * sums.sum[l] + sum
//		sums.near[l] = fall[l] * sums.near[l]
//	}
//	return some fall is not 1
//
// 2^x is 0 for what was below -126.
TEXT ·weighAVX512(SB), NOSPLIT, $0-41
	MOVQ s_base+0(FP), SI
	MOVQ sums+24(FP), DI
	MOVQ keys+32(FP), CX
	POWERS()
	FALLS()
	KORTESTW K0, K0
	SETNE ret+40(FP)

	NOTHING()

loop:
	WEIGH(0(SI), Z0, Z9, Z12, Z15, Z3, Z6)
	WEIGH(64(SI), Z1, Z10, Z13, Z16, Z4, Z7)
	WEIGH(128(SI), Z2, Z11, Z14, Z17, Z5, Z8)
	ADDQ $192, SI
	DECQ CX
	JNZ  loop

	SETTLED()
	VZEROUPPER
	RET

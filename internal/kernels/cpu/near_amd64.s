#include "textflag.h"

// NEAR adds the weights of eight lanes of which the key is near: x is how far each
// query is behind it.
#define NEAR(at, x, sum) \
	VPABSD   x, Y6          \
	VPCMPGTD Y6, Y5, Y6     \
	VPAND    at(SI), Y6, Y6 \
	VADDPS   Y6, sum, sum   \
	VPSUBD   Y4, x, x

// func nearAVX2(sum, s []float32, behind, near, keys int)
//
// s is [keys, 16].
//
//	for l := range 16 {
//		for j := range keys {
//			if abs(behind + l - j) < near {
//				sum[l] += s[j*16+l]
//			}
//		}
//	}
TEXT ·nearAVX2(SB), NOSPLIT, $0-72
	MOVQ         sum_base+0(FP), DI
	MOVQ         s_base+24(FP), SI
	MOVQ         behind+48(FP), AX
	MOVQ         near+56(FP), BX
	MOVQ         keys+64(FP), CX
	VMOVD        AX, X7
	VPBROADCASTD X7, Y7
	VPADDD       ·places+32(SB), Y7, Y8
	VPADDD       ·places+0(SB), Y7, Y7
	VMOVD        BX, X5
	VPBROADCASTD X5, Y5
	VPCMPEQD     Y4, Y4, Y4
	VPABSD       Y4, Y4
	VMOVUPS      (DI), Y0
	VMOVUPS      32(DI), Y1
	TESTQ        CX, CX
	JZ           done

loop:
	NEAR(0, Y7, Y0)
	NEAR(32, Y8, Y1)
	ADDQ $64, SI
	DECQ CX
	JNZ  loop

	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)

done:
	VZEROUPPER
	RET

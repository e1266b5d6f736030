#include "textflag.h"

// NEAR adds the weights of sixteen lanes of which the key is near: x is how far
// each query is behind it.
#define NEAR(at, x, sum) \
	VPABSD  x, Z6            \
	VPCMPD  $1, Z5, Z6, K1   \
	VADDPS  at(SI), sum, K1, sum \
	VPSUBD  Z4, x, x

// func nearAVX512(sum, s []float32, behind, near, keys int)
//
// s is [keys, 48].
//
//	for l := range 48 {
//		for j := range keys {
//			if abs(behind + l - j) < near {
//				sum[l] += s[j*48+l]
//			}
//		}
//	}
TEXT ·nearAVX512(SB), NOSPLIT, $0-72
	MOVQ sum_base+0(FP), DI
	MOVQ s_base+24(FP), SI
	MOVQ behind+48(FP), AX
	MOVQ near+56(FP), BX
	MOVQ keys+64(FP), CX
	VPBROADCASTD AX, Z7
	VPADDD ·places+0(SB), Z7, Z7
	MOVL $16, DX
	VPBROADCASTD DX, Z4
	VPADDD Z4, Z7, Z8
	VPADDD Z4, Z8, Z9
	MOVL $1, DX
	VPBROADCASTD DX, Z4
	VPBROADCASTD BX, Z5
	VMOVUPS (DI), Z0
	VMOVUPS 64(DI), Z1
	VMOVUPS 128(DI), Z2

loop:
	NEAR(0, Z7, Z0)
	NEAR(64, Z8, Z1)
	NEAR(128, Z9, Z2)
	ADDQ $192, SI
	DECQ CX
	JNZ  loop

	VMOVUPS Z0, (DI)
	VMOVUPS Z1, 64(DI)
	VMOVUPS Z2, 128(DI)
	VZEROUPPER
	RET

// 0 to 15
DATA ·places+0(SB)/8, $0x0000000100000000
DATA ·places+8(SB)/8, $0x0000000300000002
DATA ·places+16(SB)/8, $0x0000000500000004
DATA ·places+24(SB)/8, $0x0000000700000006
DATA ·places+32(SB)/8, $0x0000000900000008
DATA ·places+40(SB)/8, $0x0000000b0000000a
DATA ·places+48(SB)/8, $0x0000000d0000000c
DATA ·places+56(SB)/8, $0x0000000f0000000e
GLOBL ·places(SB), RODATA|NOPTR, $64

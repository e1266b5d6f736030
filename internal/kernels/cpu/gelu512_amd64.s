#include "textflag.h"
#include "exp512_amd64.h"
#include "masks512_amd64.h"

// func geluAVX512(dst, x []float32)
//
// What geluAVX2 computes, step by step, sixteen numbers at a time; ·tails is
// explained there.
//
//	for i, v := range x[:len(dst)] {
//		a := |min(v, 15)|
//		m := min(a, 15)
//		dst[i] = max(v, 0) - a*Φ(-m)
//	}
TEXT ·geluAVX512(SB), NOSPLIT, $0-48
	MOVQ         dst_base+0(FP), DI
	MOVQ         dst_len+8(FP), CX
	MOVQ         x_base+24(FP), SI
	LEAQ         ·tails(SB), R9
	EXPS()
	VBROADCASTSS (R9), Z9
	VBROADCASTSS 32(R9), Z10
	VBROADCASTSS 64(R9), Z11
	VBROADCASTSS 128(R9), Z12
	VBROADCASTSS 160(R9), Z13
	VPXORQ       Z14, Z14, Z14
	KXNORW       K1, K1, K1
	SUBQ         $16, CX
	JLT          rest

loop:
	VMOVUPS.Z (SI), K1, Z1
	VMINPS    Z1, Z9, Z2
	VANDPS    Z10, Z2, Z2 // a
	VMINPS    Z2, Z9, Z3  // m

	// t, and in Z6 its relative error
	VMOVAPS      Z3, Z4
	VFMADD213PS  Z27, Z11, Z4 // 1 + m/4
	VSUBPS       Z27, Z4, Z8
	VFMSUB231PS  Z11, Z3, Z8
	VDIVPS       Z4, Z27, Z5
	VMOVAPS      Z27, Z6
	VFNMADD231PS Z4, Z5, Z6

	// Z8 becomes what 1 + m/4 lost: m/4 - ((1 + m/4) - 1)
	VFNMADD231PS Z8, Z5, Z6

	// -m²/2, and in Z7 what it lost
	VMULPS      Z3, Z3, Z0
	VMOVAPS     Z3, Z7
	VFMSUB213PS Z0, Z3, Z7
	VMULPS      Z12, Z0, Z0
	VMULPS      Z5, Z2, Z2  // a t
	VMOVAPS     Z12, Z8
	VFMADD213PS Z6, Z7, Z8
	VFMADD213PS Z2, Z2, Z8  // and all that was lost

	// the polynomial
	VSUBPS           Z26, Z5, Z4
	VFMADD213PS      Z4, Z5, Z6 // r
	VMOVAPS          Z13, Z5
	VFMADD213PS.BCST 192(R9), Z6, Z5
	VFMADD213PS.BCST 224(R9), Z6, Z5
	VFMADD213PS.BCST 256(R9), Z6, Z5
	VFMADD213PS.BCST 288(R9), Z6, Z5
	VFMADD213PS.BCST 320(R9), Z6, Z5
	VFMADD213PS.BCST 352(R9), Z6, Z5
	VFMADD213PS.BCST 384(R9), Z6, Z5
	VFMADD213PS.BCST 416(R9), Z6, Z5
	VFMADD213PS.BCST 448(R9), Z6, Z5
	VMULPS           Z8, Z5, Z5

	EXP512(Z0, Z2, Z3, Z4)
	VMULPS  Z0, Z5, Z5
	VMAXPS  Z1, Z14, Z4
	VSUBPS  Z5, Z4, Z4
	VMOVUPS Z4, K1, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DI
	SUBQ    $16, CX
	JGE     loop

rest:
	ADDQ $16, CX
	JLE  done
	FIRST(K1)
	XORL CX, CX
	JMP  loop

done:
	VZEROUPPER
	RET

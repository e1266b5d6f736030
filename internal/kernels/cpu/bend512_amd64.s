#include "textflag.h"
#include "exp512_amd64.h"
#include "masks512_amd64.h"

// func bendAVX512(dst, x []float32, in, out float32)
//
// What bendAVX2 computes, sixteen numbers at a time; ·bends is explained there.
//
//	for i, v := range x[:len(dst)] {
//		y := in * v
//		tanh := 1 - 2/(exp(2*|y|)+1), with the sign of y
//		dst[i] = out * tanh
//	}
TEXT ·bendAVX512(SB), NOSPLIT, $0-56
	MOVQ         dst_base+0(FP), DI
	MOVQ         dst_len+8(FP), CX
	MOVQ         x_base+24(FP), SI
	VBROADCASTSS in+48(FP), Z8
	VBROADCASTSS out+52(FP), Z9
	VMULPS       Z8, Z9, Z7
	EXPS()
	LEAQ         ·bends(SB), R9
	VBROADCASTSS (R9), Z10
	VBROADCASTSS 32(R9), Z11
	VBROADCASTSS 64(R9), Z12
	VBROADCASTSS 96(R9), Z13
	KXNORW       K1, K1, K1
	SUBQ         $16, CX
	JLT          rest

loop:
	VMOVUPS.Z (SI), K1, Z14
	VMULPS    Z14, Z8, Z1  // y
	VANDPS    Z1, Z10, Z2  // |y|
	VANDNPS   Z1, Z10, Z3  // its sign
	VCMPPS    $1, Z11, Z2, K2 // |y| < 0.625
	VADDPS    Z2, Z2, Z0
	EXP512(Z0, Z4, Z5, Z6)
	VADDPS    Z27, Z0, Z0
	VDIVPS    Z0, Z12, Z0
	VSUBPS    Z0, Z27, Z0
	VORPS     Z3, Z0, Z0
	VMULPS    Z0, Z9, Z0

	VMULPS           Z1, Z1, Z3
	VMOVAPS          Z13, Z4
	VFMADD213PS.BCST 128(R9), Z3, Z4
	VFMADD213PS.BCST 160(R9), Z3, Z4
	VFMADD213PS.BCST 192(R9), Z3, Z4
	VFMADD213PS.BCST 224(R9), Z3, Z4
	VMULPS           Z3, Z4, Z4
	VMULPS           Z14, Z7, Z3
	VFMADD213PS      Z3, Z3, Z4

	VMOVAPS Z4, K2, Z0
	VMOVUPS Z0, K1, (DI)
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

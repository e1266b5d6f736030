#include "textflag.h"
#include "masks512_amd64.h"

// SUM leaves the sum over the lanes of Z0 to Z3 in X0.
#define SUM() \
	VADDPD        Z1, Z0, Z0     \
	VADDPD        Z3, Z2, Z2     \
	VADDPD        Z2, Z0, Z0     \
	VEXTRACTF64X4 $1, Z0, Y1     \
	VADDPD        Y1, Y0, Y0     \
	VEXTRACTF128  $1, Y0, X1     \
	VADDPD        X1, X0, X0     \
	VHADDPD       X0, X0, X0

// func totalAVX512(x []float32) float64
//
//	for _, v := range x {
//		sum += float64(v)
//	}
TEXT ·totalAVX512(SB), NOSPLIT, $0-32
	MOVQ   x_base+0(FP), SI
	MOVQ   x_len+8(FP), CX
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3
	SUBQ   $32, CX
	JLT    rest

loop:
	VCVTPS2PD (SI), Z4
	VCVTPS2PD 32(SI), Z5
	VCVTPS2PD 64(SI), Z6
	VCVTPS2PD 96(SI), Z7
	VADDPD    Z4, Z0, Z0
	VADDPD    Z5, Z1, Z1
	VADDPD    Z6, Z2, Z2
	VADDPD    Z7, Z3, Z3
	ADDQ      $128, SI
	SUBQ      $32, CX
	JGE       loop

rest:
	ADDQ   $32, CX
	JLE    done
	KXNORW K1, K1, K1

eights:
	CMPQ CX, $8
	JGE  whole
	FIRST(K1)

whole:
	VCVTPS2PD.Z (SI), K1, Z4
	VADDPD      Z4, Z0, Z0
	ADDQ        $32, SI
	SUBQ        $8, CX
	JGT         eights

done:
	SUM()
	VMOVSD X0, ret+24(FP)
	VZEROUPPER
	RET

// func squaresAVX512(x []float32, mean float64) float64
//
//	for _, v := range x {
//		sum += (float64(v) - mean) * (float64(v) - mean)
//	}
TEXT ·squaresAVX512(SB), NOSPLIT, $0-40
	MOVQ         x_base+0(FP), SI
	MOVQ         x_len+8(FP), CX
	VBROADCASTSD mean+24(FP), Z8
	VPXORQ       Z0, Z0, Z0
	VPXORQ       Z1, Z1, Z1
	VPXORQ       Z2, Z2, Z2
	VPXORQ       Z3, Z3, Z3
	SUBQ         $32, CX
	JLT          rest

loop:
	VCVTPS2PD   (SI), Z4
	VCVTPS2PD   32(SI), Z5
	VCVTPS2PD   64(SI), Z6
	VCVTPS2PD   96(SI), Z7
	VSUBPD      Z8, Z4, Z4
	VSUBPD      Z8, Z5, Z5
	VSUBPD      Z8, Z6, Z6
	VSUBPD      Z8, Z7, Z7
	VFMADD231PD Z4, Z4, Z0
	VFMADD231PD Z5, Z5, Z1
	VFMADD231PD Z6, Z6, Z2
	VFMADD231PD Z7, Z7, Z3
	ADDQ        $128, SI
	SUBQ        $32, CX
	JGE         loop

rest:
	ADDQ   $32, CX
	JLE    done
	KXNORW K1, K1, K1

eights:
	CMPQ CX, $8
	JGE  whole
	FIRST(K1)

whole:
	VCVTPS2PD.Z (SI), K1, Z4
	VSUBPD.Z    Z8, Z4, K1, Z4
	VFMADD231PD Z4, Z4, Z0
	ADDQ        $32, SI
	SUBQ        $8, CX
	JGT         eights

done:
	SUM()
	VMOVSD X0, ret+32(FP)
	VZEROUPPER
	RET

// func standardAVX512(dst, x []float32, mean, factor float64)
//
//	for i := range dst {
//		dst[i] = float32((float64(x[i]) - mean) * factor)
//	}
TEXT ·standardAVX512(SB), NOSPLIT, $0-64
	MOVQ         dst_base+0(FP), DI
	MOVQ         dst_len+8(FP), CX
	MOVQ         x_base+24(FP), SI
	VBROADCASTSD mean+48(FP), Z8
	VBROADCASTSD factor+56(FP), Z9
	SUBQ         $16, CX
	JLT          rest

loop:
	VCVTPS2PD (SI), Z0
	VCVTPS2PD 32(SI), Z1
	VSUBPD    Z8, Z0, Z0
	VSUBPD    Z8, Z1, Z1
	VMULPD    Z9, Z0, Z0
	VMULPD    Z9, Z1, Z1
	VCVTPD2PS Z0, Y0
	VCVTPD2PS Z1, Y1
	VMOVUPS   Y0, (DI)
	VMOVUPS   Y1, 32(DI)
	ADDQ      $64, SI
	ADDQ      $64, DI
	SUBQ      $16, CX
	JGE       loop

rest:
	ADDQ   $16, CX
	JLE    done
	KXNORW K1, K1, K1

eights:
	CMPQ CX, $8
	JGE  whole
	FIRST(K1)

whole:
	VCVTPS2PD.Z (SI), K1, Z0
	VSUBPD      Z8, Z0, Z0
	VMULPD      Z9, Z0, Z0
	VCVTPD2PS   Z0, Y0
	VMOVUPS     Y0, K1, (DI)
	ADDQ        $32, SI
	ADDQ        $32, DI
	SUBQ        $8, CX
	JGT         eights

done:
	VZEROUPPER
	RET

#include "textflag.h"
#include "exp512_amd64.h"
#include "masks512_amd64.h"

// func largestAVX512(x []float32) float32
//
//	top := -Inf
//	for _, v := range x {
//		top = max(top, v) // NaN if any is
//	}
//	return top
TEXT ·largestAVX512(SB), NOSPLIT, $0-28
	MOVQ         x_base+0(FP), SI
	MOVQ         x_len+8(FP), CX
	MOVL         $0xff800000, AX
	VPBROADCASTD AX, Z0
	VMOVAPS      Z0, Z1
	VMOVAPS      Z0, Z4
	KXORW        K0, K0, K0
	SUBQ         $32, CX
	JLT          rest

	// MAX forgets a NaN; whether there was one is kept beside it: two numbers have
	// no order if either is one.
loop:
	VMOVUPS (SI), Z2
	VMOVUPS 64(SI), Z3
	VMAXPS  Z2, Z0, Z0
	VMAXPS  Z3, Z1, Z1
	VCMPPS  $3, Z2, Z3, K2
	KORW    K2, K0, K0
	ADDQ    $128, SI
	SUBQ    $32, CX
	JGE     loop

rest:
	ADDQ    $32, CX
	JZ      done
	CMPQ    CX, $16
	JLT     last
	VMOVUPS (SI), Z2
	VMAXPS  Z2, Z0, Z0
	VCMPPS  $3, Z2, Z2, K2
	KORW    K2, K0, K0
	ADDQ    $64, SI
	SUBQ    $16, CX
	JZ      done

last:
	FIRST(K1)
	VMOVUPS (SI), K1, Z4 // -Inf in the other lanes
	VMAXPS  Z4, Z1, Z1
	VCMPPS  $3, Z4, Z4, K2
	KORW    K2, K0, K0

done:
	VMAXPS        Z1, Z0, Z0
	VEXTRACTF64X4 $1, Z0, Y1
	VMAXPS        Y1, Y0, Y0
	VEXTRACTF128  $1, Y0, X1
	VMAXPS        X1, X0, X0
	VPERMILPS     $0x0e, X0, X1
	VMAXPS        X1, X0, X0
	VPERMILPS     $0x01, X0, X1
	VMAXPS        X1, X0, X0
	KORTESTW      K0, K0
	JZ            store
	VPCMPEQD      X0, X0, X0 // all bits set are a NaN

store:
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET

// func expsAVX512(dst, x []float32, top float32) float64
//
//	sum := 0.0
//	for i, v := range x[:len(dst)] {
//		dst[i] = exp(v - top)
//		sum += float64(dst[i])
//	}
//	return sum
TEXT ·expsAVX512(SB), NOSPLIT, $0-64
	MOVQ         dst_base+0(FP), DI
	MOVQ         dst_len+8(FP), CX
	MOVQ         x_base+24(FP), SI
	VBROADCASTSS top+48(FP), Z8
	EXPS()
	KXNORW       K1, K1, K1
	KXNORW       K2, K2, K2
	VPXORQ       Z6, Z6, Z6
	VPXORQ       Z7, Z7, Z7
	SUBQ         $16, CX
	JLT          rest

loop:
	VMOVUPS.Z     (SI), K1, Z0
	VSUBPS        Z8, Z0, Z0
	EXP512(Z0, Z1, Z2, Z3)
	VMOVUPS       Z0, K1, (DI)
	VEXTRACTF64X4 $1, Z0, Y1
	VCVTPS2PD.Z   Y0, K1, Z2
	VCVTPS2PD.Z   Y1, K2, Z3
	VADDPD        Z2, Z6, Z6
	VADDPD        Z3, Z7, Z7
	ADDQ          $64, SI
	ADDQ          $64, DI
	SUBQ          $16, CX
	JGE           loop

rest:
	ADDQ     $16, CX
	JLE      done
	FIRST(K1)
	KSHIFTRW $8, K1, K2
	XORL     CX, CX
	JMP      loop

done:
	VADDPD        Z7, Z6, Z6
	VEXTRACTF64X4 $1, Z6, Y7
	VADDPD        Y7, Y6, Y6
	VEXTRACTF128  $1, Y6, X7
	VADDPD        X7, X6, X6
	VHADDPD       X6, X6, X6
	VMOVSD        X6, ret+56(FP)
	VZEROUPPER
	RET

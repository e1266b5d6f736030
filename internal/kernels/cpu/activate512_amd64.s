#include "textflag.h"
#include "exp512_amd64.h"
#include "masks512_amd64.h"

// func siluAVX512(dst, x []float32)
//
//	for i, v := range x[:len(dst)] {
//		dst[i] = v / (1 + exp(-v))
//	}
TEXT ·siluAVX512(SB), NOSPLIT, $0-48
	MOVQ   dst_base+0(FP), DI
	MOVQ   dst_len+8(FP), CX
	MOVQ   x_base+24(FP), SI
	EXPS()
	VPXORQ Z9, Z9, Z9
	KXNORW K1, K1, K1
	SUBQ   $16, CX
	JLT    rest

loop:
	VMOVUPS.Z (SI), K1, Z4
	VSUBPS    Z4, Z9, Z0
	EXP512(Z0, Z1, Z2, Z3)
	VADDPS    Z27, Z0, Z0
	VDIVPS    Z0, Z4, Z0
	VMOVUPS   Z0, K1, (DI)
	ADDQ      $64, SI
	ADDQ      $64, DI
	SUBQ      $16, CX
	JGE       loop

rest:
	ADDQ $16, CX
	JLE  done
	FIRST(K1)
	XORL CX, CX
	JMP  loop

done:
	VZEROUPPER
	RET

// func geluTanhAVX512(dst, x []float32)
//
// 0.5 (1 + tanh(u)) is 1 / (1 + exp(-2u)).
//
//	for i, v := range x[:len(dst)] {
//		u := sqrt(2/pi) * (v + 0.044715*v*v*v)
//		dst[i] = v / (1 + exp(-2*u))
//	}
TEXT ·geluTanhAVX512(SB), NOSPLIT, $0-48
	MOVQ         dst_base+0(FP), DI
	MOVQ         dst_len+8(FP), CX
	MOVQ         x_base+24(FP), SI
	EXPS()
	VBROADCASTSS ·exponential+416(SB), Z29
	VBROADCASTSS ·exponential+448(SB), Z30
	KXNORW       K1, K1, K1
	SUBQ         $16, CX
	JLT          rest

loop:
	VMOVUPS.Z   (SI), K1, Z4
	VMULPS      Z4, Z4, Z0
	VFMADD213PS Z29, Z30, Z0
	VMULPS      Z4, Z0, Z0
	EXP512(Z0, Z1, Z2, Z3)
	VADDPS      Z27, Z0, Z0
	VDIVPS      Z0, Z4, Z0
	VMOVUPS     Z0, K1, (DI)
	ADDQ        $64, SI
	ADDQ        $64, DI
	SUBQ        $16, CX
	JGE         loop

rest:
	ADDQ $16, CX
	JLE  done
	FIRST(K1)
	XORL CX, CX
	JMP  loop

done:
	VZEROUPPER
	RET

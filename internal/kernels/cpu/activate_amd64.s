#include "textflag.h"
#include "exp_amd64.h"

// func siluAVX2(dst, x []float32)
//
// len(dst) is a multiple of 8.
//
//	for i, v := range x[:len(dst)] {
//		dst[i] = v / (1 + exp(-v))
//	}
TEXT ·siluAVX2(SB), NOSPLIT, $0-48
	MOVQ   dst_base+0(FP), DI
	MOVQ   dst_len+8(FP), CX
	MOVQ   x_base+24(FP), SI
	LEAQ   ·exponential(SB), R8
	VXORPS Y9, Y9, Y9
	SHRQ   $3, CX
	JZ     done

loop:
	VMOVUPS (SI), Y1
	VSUBPS  Y1, Y9, Y0
	EXP(Y0)
	VADDPS  352(R8), Y0, Y0
	VDIVPS  Y0, Y1, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	DECQ    CX
	JNZ     loop

done:
	VZEROUPPER
	RET

// func geluTanhAVX2(dst, x []float32)
//
// len(dst) is a multiple of 8. 0.5 (1 + tanh(u)) is 1 / (1 + exp(-2u)).
//
//	for i, v := range x[:len(dst)] {
//		u := sqrt(2/pi) * (v + 0.044715*v*v*v)
//		dst[i] = v / (1 + exp(-2*u))
//	}
TEXT ·geluTanhAVX2(SB), NOSPLIT, $0-48
	MOVQ    dst_base+0(FP), DI
	MOVQ    dst_len+8(FP), CX
	MOVQ    x_base+24(FP), SI
	LEAQ    ·exponential(SB), R8
	VMOVUPS 416(R8), Y9
	VMOVUPS 448(R8), Y10
	SHRQ    $3, CX
	JZ      done

loop:
	VMOVUPS     (SI), Y1
	VMULPS      Y1, Y1, Y0
	VFMADD213PS Y9, Y10, Y0
	VMULPS      Y1, Y0, Y0
	EXP(Y0)
	VADDPS      352(R8), Y0, Y0
	VDIVPS      Y0, Y1, Y0
	VMOVUPS     Y0, (DI)
	ADDQ        $32, SI
	ADDQ        $32, DI
	DECQ        CX
	JNZ         loop

done:
	VZEROUPPER
	RET

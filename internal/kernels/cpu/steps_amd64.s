#include "textflag.h"

// func stepsAVX2(dst []float32, q []byte, scales, minima []float32)
//
// len(dst) is a multiple of 16.
//
//	for i := range dst {
//		dst[i] = float32(scales[i/16]*float32(int8(q[i]))) - minima[i/16]
//	}
TEXT ·stepsAVX2(SB), NOSPLIT, $0-96
	MOVQ dst_base+0(FP), DI
	MOVQ dst_len+8(FP), CX
	MOVQ q_base+24(FP), SI
	MOVQ scales_base+48(FP), R8
	MOVQ minima_base+72(FP), R9
	SHRQ $4, CX
	JZ   done

loop:
	VBROADCASTSS (R8), Y2
	VBROADCASTSS (R9), Y3
	VPMOVSXBD    (SI), Y0
	VPMOVSXBD    8(SI), Y1
	VCVTDQ2PS    Y0, Y0
	VCVTDQ2PS    Y1, Y1
	VMULPS       Y2, Y0, Y0
	VMULPS       Y2, Y1, Y1
	VSUBPS       Y3, Y0, Y0
	VSUBPS       Y3, Y1, Y1
	VMOVUPS      Y0, (DI)
	VMOVUPS      Y1, 32(DI)
	ADDQ         $4, R8
	ADDQ         $4, R9
	ADDQ         $16, SI
	ADDQ         $64, DI
	DECQ         CX
	JNZ          loop

done:
	VZEROUPPER
	RET

// func lookUpAVX2(dst, src []byte, table *[16]int8)
//
//	for j, q := range src[:16] {
//		dst[j], dst[j+16] = byte(table[q&15]), byte(table[q>>4])
//	}
TEXT ·lookUpAVX2(SB), NOSPLIT, $0-56
	MOVQ     dst_base+0(FP), DI
	MOVQ     src_base+24(FP), SI
	MOVQ     table+48(FP), R8
	VMOVDQU  (R8), X0
	VMOVDQU  (SI), X1
	VPCMPEQB X2, X2, X2
	VPSRLW   $4, X1, X3
	VPABSB   X2, X2       // ones
	VPSLLW   $4, X2, X4
	VPSUBB   X2, X4, X4   // fifteens
	VPAND    X4, X1, X1
	VPAND    X4, X3, X3
	VPSHUFB  X1, X0, X1
	VPSHUFB  X3, X0, X3
	VMOVDQU  X1, (DI)
	VMOVDQU  X3, 16(DI)
	RET

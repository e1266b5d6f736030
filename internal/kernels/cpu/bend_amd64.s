#include "textflag.h"
#include "exp_amd64.h"

// What bendAVX2 reads, each number eight times over.
// everything but the sign
DATA ·bends+0(SB)/8, $0x7fffffff7fffffff
DATA ·bends+8(SB)/8, $0x7fffffff7fffffff
DATA ·bends+16(SB)/8, $0x7fffffff7fffffff
DATA ·bends+24(SB)/8, $0x7fffffff7fffffff
// 0.625, below which the polynomial is better
DATA ·bends+32(SB)/8, $0x3f2000003f200000
DATA ·bends+40(SB)/8, $0x3f2000003f200000
DATA ·bends+48(SB)/8, $0x3f2000003f200000
DATA ·bends+56(SB)/8, $0x3f2000003f200000
// 2
DATA ·bends+64(SB)/8, $0x4000000040000000
DATA ·bends+72(SB)/8, $0x4000000040000000
DATA ·bends+80(SB)/8, $0x4000000040000000
DATA ·bends+88(SB)/8, $0x4000000040000000
// c5 to c1
DATA ·bends+96(SB)/8, $0xbbbaf0eabbbaf0ea
DATA ·bends+104(SB)/8, $0xbbbaf0eabbbaf0ea
DATA ·bends+112(SB)/8, $0xbbbaf0eabbbaf0ea
DATA ·bends+120(SB)/8, $0xbbbaf0eabbbaf0ea
DATA ·bends+128(SB)/8, $0x3ca9134e3ca9134e
DATA ·bends+136(SB)/8, $0x3ca9134e3ca9134e
DATA ·bends+144(SB)/8, $0x3ca9134e3ca9134e
DATA ·bends+152(SB)/8, $0x3ca9134e3ca9134e
DATA ·bends+160(SB)/8, $0xbd5c1e2dbd5c1e2d
DATA ·bends+168(SB)/8, $0xbd5c1e2dbd5c1e2d
DATA ·bends+176(SB)/8, $0xbd5c1e2dbd5c1e2d
DATA ·bends+184(SB)/8, $0xbd5c1e2dbd5c1e2d
DATA ·bends+192(SB)/8, $0x3e0883933e088393
DATA ·bends+200(SB)/8, $0x3e0883933e088393
DATA ·bends+208(SB)/8, $0x3e0883933e088393
DATA ·bends+216(SB)/8, $0x3e0883933e088393
DATA ·bends+224(SB)/8, $0xbeaaaa99beaaaa99
DATA ·bends+232(SB)/8, $0xbeaaaa99beaaaa99
DATA ·bends+240(SB)/8, $0xbeaaaa99beaaaa99
DATA ·bends+248(SB)/8, $0xbeaaaa99beaaaa99
GLOBL ·bends(SB), RODATA|NOPTR, $256

// func bendAVX2(dst, x []float32, in, out float32)
//
// len(dst) is a multiple of 8. Where 1 and exp would cancel, tanh is
//
//	y + y^3 (c1 + c2 y² + ... + c5 y^8), |y| < 0.625
//
// and out y is (in out) x, for in x may be denormal where that is not. The
// coefficients are those of Cephes' tanhf (Moshier 1989). The largest error is 1.4
// units in the last place where in and out are 1, and at most 3.1 with their
// roundings (TestBend).
//
//	for i, v := range x[:len(dst)] {
//		y := in * v
//		tanh := 1 - 2/(exp(2*|y|)+1), with the sign of y
//		dst[i] = out * tanh
//	}
TEXT ·bendAVX2(SB), NOSPLIT, $0-56
	MOVQ         dst_base+0(FP), DI
	MOVQ         dst_len+8(FP), CX
	MOVQ         x_base+24(FP), SI
	VBROADCASTSS in+48(FP), Y8
	VBROADCASTSS out+52(FP), Y9
	VMULPS       Y8, Y9, Y7
	LEAQ         ·exponential(SB), R8
	LEAQ         ·bends(SB), R9
	VMOVUPS      (R9), Y10
	VMOVUPS      352(R8), Y11
	SHRQ         $3, CX
	JZ           done

loop:
	VMULPS   (SI), Y8, Y1   // y
	VANDPS   Y1, Y10, Y2    // |y|
	VANDNPS  Y1, Y10, Y3    // its sign
	VADDPS   Y2, Y2, Y0
	EXP(Y0)
	VADDPS   Y11, Y0, Y0
	VMOVUPS  64(R9), Y4
	VDIVPS   Y0, Y4, Y0
	VSUBPS   Y0, Y11, Y0
	VORPS    Y3, Y0, Y0
	VMULPS   Y0, Y9, Y0

	VMULPS      Y1, Y1, Y3
	VMOVUPS     96(R9), Y4
	VFMADD213PS 128(R9), Y3, Y4
	VFMADD213PS 160(R9), Y3, Y4
	VFMADD213PS 192(R9), Y3, Y4
	VFMADD213PS 224(R9), Y3, Y4
	VMULPS      Y3, Y4, Y4
	VMULPS      (SI), Y7, Y3
	VFMADD213PS Y3, Y3, Y4

	VCMPPS    $1, 32(R9), Y2, Y2 // |y| < 0.625
	VBLENDVPS Y2, Y4, Y0, Y0
	VMOVUPS   Y0, (DI)
	ADDQ      $32, SI
	ADDQ      $32, DI
	DECQ      CX
	JNZ       loop

done:
	VZEROUPPER
	RET

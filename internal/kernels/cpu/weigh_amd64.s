#include "textflag.h"
#include "power_amd64.h"

// WEIGH makes weights of eight scores of a row, relative to Y13, and adds them up.
#define WEIGH(at, x, n, p) \
	VMOVUPS     at(SI), x   \
	VSUBPS      Y13, x, x   \
	POWER(x, n, p)          \
	VMOVUPS     p, at(SI)   \
	VADDPS      p, Y10, Y10 \
	VFMADD231PS p, x, Y11

// Four rows' weights are made at once, an instruction of each in turn: one of them
// alone would wait for itself at every step. Y0 to Y3 become 2^x, Y4 to Y7 are what
// of x lies behind the point, Y8, Y9, Y12 and Y14 what before.
#define SCORES(at, x) \
	VMOVUPS at(SI), x \
	VSUBPS  Y13, x, x

#define SPLIT(x, r, n) \
	VMAXPS   x, Y15, x \
	VROUNDPS $1, x, n  \
	VSUBPS   n, x, r

#define HORNER(c) \
	VMOVUPS     c(R8), Y15  \
	VFMADD213PS Y15, Y4, Y0 \
	VFMADD213PS Y15, Y5, Y1 \
	VFMADD213PS Y15, Y6, Y2 \
	VFMADD213PS Y15, Y7, Y3

// EXPONENT makes 2^n of n, and x of n and r once more.
#define EXPONENT(r, n) \
	VADDPS    n, r, r   \
	VCVTPS2DQ n, n      \
	VPADDD    Y15, n, n \
	VPSLLD    $23, n, n

#define KEEP(at, p, x) \
	VMOVUPS     p, at(SI)   \
	VADDPS      p, Y10, Y10 \
	VFMADD231PS p, x, Y11

// func weighAVX2(s, top, sum, tilt []float32, keys int)
//
// s is [keys, 16].
//
//	for l := range 16 {
//		sum[l], tilt[l] = 0, 0
//		for j := range keys {
//			x := max(-127, s[j*16+l] - top[l])
//			s[j*16+l] = 2^x
//			sum[l], tilt[l] = sum[l] + 2^x, tilt[l] + 2^x * x
//		}
//	}
TEXT ·weighAVX2(SB), NOSPLIT, $0-104
	MOVQ    s_base+0(FP), R9
	MOVQ    top_base+24(FP), DI
	MOVQ    sum_base+48(FP), DX
	MOVQ    tilt_base+72(FP), BX
	LEAQ    ·powers8(SB), R8
	VMOVUPS 192(R8), Y15
	MOVQ    $2, R10

half:
	MOVQ    R9, SI
	MOVQ    keys+96(FP), CX
	VMOVUPS (DI), Y13
	VXORPS  Y10, Y10, Y10
	VXORPS  Y11, Y11, Y11
	SUBQ    $4, CX
	JLT     rest

loop:
	SCORES(0, Y0)
	SCORES(64, Y1)
	SCORES(128, Y2)
	SCORES(192, Y3)
	SPLIT(Y0, Y4, Y8)
	SPLIT(Y1, Y5, Y9)
	SPLIT(Y2, Y6, Y12)
	SPLIT(Y3, Y7, Y14)
	VMOVUPS 160(R8), Y0
	VMOVUPS Y0, Y1
	VMOVUPS Y0, Y2
	VMOVUPS Y0, Y3
	HORNER(128)
	HORNER(96)
	HORNER(64)
	HORNER(32)
	HORNER(0)
	VMOVUPS 224(R8), Y15
	EXPONENT(Y4, Y8)
	EXPONENT(Y5, Y9)
	EXPONENT(Y6, Y12)
	EXPONENT(Y7, Y14)
	VMULPS  Y8, Y0, Y0
	VMULPS  Y9, Y1, Y1
	VMULPS  Y12, Y2, Y2
	VMULPS  Y14, Y3, Y3
	KEEP(0, Y0, Y4)
	KEEP(64, Y1, Y5)
	KEEP(128, Y2, Y6)
	KEEP(192, Y3, Y7)
	VMOVUPS 192(R8), Y15
	ADDQ    $256, SI
	SUBQ    $4, CX
	JGE     loop

rest:
	ADDQ $4, CX
	JZ   sums

one:
	WEIGH(0, Y0, Y4, Y8)
	ADDQ $64, SI
	DECQ CX
	JNZ  one

sums:
	VMOVUPS Y10, (DX)
	VMOVUPS Y11, (BX)
	ADDQ    $32, R9
	ADDQ    $32, DI
	ADDQ    $32, DX
	ADDQ    $32, BX
	DECQ    R10
	JNZ     half
	VZEROUPPER
	RET

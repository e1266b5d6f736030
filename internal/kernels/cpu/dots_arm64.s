#include "textflag.h"

// SUM stores the sum over the lanes of s.
#define SUM(s, f, to) \
	VEXT  $8, s.B16, s.B16, V16.B16 \
	VFMLA V31.S4, V16.S4, s.S4      \
	VEXT  $4, s.B16, s.B16, V16.B16 \
	VFMLA V31.S4, V16.S4, s.S4      \
	FMOVS f, to(R0)

// FOUR takes three rows of x, in V12 to V14, times four of w, in V15 to V18.
#define FOUR \
	VFMLA V15.S4, V12.S4, V0.S4  \
	VFMLA V16.S4, V12.S4, V1.S4  \
	VFMLA V17.S4, V12.S4, V2.S4  \
	VFMLA V18.S4, V12.S4, V3.S4  \
	VFMLA V15.S4, V13.S4, V4.S4  \
	VFMLA V16.S4, V13.S4, V5.S4  \
	VFMLA V17.S4, V13.S4, V6.S4  \
	VFMLA V18.S4, V13.S4, V7.S4  \
	VFMLA V15.S4, V14.S4, V8.S4  \
	VFMLA V16.S4, V14.S4, V9.S4  \
	VFMLA V17.S4, V14.S4, V10.S4 \
	VFMLA V18.S4, V14.S4, V11.S4

// func dotsNEON(dst, x, w []float32, ldx, ldw, n, rows int)
//
// rows is 1 or 3.
//
//	for r := range rows {
//		for c := range 4 {
//			var lanes [4]float32
//			for p := range n {
//				l := p % 4
//				if p >= n/4*4 {
//					l = 0
//				}
//				lanes[l] = fma(x[r*ldx+p], w[c*ldw+p], lanes[l])
//			}
//			dst[4*r+c] = (lanes[0] + lanes[2]) + (lanes[1] + lanes[3])
//		}
//	}
TEXT ·dotsNEON(SB), NOSPLIT, $0-104
	MOVD dst_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD w_base+48(FP), R4
	MOVD ldx+72(FP), R8
	MOVD ldw+80(FP), R9
	MOVD n+88(FP), R10
	MOVD rows+96(FP), R11
	LSL  $2, R8
	LSL  $2, R9

	// One row is three times the same, of which one is stored.
	CMP  $1, R11
	CSEL EQ, ZR, R8, R8
	ADD  R8, R1, R2
	ADD  R8, R2, R3
	ADD  R9, R4, R5
	ADD  R9, R5, R6
	ADD  R9, R6, R7
	AND  $3, R10, R12
	LSR  $2, R10

	VEOR  V0.B16, V0.B16, V0.B16
	VEOR  V1.B16, V1.B16, V1.B16
	VEOR  V2.B16, V2.B16, V2.B16
	VEOR  V3.B16, V3.B16, V3.B16
	VEOR  V4.B16, V4.B16, V4.B16
	VEOR  V5.B16, V5.B16, V5.B16
	VEOR  V6.B16, V6.B16, V6.B16
	VEOR  V7.B16, V7.B16, V7.B16
	VEOR  V8.B16, V8.B16, V8.B16
	VEOR  V9.B16, V9.B16, V9.B16
	VEOR  V10.B16, V10.B16, V10.B16
	VEOR  V11.B16, V11.B16, V11.B16
	FMOVS $1.0, F31
	VDUP  V31.S[0], V31.S4
	CBZ   R10, tail

loop:
	VLD1.P 16(R1), [V12.S4]
	VLD1.P 16(R2), [V13.S4]
	VLD1.P 16(R3), [V14.S4]
	VLD1.P 16(R4), [V15.S4]
	VLD1.P 16(R5), [V16.S4]
	VLD1.P 16(R6), [V17.S4]
	VLD1.P 16(R7), [V18.S4]
	FOUR
	SUBS   $1, R10
	BNE    loop

	// A scalar load leaves zeros in the other lanes.
tail:
	CBZ     R12, sums
	FMOVS.P 4(R1), F12
	FMOVS.P 4(R2), F13
	FMOVS.P 4(R3), F14
	FMOVS.P 4(R4), F15
	FMOVS.P 4(R5), F16
	FMOVS.P 4(R6), F17
	FMOVS.P 4(R7), F18
	FOUR
	SUB     $1, R12
	B       tail

sums:
	SUM(V0, F0, 0)
	SUM(V1, F1, 4)
	SUM(V2, F2, 8)
	SUM(V3, F3, 12)
	CMP $1, R11
	BEQ done
	SUM(V4, F4, 16)
	SUM(V5, F5, 20)
	SUM(V6, F6, 24)
	SUM(V7, F7, 28)
	SUM(V8, F8, 32)
	SUM(V9, F9, 36)
	SUM(V10, F10, 40)
	SUM(V11, F11, 44)

done:
	RET

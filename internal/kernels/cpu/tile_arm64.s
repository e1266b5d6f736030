#include "textflag.h"

// ROW takes a[r, p], at ptr, times b[p, 0:16] to one row of sums.
#define ROW(ptr, x, s0, s1, s2, s3) \
	VLD1R.P 4(ptr), [x.S4]        \
	VFMLA   x.S4, V24.S4, s0.S4   \
	VFMLA   x.S4, V25.S4, s1.S4   \
	VFMLA   x.S4, V26.S4, s2.S4   \
	VFMLA   x.S4, V27.S4, s3.S4

// SET makes one row of sums one of c and goes to the next.
#define SET(s0, s1, s2, s3) \
	VST1 [s0.S4, s1.S4, s2.S4, s3.S4], (R0) \
	ADD  R8, R0                             \
	SUBS $1, R11                            \
	BEQ  done

// ADDTO adds what c has before: the sums, as one times each, to it.
#define ADDTO(s0, s1, s2, s3) \
	VLD1  (R0), [V24.S4, V25.S4, V26.S4, V27.S4] \
	VFMLA V30.S4, s0.S4, V24.S4                  \
	VFMLA V30.S4, s1.S4, V25.S4                  \
	VFMLA V30.S4, s2.S4, V26.S4                  \
	VFMLA V30.S4, s3.S4, V27.S4                  \
	SET(V24, V25, V26, V27)

#define ZERO(s0, s1, s2, s3) \
	VEOR s0.B16, s0.B16, s0.B16 \
	VEOR s1.B16, s1.B16, s1.B16 \
	VEOR s2.B16, s2.B16, s2.B16 \
	VEOR s3.B16, s3.B16, s3.B16

// func tileNEON(c, a, b []float32, ldc, lda, k, rows int, add bool)
//
//	for r := range rows {
//		for j := range 16 {
//			sum := float32(0)
//			for p := range k {
//				sum = fma(a[r*lda+p], b[p*16+j], sum)
//			}
//			if add {
//				sum += c[r*ldc+j]
//			}
//			c[r*ldc+j] = sum
//		}
//	}
TEXT ·tileNEON(SB), NOSPLIT, $0-105
	MOVD c_base+0(FP), R0
	MOVD a_base+24(FP), R1
	MOVD b_base+48(FP), R7
	MOVD ldc+72(FP), R8
	MOVD lda+80(FP), R9
	MOVD k+88(FP), R10
	MOVD rows+96(FP), R11
	LSL  $2, R8
	LSL  $2, R9

	ZERO(V0, V1, V2, V3)
	ZERO(V4, V5, V6, V7)
	ZERO(V8, V9, V10, V11)
	ZERO(V12, V13, V14, V15)
	ZERO(V16, V17, V18, V19)
	ZERO(V20, V21, V22, V23)
	FMOVS $1.0, F30
	VDUP  V30.S[0], V30.S4

	CMP $1, R11
	BEQ loop1

	// Where there are fewer than six rows the last one is read again, and its
	// sums are not stored.
	ADD  R9, R1, R2
	CMP  $3, R11
	CSEL LT, ZR, R9, R9
	ADD  R9, R2, R3
	CMP  $4, R11
	CSEL LT, ZR, R9, R9
	ADD  R9, R3, R4
	CMP  $5, R11
	CSEL LT, ZR, R9, R9
	ADD  R9, R4, R5
	CMP  $6, R11
	CSEL LT, ZR, R9, R9
	ADD  R9, R5, R6

loop6:
	VLD1.P 64(R7), [V24.S4, V25.S4, V26.S4, V27.S4]
	ROW(R1, V28, V0, V1, V2, V3)
	ROW(R2, V29, V4, V5, V6, V7)
	ROW(R3, V28, V8, V9, V10, V11)
	ROW(R4, V29, V12, V13, V14, V15)
	ROW(R5, V28, V16, V17, V18, V19)
	ROW(R6, V29, V20, V21, V22, V23)
	SUBS   $1, R10
	BNE    loop6
	B      store

loop1:
	VLD1.P 64(R7), [V24.S4, V25.S4, V26.S4, V27.S4]
	ROW(R1, V28, V0, V1, V2, V3)
	SUBS   $1, R10
	BNE    loop1

store:
	MOVBU add+104(FP), R12
	CBZ   R12, set
	ADDTO(V0, V1, V2, V3)
	ADDTO(V4, V5, V6, V7)
	ADDTO(V8, V9, V10, V11)
	ADDTO(V12, V13, V14, V15)
	ADDTO(V16, V17, V18, V19)
	ADDTO(V20, V21, V22, V23)

set:
	SET(V0, V1, V2, V3)
	SET(V4, V5, V6, V7)
	SET(V8, V9, V10, V11)
	SET(V12, V13, V14, V15)
	SET(V16, V17, V18, V19)
	SET(V20, V21, V22, V23)

done:
	RET

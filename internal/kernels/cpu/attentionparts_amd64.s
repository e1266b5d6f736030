#include "textflag.h"
#include "amx_amd64.h"
#include "lanes_amd64.h"

// Eight tiles of 16 rows of 64 bytes.
DATA ·laneShapes+0(SB)/8, $1
DATA ·laneShapes+8(SB)/8, $0
DATA ·laneShapes+16(SB)/8, $0x0040004000400040
DATA ·laneShapes+24(SB)/8, $0x0040004000400040
DATA ·laneShapes+32(SB)/8, $0
DATA ·laneShapes+40(SB)/8, $0
DATA ·laneShapes+48(SB)/8, $0x1010101010101010
DATA ·laneShapes+56(SB)/8, $0
GLOBL ·laneShapes(SB), RODATA|NOPTR, $64

// func multiplyLanesAMX(c []float32, a, b []uint16, stride, steps, pairs int, add bool)
//
// c is [32*pairs, 48].
//
//	for r := range 32 * pairs {
//		for l := range 48 {
//			if !add {
//				c[r*48+l] = 0
//			}
//			for s := range steps {
//				for _, (i, p) := range (0, 2), (0, 1), (1, 1), (0, 0), (1, 0), (2, 0) {
//					// a step of 32 inputs, as AMX adds them
//					c[r*48+l] += a[r/32*stride:][s, i, r%32, :] · b[s, p, l/16, :, l%16, :]
//				}
//			}
//		}
//	}
TEXT ·multiplyLanesAMX(SB), NOSPLIT, $0-97
	MOVQ c_base+0(FP), BX
	MOVQ a_base+24(FP), R8
	MOVQ stride+72(FP), R9
	MOVQ pairs+88(FP), R10
	MOVBLZX add+96(FP), R11
	SHLQ $1, R9
	LEAQ ·laneShapes(SB), AX
	LDTILECFG

rows:
	TESTL R11, R11
	JZ    zero
	SUMS
	JMP   product

zero:
	ZEROS

product:
	MOVQ R8, SI
	MOVQ b_base+48(FP), DI
	MOVQ steps+80(FP), AX
	MOVQ $64, CX

loop:
	PRODUCT
	ADDQ $6144, SI
	ADDQ $9216, DI
	DECQ AX
	JNZ  loop

	STORES
	ADDQ $6144, BX
	ADDQ R9, R8
	DECQ R10
	JNZ  rows
	TILERELEASE
	RET

// SIXTEEN splits sixteen lanes of two rows.
#define SIXTEEN(from, to, x, y, p, q) \
	VMOVUPS from(SI), x      \
	VMOVUPS from+192(SI), y  \
	SPLIT(x, y, p, q, to, DI)

// func splitLanesAMX(to []uint16, s []float32, steps int)
//
// s is [32*steps, 48].
//
//	for r := range 32 * steps {
//		for l := range 48 {
//			v := s[r*48+l] * laneScale
//			for i := range 3 {
//				part := math.Float32frombits((math.Float32bits(v) + 0x8000) &^ 0xffff)
//				to[(((r/32*3+i)*3+l/16)*16+r%32/2)*32+l%16*2+r%2] = upper half of part
//				v -= part
//			}
//		}
//	}
TEXT ·splitLanesAMX(SB), NOSPLIT, $0-56
	MOVQ to_base+0(FP), DI
	MOVQ s_base+24(FP), SI
	MOVQ steps+48(FP), CX
	SPLITS()

splitStep:
	MOVQ $16, DX

pair:
	SIXTEEN(0, 0, Z0, Z1, Z2, Z3)
	SIXTEEN(64, 1024, Z4, Z5, Z6, Z7)
	SIXTEEN(128, 2048, Z8, Z9, Z10, Z11)
	ADDQ $384, SI
	ADDQ $64, DI
	DECQ DX
	JNZ  pair
	ADDQ $8192, DI
	DECQ CX
	JNZ  splitStep
	VZEROUPPER
	RET

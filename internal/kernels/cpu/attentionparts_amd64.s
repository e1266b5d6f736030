#include "textflag.h"
#include "amx_amd64.h"

// Eight tiles of 16 rows of 64 bytes.
DATA laneShapes<>+0(SB)/8, $1
DATA laneShapes<>+8(SB)/8, $0
DATA laneShapes<>+16(SB)/8, $0x0040004000400040
DATA laneShapes<>+24(SB)/8, $0x0040004000400040
DATA laneShapes<>+32(SB)/8, $0
DATA laneShapes<>+40(SB)/8, $0
DATA laneShapes<>+48(SB)/8, $0x1010101010101010
DATA laneShapes<>+56(SB)/8, $0
GLOBL laneShapes<>(SB), RODATA|NOPTR, $64

// LANES multiplies part i of 32 rows by part p of 48 lanes: there and back, so
// that the first 16 lanes of the part stay for the next. LOAD brings them.
#define LOAD(p) TILELOADD(7, BASE_DI, (p*3072))
#define LANES(i, p) \
	TILELOADD(6, BASE_SI, (i*2048))      \
	TDPBF16PS(0, 6, 7)                   \
	TILELOADD(7, BASE_DI, (p*3072+1024)) \
	TDPBF16PS(1, 6, 7)                   \
	TILELOADD(7, BASE_DI, (p*3072+2048)) \
	TDPBF16PS(2, 6, 7)                   \
	TILELOADD(6, BASE_SI, (i*2048+1024)) \
	TDPBF16PS(5, 6, 7)                   \
	TILELOADD(7, BASE_DI, (p*3072+1024)) \
	TDPBF16PS(4, 6, 7)                   \
	LOAD(p)                              \
	TDPBF16PS(3, 6, 7)

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
	LEAQ laneShapes<>(SB), AX
	LDTILECFG

rows:
	TESTL R11, R11
	JZ    zero
	MOVQ  $192, CX
	TILELOADD(0, BASE_BX, 0)
	TILELOADD(1, BASE_BX, 64)
	TILELOADD(2, BASE_BX, 128)
	TILELOADD(3, BASE_BX, 3072)
	TILELOADD(4, BASE_BX, 3136)
	TILELOADD(5, BASE_BX, 3200)
	JMP   product

zero:
	TILEZERO(0)
	TILEZERO(1)
	TILEZERO(2)
	TILEZERO(3)
	TILEZERO(4)
	TILEZERO(5)

product:
	MOVQ R8, SI
	MOVQ b_base+48(FP), DI
	MOVQ steps+80(FP), AX
	MOVQ $64, CX

loop:
	LOAD(2)
	LANES(0, 2)
	LOAD(1)
	LANES(0, 1)
	LANES(1, 1)
	LOAD(0)
	LANES(0, 0)
	LANES(1, 0)
	LANES(2, 0)
	ADDQ $6144, SI
	ADDQ $9216, DI
	DECQ AX
	JNZ  loop

	MOVQ $192, CX
	TILESTORED(0, BASE_BX, 0)
	TILESTORED(1, BASE_BX, 64)
	TILESTORED(2, BASE_BX, 128)
	TILESTORED(3, BASE_BX, 3072)
	TILESTORED(4, BASE_BX, 3136)
	TILESTORED(5, BASE_BX, 3200)
	ADDQ $6144, BX
	ADDQ R9, R8
	DECQ R10
	JNZ  rows
	TILERELEASE
	RET

// PART takes the next part of sixteen numbers of two rows, x and y, and stores
// their pairs.
#define PART(x, y, p, q, at) \
	VPADDD    Z30, x, p  \
	VPADDD    Z30, y, q  \
	VPANDD    Z29, p, p  \
	VPANDD    Z29, q, q  \
	VSUBPS    p, x, x    \
	VSUBPS    q, y, y    \
	VPSRLD    $16, p, p  \
	VPORD     q, p, p    \
	VMOVDQU64 p, at(DI)

// SIXTEEN splits sixteen lanes of two rows.
#define SIXTEEN(from, to, x, y, p, q) \
	VMULPS    from(SI), Z31, x     \
	VMULPS    from+192(SI), Z31, y \
	PART(x, y, p, q, to)           \
	PART(x, y, p, q, to+3072)      \
	VPSRLD    $16, x, x            \
	VPORD     y, x, x              \
	VMOVDQU64 x, to+6144(DI)

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
	VPTERNLOGD   $0xff, Z29, Z29, Z29
	VPSLLD       $16, Z29, Z29
	MOVL         $0x8000, AX
	VPBROADCASTD AX, Z30
	MOVL         $0x4b800000, AX // 2^24
	VPBROADCASTD AX, Z31

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

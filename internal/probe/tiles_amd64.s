#include "textflag.h"

// Eight tiles of 16 rows of 64 bytes.
DATA tileShapes<>+0(SB)/8, $1
DATA tileShapes<>+8(SB)/8, $0
DATA tileShapes<>+16(SB)/8, $0x0040004000400040
DATA tileShapes<>+24(SB)/8, $0x0040004000400040
DATA tileShapes<>+32(SB)/8, $0
DATA tileShapes<>+40(SB)/8, $0
DATA tileShapes<>+48(SB)/8, $0x1010101010101010
DATA tileShapes<>+56(SB)/8, $0
GLOBL tileShapes<>(SB), RODATA|NOPTR, $64

// The instructions in bytes, for Go's assembler has no names for them: the
// address of a tile is SI, its rows CX apart.
#define LDTILECFG BYTE $0xC4; BYTE $0xE2; BYTE $0x78; BYTE $0x49; BYTE $0x00
#define TILERELEASE BYTE $0xC4; BYTE $0xE2; BYTE $0x78; BYTE $0x49; BYTE $0xC0
#define TILEZERO(t) BYTE $0xC4; BYTE $0xE2; BYTE $0x7B; BYTE $0x49; BYTE $(0xC0|(t<<3))
#define TILELOADD(t) BYTE $0xC4; BYTE $0xE2; BYTE $0x7B; BYTE $0x4B; BYTE $(0x04|(t<<3)); BYTE $0x0E
#define TILESTORED(t) BYTE $0xC4; BYTE $0xE2; BYTE $0x7A; BYTE $0x4B; BYTE $(0x04|(t<<3)); BYTE $0x0E
#define TDPBF16PS(c, a, b) BYTE $0xC4; BYTE $0xE2; BYTE $((((15-b)&15)<<3)|2); BYTE $0x5C; BYTE $(0xC0|(c<<3)|a)

// func tilesAMX(iterations int, one float32, out, spare *[256]float32)
//
//	a, b := tiles of one, as bfloat16
//	for range iterations {
//		for i := range sums { // 4 tiles of 16 by 16
//			sums[i] += a · b
//		}
//	}
//	*out = sums[0] + ... + sums[3]
TEXT ·tilesAMX(SB), NOSPLIT, $0-32
	LEAQ tileShapes<>(SB), AX
	LDTILECFG
	MOVQ out+16(FP), SI
	MOVL one+8(FP), AX
	SHRL $16, AX
	VPBROADCASTW AX, Z0
	MOVQ $64, CX
	MOVQ SI, DI
	MOVQ $16, BX

fill:
	VMOVDQU64 Z0, (DI)
	ADDQ $64, DI
	DECQ BX
	JNZ fill
	TILELOADD(4)
	TILELOADD(5)
	TILELOADD(6)
	TILELOADD(7)
	TILEZERO(0)
	TILEZERO(1)
	TILEZERO(2)
	TILEZERO(3)
	MOVQ iterations+0(FP), AX

tilesLoop:
	TDPBF16PS(0, 4, 6)
	TDPBF16PS(1, 4, 7)
	TDPBF16PS(2, 5, 6)
	TDPBF16PS(3, 5, 7)
	DECQ AX
	JNZ tilesLoop

	// The first goes where the sums are wanted, the others beside.
	MOVQ out+16(FP), DI
	TILESTORED(0)
	MOVQ spare+24(FP), SI
	TILESTORED(1)
	CALL addTile<>(SB)
	TILESTORED(2)
	CALL addTile<>(SB)
	TILESTORED(3)
	CALL addTile<>(SB)
	TILERELEASE
	VZEROUPPER
	RET

// addTile adds 256 numbers at SI to those at DI.
TEXT addTile<>(SB), NOSPLIT|NOFRAME, $0
	XORQ BX, BX

sum:
	VMOVUPS (DI)(BX*1), Z0
	VADDPS  (SI)(BX*1), Z0, Z0
	VMOVUPS Z0, (DI)(BX*1)
	ADDQ $64, BX
	CMPQ BX, $1024
	JNE sum
	RET

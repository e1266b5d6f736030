#include "textflag.h"

// func listAVX2(scores []float32, keys []int32, s []float32, masks []uint16, first, count int)
//
// scores and keys are [16, 16], each row of scores from the largest down. s is
// [count, 16], masks as tops leaves them.
//
//	for j := range count {
//		for l := range 16 {
//			if masks[j] bit l {
//				insert s[j*16+l] into scores[l*16:][:16], behind all that are not smaller
//				insert first+j into keys[l*16:][:16] at the same place
//			}
//		}
//	}
TEXT ·listAVX2(SB), NOSPLIT, $0-112
	MOVQ    scores_base+0(FP), DI
	MOVQ    keys_base+24(FP), R8
	MOVQ    s_base+48(FP), SI
	MOVQ    masks_base+72(FP), AX
	MOVQ    first+96(FP), R10
	MOVQ    count+104(FP), R11
	VMOVDQU ·behind+0(SB), Y15
	VMOVUPS ·behind+32(SB), Y14
	VPXOR   Y13, Y13, Y13

some:
	// The masks of 32 keys, most of which are empty once lists are good.
	VPCMPEQW  (AX), Y13, Y0
	VPCMPEQW  32(AX), Y13, Y1
	VPACKSSWB Y1, Y0, Y0
	VPERMQ    $0xd8, Y0, Y0
	VPMOVMSKB Y0, BX
	NOTL      BX
	TESTL     BX, BX
	JZ        none
	TZCNTL    BX, CX
	BLSRL     BX, BX
	MOVWLZX   (AX)(CX*2), R14

lane:
	TZCNTL       R14, R12
	BLSRL        R14, R14
	LEAQ         (R10)(CX*1), R15
	VMOVD        R15, X3
	VPBROADCASTD X3, Y3
	MOVQ         CX, DX
	SHLQ         $6, DX
	ADDQ         SI, DX
	VBROADCASTSS (DX)(R12*4), Y0
	SHLQ         $6, R12
	VMOVUPS      (DI)(R12*1), Y1
	VMOVUPS      32(DI)(R12*1), Y2
	VMOVDQU      (R8)(R12*1), Y4
	VMOVDQU      32(R8)(R12*1), Y5

	// What stands before each place: before the first, what nothing is larger than.
	VPERMD   Y1, Y15, Y6
	VPERMD   Y2, Y15, Y7
	VPERMD   Y4, Y15, Y8
	VPERMD   Y5, Y15, Y9
	VPBLENDD $1, Y6, Y7, Y7
	VPBLENDD $1, Y14, Y6, Y6
	VPBLENDD $1, Y8, Y9, Y9

	// What it is larger than makes room.
	VCMPPS    $0x1e, Y1, Y0, Y10
	VCMPPS    $0x1e, Y2, Y0, Y11
	VBLENDVPS Y10, Y0, Y1, Y1
	VBLENDVPS Y11, Y0, Y2, Y2
	VBLENDVPS Y10, Y3, Y4, Y4
	VBLENDVPS Y11, Y3, Y5, Y5
	VCMPPS    $0x1e, Y6, Y0, Y10
	VCMPPS    $0x1e, Y7, Y0, Y11
	VBLENDVPS Y10, Y6, Y1, Y1
	VBLENDVPS Y11, Y7, Y2, Y2
	VBLENDVPS Y10, Y8, Y4, Y4
	VBLENDVPS Y11, Y9, Y5, Y5
	VMOVUPS   Y1, (DI)(R12*1)
	VMOVUPS   Y2, 32(DI)(R12*1)
	VMOVDQU   Y4, (R8)(R12*1)
	VMOVDQU   Y5, 32(R8)(R12*1)

	// The next lane, or else the next key's first: no branch that could be
	// foretold only half of the time.
	MOVL    BX, R12
	ORL     R14, R12
	JZ      none
	TZCNTL  BX, DX
	MOVWLZX (AX)(DX*2), R15
	BLSRL   BX, R12
	TESTL   R14, R14
	CMOVQEQ DX, CX
	CMOVQEQ R15, R14
	CMOVQEQ R12, BX
	JMP     lane

none:
	ADDQ $64, AX
	ADDQ $32, R10
	ADDQ $2048, SI
	SUBQ $32, R11
	JG   some
	VZEROUPPER
	RET

// The place before each of eight, and infinity.
DATA ·behind+0(SB)/8, $0x0000000000000007
DATA ·behind+8(SB)/8, $0x0000000200000001
DATA ·behind+16(SB)/8, $0x0000000400000003
DATA ·behind+24(SB)/8, $0x0000000600000005
DATA ·behind+32(SB)/8, $0x7f8000007f800000
DATA ·behind+40(SB)/8, $0x7f8000007f800000
DATA ·behind+48(SB)/8, $0x7f8000007f800000
DATA ·behind+56(SB)/8, $0x7f8000007f800000
GLOBL ·behind(SB), RODATA|NOPTR, $64

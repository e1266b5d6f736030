#include "textflag.h"

// func topsAVX2(s, next, last []float32, masks []uint16, keys int)
//
// s is [keys, 16]. A NaN is passed over.
//
//	for l := range 16 {
//		for j := range keys {
//			next[l] = max(next[l], s[j*16+l])
//			masks[j] bit l = s[j*16+l] > last[l]
//		}
//	}
TEXT ·topsAVX2(SB), NOSPLIT, $0-104
	MOVQ    s_base+0(FP), SI
	MOVQ    next_base+24(FP), DI
	MOVQ    last_base+48(FP), BX
	MOVQ    masks_base+72(FP), DX
	MOVQ    keys+96(FP), CX
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1
	VMOVUPS (BX), Y2
	VMOVUPS 32(BX), Y3
	VMOVDQU eightsInTurn<>(SB), Y8
	SUBQ    $2, CX
	JLT     rest

loop:
	VMOVUPS   (SI), Y4
	VMOVUPS   32(SI), Y5
	VMOVUPS   64(SI), Y6
	VMOVUPS   96(SI), Y7
	VMAXPS    Y0, Y4, Y0
	VMAXPS    Y1, Y5, Y1
	VMAXPS    Y0, Y6, Y0
	VMAXPS    Y1, Y7, Y1
	VCMPPS    $0x1e, Y2, Y4, Y4
	VCMPPS    $0x1e, Y3, Y5, Y5
	VCMPPS    $0x1e, Y2, Y6, Y6
	VCMPPS    $0x1e, Y3, Y7, Y7
	VPACKSSDW Y5, Y4, Y4
	VPACKSSDW Y7, Y6, Y6
	VPACKSSWB Y6, Y4, Y4
	VPERMD    Y4, Y8, Y4 // of two keys there were lanes 0, 8; 0, 8; 4, 12; 4, 12
	VPMOVMSKB Y4, AX
	MOVL      AX, (DX)
	ADDQ      $128, SI
	ADDQ      $4, DX
	SUBQ      $2, CX
	JGE       loop

rest:
	ADDQ      $2, CX
	JZ        done
	VMOVUPS   (SI), Y4
	VMOVUPS   32(SI), Y5
	VMAXPS    Y0, Y4, Y0
	VMAXPS    Y1, Y5, Y1
	VCMPPS    $0x1e, Y2, Y4, Y4
	VCMPPS    $0x1e, Y3, Y5, Y5
	VMOVMSKPS Y4, AX
	VMOVMSKPS Y5, R8
	SHLL      $8, R8
	ORL       R8, AX
	MOVW      AX, (DX)

done:
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VZEROUPPER
	RET

DATA eightsInTurn<>+0(SB)/8, $0x0000000400000000
DATA eightsInTurn<>+8(SB)/8, $0x0000000500000001
DATA eightsInTurn<>+16(SB)/8, $0x0000000600000002
DATA eightsInTurn<>+24(SB)/8, $0x0000000700000003
GLOBL eightsInTurn<>(SB), RODATA|NOPTR, $32

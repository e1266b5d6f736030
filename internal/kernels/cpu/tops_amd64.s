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

loop:
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
	ADDQ      $64, SI
	ADDQ      $2, DX
	DECQ      CX
	JNZ       loop

	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VZEROUPPER
	RET

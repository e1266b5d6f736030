#include "textflag.h"

// TOPS is sixteen scores of a row: the largest of each lane so far, and which
// of them a list has a place for.
#define TOPS(at, masks, top, last) \
	VMOVUPS at(SI), Z6            \
	VMAXPS  top, Z6, top          \
	VCMPPS  $0x1e, last, Z6, K1   \
	KMOVW   K1, masks(DX)

// func topsAVX512(s []float32, sums *laneSums, masks []uint16, keys int)
//
// s is [keys, 48], masks [3, 128]. A NaN is passed over.
//
//	for l := range 48 {
//		for j := range keys {
//			next[l] = max(next[l], s[j*48+l])
//			masks[l/16*128+j] bit l%16 = s[j*48+l] > last[l]
//		}
//	}
//	masks of keys to the next multiple of 64 = 0
TEXT ·topsAVX512(SB), NOSPLIT, $0-64
	MOVQ s_base+0(FP), SI
	MOVQ sums+24(FP), DI
	MOVQ masks_base+32(FP), DX
	MOVQ keys+56(FP), CX
	MOVQ CX, AX
	VMOVUPS 192(DI), Z0
	VMOVUPS 256(DI), Z1
	VMOVUPS 320(DI), Z2
	VMOVUPS 1728(DI), Z3
	VMOVUPS 1792(DI), Z4
	VMOVUPS 1856(DI), Z5

loop:
	TOPS(0, 0, Z0, Z3)
	TOPS(64, 256, Z1, Z4)
	TOPS(128, 512, Z2, Z5)
	ADDQ $192, SI
	ADDQ $2, DX
	DECQ CX
	JNZ  loop

	VMOVUPS Z0, 192(DI)
	VMOVUPS Z1, 256(DI)
	VMOVUPS Z2, 320(DI)
	JMP  test

pad:
	MOVW $0, (DX)
	MOVW $0, 256(DX)
	MOVW $0, 512(DX)
	ADDQ $2, DX
	INCQ AX

test:
	TESTQ $63, AX
	JNZ  pad
	VZEROUPPER
	RET

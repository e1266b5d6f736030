#include "textflag.h"

// func listAVX512(scores []float32, keys []int32, sums *laneSums, s []float32, masks []uint16, first, count, place int)
//
// scores and keys are [48, 16], each row of scores from the largest down. s is
// [count, 48], masks as tops leaves them.
//
//	for l := range 48 {
//		for j := range count {
//			if masks[l/16*128+j] bit l%16 {
//				insert s[j*48+l] into scores[l*16:][:16], behind all that are not smaller
//				insert first+j into keys[l*16:][:16] at the same place
//				last[l] = scores[l*16+place]
//			}
//		}
//	}
TEXT ·listAVX512(SB), NOSPLIT, $16-128
	MOVQ scores_base+0(FP), DI
	MOVQ keys_base+24(FP), R8
	MOVQ sums+48(FP), R9
	MOVQ s_base+56(FP), SI
	MOVQ masks_base+80(FP), DX
	ADDQ $1728, R9
	MOVQ $3, 0(SP)

vector:
	MOVQ DX, 8(SP)
	MOVQ DX, AX
	MOVQ SI, R13
	MOVQ first+104(FP), R10
	MOVQ count+112(FP), R11

some:
	// The masks of 64 keys, most of which are empty once lists are good.
	VMOVDQU16 (AX), Z0
	VMOVDQU16 64(AX), Z1
	VPTESTMW  Z0, Z0, K1
	VPTESTMW  Z1, Z1, K2
	KUNPCKDQ  K1, K2, K1
	KMOVQ     K1, BX
	TESTQ     BX, BX
	JZ        none
	TZCNTQ    BX, CX
	BLSRQ     BX, BX
	MOVWLZX   (AX)(CX*2), R14

lane:
	TZCNTL       R14, R12
	BLSRL        R14, R14
	LEAQ         (R10)(CX*1), R15
	VPBROADCASTD R15, Z3
	LEAQ         (CX)(CX*2), DX // a row is 192 bytes
	SHLQ         $6, DX
	ADDQ         R13, DX
	VBROADCASTSS (DX)(R12*4), Z0
	SHLQ         $6, R12
	VMOVUPS      (DI)(R12*1), Z1
	VMOVDQU32    (R8)(R12*1), Z4
	VCMPPS       $0x1e, Z1, Z0, K1 // places behind which it belongs
	KSHIFTLW     $1, K1, K2
	VALIGND      $15, Z1, Z1, Z2
	VALIGND      $15, Z4, Z4, Z5
	VMOVAPS      Z0, K1, Z1
	VMOVAPS      Z2, K2, Z1
	VMOVDQA32    Z3, K1, Z4
	VMOVDQA32    Z5, K2, Z4
	VMOVUPS      Z1, (DI)(R12*1)
	VMOVDQU32    Z4, (R8)(R12*1)

	// The next lane, or else the next key's first: no branch that could be
	// foretold only half of the time.
	MOVQ    BX, R12
	ORQ     R14, R12
	JZ      none
	TZCNTQ  BX, DX
	MOVWLZX (AX)(DX*2), R15
	BLSRQ   BX, R12
	TESTL   R14, R14
	CMOVQEQ DX, CX
	CMOVQEQ R15, R14
	CMOVQEQ R12, BX
	JMP     lane

none:
	ADDQ $128, AX
	ADDQ $64, R10
	ADDQ $12288, R13
	SUBQ $64, R11
	JG   some

	// The last place of each list.
	MOVQ place+120(FP), R12
	MOVQ $16, CX
	LEAQ (DI)(R12*4), AX

lasts:
	MOVL (AX), BX
	MOVL BX, (R9)
	ADDQ $64, AX
	ADDQ $4, R9
	DECQ CX
	JNZ  lasts

	MOVQ 8(SP), DX
	ADDQ $64, SI
	ADDQ $256, DX
	ADDQ $1024, DI
	ADDQ $1024, R8
	DECQ 0(SP)
	JNZ  vector
	VZEROUPPER
	RET

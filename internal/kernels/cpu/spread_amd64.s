#include "textflag.h"

// func spreadAVX2(dst, src []float32, stride, k int)
//
//	for p := range k {
//		for j := range 64 {
//			dst[j/16*16*k+16*p+j%16] = src[p*stride+j]
//		}
//	}
//
// Rows lie pages apart, where the processor does not look ahead by itself: what is
// eight rows on is asked for now.
TEXT ·spreadAVX2(SB), NOSPLIT, $0-64
	MOVQ  dst_base+0(FP), DI
	MOVQ  src_base+24(FP), SI
	MOVQ  stride+48(FP), R9
	MOVQ  k+56(FP), CX
	SHLQ  $2, R9
	MOVQ  CX, R8
	SHLQ  $6, R8              // bytes of a strip
	LEAQ  (R8)(R8*2), R10
	LEAQ  (SI)(R9*8), R11
	TESTQ CX, CX
	JZ    done

loop:
	PREFETCHT0 (R11)
	PREFETCHT0 64(R11)
	PREFETCHT0 128(R11)
	PREFETCHT0 192(R11)
	VMOVUPS    (SI), Y0
	VMOVUPS    32(SI), Y1
	VMOVUPS    64(SI), Y2
	VMOVUPS    96(SI), Y3
	VMOVUPS    128(SI), Y4
	VMOVUPS    160(SI), Y5
	VMOVUPS    192(SI), Y6
	VMOVUPS    224(SI), Y7
	VMOVUPS    Y0, (DI)
	VMOVUPS    Y1, 32(DI)
	VMOVUPS    Y2, (DI)(R8*1)
	VMOVUPS    Y3, 32(DI)(R8*1)
	VMOVUPS    Y4, (DI)(R8*2)
	VMOVUPS    Y5, 32(DI)(R8*2)
	VMOVUPS    Y6, (DI)(R10*1)
	VMOVUPS    Y7, 32(DI)(R10*1)
	ADDQ       R9, SI
	ADDQ       R9, R11
	ADDQ       $64, DI
	DECQ       CX
	JNZ        loop

done:
	VZEROUPPER
	RET

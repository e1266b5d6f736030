#include "textflag.h"

// func spreadAVX512(dst, src []float32, stride, k int)
//
//	for p := range k {
//		for j := range 96 {
//			dst[j/48*48*k+48*p+j%48] = src[p*stride+j]
//		}
//	}
//
// As in spreadAVX2, what is eight rows on is asked for now.
TEXT ·spreadAVX512(SB), NOSPLIT, $0-64
	MOVQ  dst_base+0(FP), DI
	MOVQ  src_base+24(FP), SI
	MOVQ  stride+48(FP), R9
	MOVQ  k+56(FP), CX
	SHLQ  $2, R9
	LEAQ  (CX)(CX*2), R8
	SHLQ  $6, R8              // bytes of a strip
	LEAQ  (SI)(R9*8), R11
	TESTQ CX, CX
	JZ    done

loop:
	PREFETCHT0 (R11)
	PREFETCHT0 64(R11)
	PREFETCHT0 128(R11)
	PREFETCHT0 192(R11)
	PREFETCHT0 256(R11)
	PREFETCHT0 320(R11)
	VMOVUPS    (SI), Z0
	VMOVUPS    64(SI), Z1
	VMOVUPS    128(SI), Z2
	VMOVUPS    192(SI), Z3
	VMOVUPS    256(SI), Z4
	VMOVUPS    320(SI), Z5
	VMOVUPS    Z0, (DI)
	VMOVUPS    Z1, 64(DI)
	VMOVUPS    Z2, 128(DI)
	VMOVUPS    Z3, (DI)(R8*1)
	VMOVUPS    Z4, 64(DI)(R8*1)
	VMOVUPS    Z5, 128(DI)(R8*1)
	ADDQ       R9, SI
	ADDQ       R9, R11
	ADDQ       $192, DI
	DECQ       CX
	JNZ        loop

done:
	VZEROUPPER
	RET

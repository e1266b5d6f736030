#include "textflag.h"
#include "masks512_amd64.h"

// func halvesAVX512(dst []float32, src []byte)
//
// A NaN that signals comes out quiet.
//
//	for i := range dst {
//		dst[i] = tensor.HalfToFloat(binary.LittleEndian.Uint16(src[2*i:]))
//	}
TEXT ·halvesAVX512(SB), NOSPLIT, $0-48
	MOVQ dst_base+0(FP), DI
	MOVQ dst_len+8(FP), CX
	MOVQ src_base+24(FP), SI
	SUBQ $32, CX
	JLT  rest

loop:
	VCVTPH2PS (SI), Z0
	VCVTPH2PS 32(SI), Z1
	VMOVUPS   Z0, (DI)
	VMOVUPS   Z1, 64(DI)
	ADDQ      $64, SI
	ADDQ      $128, DI
	SUBQ      $32, CX
	JGE       loop

rest:
	ADDQ   $32, CX
	JLE    done
	KXNORW K1, K1, K1

sixteens:
	CMPQ CX, $16
	JGE  whole
	FIRST(K1)

whole:
	VCVTPH2PS.Z (SI), K1, Z0
	VMOVUPS     Z0, K1, (DI)
	ADDQ        $32, SI
	ADDQ        $64, DI
	SUBQ        $16, CX
	JGT         sixteens

done:
	VZEROUPPER
	RET

// func brainsAVX512(dst []float32, src []byte)
//
//	for i := range dst {
//		dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
//	}
TEXT ·brainsAVX512(SB), NOSPLIT, $0-48
	MOVQ dst_base+0(FP), DI
	MOVQ dst_len+8(FP), CX
	MOVQ src_base+24(FP), SI
	SUBQ $32, CX
	JLT  rest

loop:
	VPMOVZXWD (SI), Z0
	VPMOVZXWD 32(SI), Z1
	VPSLLD    $16, Z0, Z0
	VPSLLD    $16, Z1, Z1
	VMOVUPS   Z0, (DI)
	VMOVUPS   Z1, 64(DI)
	ADDQ      $64, SI
	ADDQ      $128, DI
	SUBQ      $32, CX
	JGE       loop

rest:
	ADDQ   $32, CX
	JLE    done
	KXNORW K1, K1, K1

sixteens:
	CMPQ CX, $16
	JGE  whole
	FIRST(K1)

whole:
	VPMOVZXWD.Z (SI), K1, Z0
	VPSLLD      $16, Z0, Z0
	VMOVUPS     Z0, K1, (DI)
	ADDQ        $32, SI
	ADDQ        $64, DI
	SUBQ        $16, CX
	JGT         sixteens

done:
	VZEROUPPER
	RET

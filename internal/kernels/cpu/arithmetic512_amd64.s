#include "textflag.h"
#include "masks512_amd64.h"

// EACH sets every number of dst to what an instruction makes of x and y.
#define EACH(OP) \
	MOVQ   dst_base+0(FP), DI \
	MOVQ   dst_len+8(FP), CX \
	MOVQ   x_base+24(FP), SI \
	MOVQ   y_base+48(FP), DX \
	KXNORW K1, K1, K1 \
	SUBQ   $16, CX \
	JLT    rest \
loop: \
	VMOVUPS.Z (SI), K1, Z0 \
	VMOVUPS.Z (DX), K1, Z1 \
	OP        Z1, Z0, Z0 \
	VMOVUPS   Z0, K1, (DI) \
	ADDQ      $64, SI \
	ADDQ      $64, DX \
	ADDQ      $64, DI \
	SUBQ      $16, CX \
	JGE       loop \
rest: \
	ADDQ $16, CX \
	JLE  done \
	FIRST(K1) \
	XORL CX, CX \
	JMP  loop \
done: \
	VZEROUPPER \
	RET

// func addAVX512(dst, x, y []float32)
//
//	for i := range dst {
//		dst[i] = x[i] + y[i]
//	}
TEXT ·addAVX512(SB), NOSPLIT, $0-72
	EACH(VADDPS)

// func multiplyAVX512(dst, x, y []float32)
//
//	for i := range dst {
//		dst[i] = x[i] * y[i]
//	}
TEXT ·multiplyAVX512(SB), NOSPLIT, $0-72
	EACH(VMULPS)

// func scaleAVX512(dst, x []float32, factor float32)
//
//	for i := range dst {
//		dst[i] = x[i] * factor
//	}
TEXT ·scaleAVX512(SB), NOSPLIT, $0-52
	MOVQ         dst_base+0(FP), DI
	MOVQ         dst_len+8(FP), CX
	MOVQ         x_base+24(FP), SI
	VBROADCASTSS factor+48(FP), Z1
	KXNORW       K1, K1, K1
	SUBQ         $16, CX
	JLT          rest

loop:
	VMOVUPS.Z (SI), K1, Z0
	VMULPS    Z0, Z1, Z0
	VMOVUPS   Z0, K1, (DI)
	ADDQ      $64, SI
	ADDQ      $64, DI
	SUBQ      $16, CX
	JGE       loop

rest:
	ADDQ $16, CX
	JLE  done
	FIRST(K1)
	XORL CX, CX
	JMP  loop

done:
	VZEROUPPER
	RET

#include "textflag.h"

// AHEAD asks for a row of the next eight inputs.
#define AHEAD \
	PREFETCHT0 (R11)        \
	PREFETCHT0 (R11)(R9*1)  \
	PREFETCHT0 (R11)(R9*2)  \
	PREFETCHT0 (R12)        \
	PREFETCHT0 (R12)(R9*1)  \
	PREFETCHT0 (R12)(R9*2)  \
	PREFETCHT0 (R13)        \
	PREFETCHT0 (R13)(R9*1)  \
	ADDQ       $64, R11     \
	ADDQ       $64, R12     \
	ADDQ       $64, R13

// func columnsAVX512(c, x, w []float32, ldc, ldx, ldw, cols, k, rows int)
//
// k is 8 or 1.
//
//	for r := range rows {
//		for j := range cols {
//			for p := range k {
//				c[r*ldc+j] = fma(x[r*ldx+p], w[p*ldw+j], c[r*ldc+j])
//			}
//		}
//	}
TEXT ·columnsAVX512(SB), NOSPLIT, $0-120
	MOVQ  c_base+0(FP), DX
	MOVQ  w_base+48(FP), DI
	MOVQ  ldw+88(FP), R9
	MOVQ  cols+96(FP), CX
	SHLQ  $2, R9
	LEAQ  (R9)(R9*2), AX
	LEAQ  (DI)(AX*1), BX
	LEAQ  (DI)(AX*2), R10
	LEAQ  (DI)(R9*8), R11
	LEAQ  (R11)(AX*1), R12
	LEAQ  (R11)(AX*2), R13
	MOVL  $0xffff, AX
	KMOVW AX, K1

sixteen:
	CMPQ CX, $16
	JGE  whole

	// The mask of the last columns.
	MOVL  $1, AX
	SHLL  CX, AX
	DECL  AX
	KMOVW AX, K1

whole:
	MOVQ DX, AX
	MOVQ x_base+24(FP), SI
	MOVQ rows+112(FP), R8
	VMOVUPS.Z (DI), K1, Z0
	CMPQ k+104(FP), $1
	JEQ  one

	VMOVUPS.Z (DI)(R9*1), K1, Z1
	VMOVUPS.Z (DI)(R9*2), K1, Z2
	VMOVUPS.Z (BX), K1, Z3
	VMOVUPS.Z (BX)(R9*1), K1, Z4
	VMOVUPS.Z (BX)(R9*2), K1, Z5
	VMOVUPS.Z (R10), K1, Z6
	VMOVUPS.Z (R10)(R9*1), K1, Z7
	AHEAD

row:
	VMOVUPS.Z        (AX), K1, Z8
	VFMADD231PS.BCST (SI), Z0, Z8
	VFMADD231PS.BCST 4(SI), Z1, Z8
	VFMADD231PS.BCST 8(SI), Z2, Z8
	VFMADD231PS.BCST 12(SI), Z3, Z8
	VFMADD231PS.BCST 16(SI), Z4, Z8
	VFMADD231PS.BCST 20(SI), Z5, Z8
	VFMADD231PS.BCST 24(SI), Z6, Z8
	VFMADD231PS.BCST 28(SI), Z7, Z8
	VMOVUPS          Z8, K1, (AX)
	MOVQ             ldc+72(FP), R15
	LEAQ             (AX)(R15*4), AX
	MOVQ             ldx+80(FP), R15
	LEAQ             (SI)(R15*4), SI
	DECQ             R8
	JNZ              row
	JMP              next

one:
	VMOVUPS.Z        (AX), K1, Z8
	VFMADD231PS.BCST (SI), Z0, Z8
	VMOVUPS          Z8, K1, (AX)
	MOVQ             ldc+72(FP), R15
	LEAQ             (AX)(R15*4), AX
	MOVQ             ldx+80(FP), R15
	LEAQ             (SI)(R15*4), SI
	DECQ             R8
	JNZ              one

next:
	ADDQ $64, DX
	ADDQ $64, DI
	ADDQ $64, BX
	ADDQ $64, R10
	SUBQ $16, CX
	JGT  sixteen
	VZEROUPPER
	RET

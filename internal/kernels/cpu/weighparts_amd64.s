#include "go_asm.h"
#include "textflag.h"
#include "amx_amd64.h"
#include "lanes_amd64.h"
#include "weigh512_amd64.h"

// PAIR makes weights of sixteen lanes of two rows, and splits them: pair k of
// those at R12 and R13, lanes 16v on.
#define PAIR(k, v, top, sum, tilt, x, r, p, q) \
	WEIGH((384*k+64*v)(R12), top, x, r, p, sum, tilt)     \
	WEIGH((384*k+64*v+192)(R12), top, x, r, q, sum, tilt) \
	SPLIT(p, q, x, r, (64*k+1024*v), R13)

#define LOW(k) PAIR(k, 0, Z0, Z3, Z6, Z9, Z10, Z11, Z12)
#define MIDDLE(k) PAIR(k, 1, Z1, Z4, Z7, Z13, Z14, Z15, Z16)
#define HIGH(k) PAIR(k, 2, Z2, Z5, Z8, Z9, Z10, Z11, Z12)

// LANESWITH is LANES with something else to do while tiles multiply.
#define LANESWITH(i, p, first, second, third, fourth) \
	TILELOADD(6, BASE_SI, (i*2048))      \
	TDPBF16PS(0, 6, 7)                   \
	TILELOADD(7, BASE_DI, (p*3072+1024)) \
	first                                \
	TDPBF16PS(1, 6, 7)                   \
	TILELOADD(7, BASE_DI, (p*3072+2048)) \
	second                               \
	TDPBF16PS(2, 6, 7)                   \
	TILELOADD(6, BASE_SI, (i*2048+1024)) \
	TDPBF16PS(5, 6, 7)                   \
	TILELOADD(7, BASE_DI, (p*3072+1024)) \
	third                                \
	TDPBF16PS(4, 6, 7)                   \
	LOAD(p)                              \
	fourth                               \
	TDPBF16PS(3, 6, 7)

#define ONWARD \
	ADDQ $1536, R12 \
	ADDQ $256, R13

// func weighLanesAMX(j *laneJob) bool
//
//	fell := weigh(j.scores, j.sums, j.rows)
//	splitLanes(j.parts, j.scores, j.rows/32)
//	multiplyLanes(j.next, j.keys, j.queries, j.stride, j.steps, j.pairs, false)
//	return fell
//
// Tiles take sixteen cycles for what is one instruction, in which the other
// units make and split the weights of sixteen rows for each step of a product.
TEXT ·weighLanesAMX(SB), NOSPLIT, $0-9
	MOVQ j+0(FP), R8
	MOVQ laneJob_sums(R8), DI
	POWERS()
	SPLITS()
	FALLS()
	KORTESTW K0, K0
	SETNE ret+8(FP)
	NOTHING()
	LEAQ ·laneShapes(SB), AX
	LDTILECFG
	MOVQ laneJob_next(R8), BX
	MOVQ laneJob_keys(R8), DX
	MOVQ laneJob_stride(R8), R9
	MOVQ laneJob_pairs(R8), R10
	MOVQ laneJob_rows(R8), R11
	MOVQ laneJob_scores(R8), R12
	MOVQ laneJob_parts(R8), R13
	SHLQ $1, R9
	TESTQ R10, R10
	JZ   rest

rows:
	ZEROS
	MOVQ DX, SI
	MOVQ laneJob_queries(R8), DI
	MOVQ laneJob_steps(R8), AX
	MOVQ $64, CX

loop:
	TESTQ R11, R11
	JZ    alone
	LOAD(2)
	LANESWITH(0, 2, LOW(0), MIDDLE(0), HIGH(0), LOW(1))
	LOAD(1)
	LANESWITH(0, 1, MIDDLE(1), HIGH(1), LOW(2), MIDDLE(2))
	LANESWITH(1, 1, HIGH(2), LOW(3), MIDDLE(3), HIGH(3))
	ONWARD
	LOAD(0)
	LANESWITH(0, 0, LOW(0), MIDDLE(0), HIGH(0), LOW(1))
	LANESWITH(1, 0, MIDDLE(1), HIGH(1), LOW(2), MIDDLE(2))
	LANESWITH(2, 0, HIGH(2), LOW(3), MIDDLE(3), HIGH(3))
	ONWARD
	SUBQ  $16, R11
	TESTQ $16, R11
	JNZ   next
	ADDQ  $8192, R13 // to the next step of weights
	JMP   next

alone:
	PRODUCT

next:
	ADDQ $6144, SI
	ADDQ $9216, DI
	DECQ AX
	JNZ  loop

	STORES
	ADDQ $6144, BX
	ADDQ R9, DX
	DECQ R10
	JNZ  rows

rest:
	TESTQ R11, R11
	JZ    done
	LOW(0)
	MIDDLE(0)
	HIGH(0)
	ADDQ $384, R12
	ADDQ $64, R13
	SUBQ $2, R11
	TESTQ $31, R11
	JNZ  rest
	ADDQ $8192, R13
	JMP  rest

done:
	TILERELEASE
	MOVQ laneJob_sums(R8), DI
	SETTLED()
	VZEROUPPER
	RET

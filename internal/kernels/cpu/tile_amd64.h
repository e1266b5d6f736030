// One row of a tile: two registers of eight sums take a[r, p] times b[p, 0:16].
#define ROW(a, low, high, x) \
	VBROADCASTSS a, x         \
	VFMADD231PS  Y12, x, low  \
	VFMADD231PS  Y13, x, high

// STEPn is one p of a tile of n rows: at bytes ao of each row of a, bo of b.
#define LOAD(bo) \
	VMOVUPS bo(DI), Y12    \
	VMOVUPS bo+32(DI), Y13

#define STEP1(ao, bo) LOAD(bo)  \
	ROW(ao(SI), Y0, Y1, Y14)
#define STEP2(ao, bo) STEP1(ao, bo) \
	ROW(ao(SI)(R9*1), Y2, Y3, Y15)
#define STEP3(ao, bo) STEP2(ao, bo) \
	ROW(ao(SI)(R9*2), Y4, Y5, Y14)
#define STEP4(ao, bo) STEP3(ao, bo) \
	ROW(ao(BX), Y6, Y7, Y15)
#define STEP5(ao, bo) STEP4(ao, bo) \
	ROW(ao(BX)(R9*1), Y8, Y9, Y14)
#define STEP6(ao, bo) STEP5(ao, bo) \
	ROW(ao(BX)(R9*2), Y10, Y11, Y15)

#define NEXT(n) \
	ADDQ $(4*n), SI \
	ADDQ $(4*n), BX \
	ADDQ $(64*n), DI

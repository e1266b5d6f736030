// What loops over 48 columns are made of: 24 registers of sums for eight rows. R9 is
// from one row of a to the next, R10 three of them; SI is at row 0, BX at row 4.

// ROW is one row: three registers of sixteen sums take a[r, p] times b[p, 0:48].
#define ROW(a, x, low, middle, high) \
	VBROADCASTSS a, x            \
	VFMADD231PS  Z24, x, low     \
	VFMADD231PS  Z25, x, middle  \
	VFMADD231PS  Z26, x, high

// STEPn is one p of n rows: at bytes ao of each row of a, bo of b.
#define STEP0(ao, bo) \
	VMOVUPS bo(DI), Z24     \
	VMOVUPS bo+64(DI), Z25  \
	VMOVUPS bo+128(DI), Z26

#define STEP1(ao, bo) STEP0(ao, bo) \
	ROW(ao(SI), Z27, Z0, Z1, Z2)
#define STEP2(ao, bo) STEP1(ao, bo) \
	ROW(ao(SI)(R9*1), Z28, Z3, Z4, Z5)
#define STEP3(ao, bo) STEP2(ao, bo) \
	ROW(ao(SI)(R9*2), Z29, Z6, Z7, Z8)
#define STEP4(ao, bo) STEP3(ao, bo) \
	ROW(ao(SI)(R10*1), Z30, Z9, Z10, Z11)
#define STEP5(ao, bo) STEP4(ao, bo) \
	ROW(ao(BX), Z31, Z12, Z13, Z14)
#define STEP6(ao, bo) STEP5(ao, bo) \
	ROW(ao(BX)(R9*1), Z27, Z15, Z16, Z17)
#define STEP7(ao, bo) STEP6(ao, bo) \
	ROW(ao(BX)(R9*2), Z28, Z18, Z19, Z20)
#define STEP8(ao, bo) STEP7(ao, bo) \
	ROW(ao(BX)(R10*1), Z29, Z21, Z22, Z23)

#define NEXT(n) \
	ADDQ $(4*n), SI   \
	ADDQ $(4*n), BX   \
	ADDQ $(192*n), DI

// CLEAR makes all sums zero.
#define CLEAR \
	VPXORD Z0, Z0, Z0 \
	VPXORD Z1, Z1, Z1 \
	VPXORD Z2, Z2, Z2 \
	VPXORD Z3, Z3, Z3 \
	VPXORD Z4, Z4, Z4 \
	VPXORD Z5, Z5, Z5 \
	VPXORD Z6, Z6, Z6 \
	VPXORD Z7, Z7, Z7 \
	VPXORD Z8, Z8, Z8 \
	VPXORD Z9, Z9, Z9 \
	VPXORD Z10, Z10, Z10 \
	VPXORD Z11, Z11, Z11 \
	VPXORD Z12, Z12, Z12 \
	VPXORD Z13, Z13, Z13 \
	VPXORD Z14, Z14, Z14 \
	VPXORD Z15, Z15, Z15 \
	VPXORD Z16, Z16, Z16 \
	VPXORD Z17, Z17, Z17 \
	VPXORD Z18, Z18, Z18 \
	VPXORD Z19, Z19, Z19 \
	VPXORD Z20, Z20, Z20 \
	VPXORD Z21, Z21, Z21 \
	VPXORD Z22, Z22, Z22 \
	VPXORD Z23, Z23, Z23

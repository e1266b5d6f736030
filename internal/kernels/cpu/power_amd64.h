// POWER sets to to 2^x, eight numbers none of which is far above 1, with ·powers8 at
// R8 and its exponents' floor in Y15; x is brought up to -127, whose power is 0,
// and n is lost. What is below the smallest normal number is 0. The rest is as
// in power512_amd64.h.
#define POWER(x, n, to) \
	VMAXPS      x, Y15, x       \
	VROUNDPS    $1, x, n        \
	VSUBPS      n, x, Y14       \
	VMOVUPS     160(R8), to     \
	VFMADD213PS 128(R8), Y14, to \
	VFMADD213PS 96(R8), Y14, to \
	VFMADD213PS 64(R8), Y14, to \
	VFMADD213PS 32(R8), Y14, to \
	VFMADD213PS (R8), Y14, to   \
	VCVTPS2DQ   n, n            \
	VPADDD      224(R8), n, n   \
	VPSLLD      $23, n, n       \
	VMULPS      n, to, to

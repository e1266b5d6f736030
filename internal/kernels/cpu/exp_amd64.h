// EXP sets x to exp(x), eight numbers, with R8 at ·exponential; it needs Y12 to
// Y15. The largest error is 1 unit in the last place (TestExp).
//
//	n = round(x / ln 2), r = x - n ln 2
//	exp(x) = 2^n exp(r), exp(r) = 1 + r + r^2 (c1 + r (c2 + ... + r c6))
//
// The coefficients are those of Cephes' expf (Moshier 1989). 2^n comes in two
// halves, so that what is denormal is rounded once. A NaN stays one: MIN and
// MAX return their first operand then.
#define EXP(x) \
	VMOVUPS      (R8), Y12         \
	VMAXPS       x, Y12, x         \
	VMOVUPS      32(R8), Y12       \
	VMINPS       x, Y12, x         \
	VMULPS       64(R8), x, Y12    \
	VROUNDPS     $8, Y12, Y12      \
	VFNMADD231PS 96(R8), Y12, x    \
	VFNMADD231PS 128(R8), Y12, x   \
	VMOVUPS      160(R8), Y13      \
	VFMADD213PS  192(R8), x, Y13   \
	VFMADD213PS  224(R8), x, Y13   \
	VFMADD213PS  256(R8), x, Y13   \
	VFMADD213PS  288(R8), x, Y13   \
	VFMADD213PS  320(R8), x, Y13   \
	VMULPS       x, x, Y14         \
	VFMADD231PS  Y13, Y14, x       \
	VADDPS       352(R8), x, x     \
	VCVTPS2DQ    Y12, Y12          \
	VPSRAD       $1, Y12, Y13      \
	VPSUBD       Y13, Y12, Y12     \
	VPADDD       384(R8), Y12, Y12 \
	VPADDD       384(R8), Y13, Y13 \
	VPSLLD       $23, Y12, Y12     \
	VPSLLD       $23, Y13, Y13     \
	VMULPS       Y12, x, x         \
	VMULPS       Y13, x, x

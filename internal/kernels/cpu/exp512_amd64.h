// EXPS keeps what EXP512 reads in Z16 to Z28.
#define EXPS() \
	VBROADCASTSS ·exponential+0(SB), Z16   \
	VBROADCASTSS ·exponential+32(SB), Z17  \
	VBROADCASTSS ·exponential+64(SB), Z18  \
	VBROADCASTSS ·exponential+96(SB), Z19  \
	VBROADCASTSS ·exponential+128(SB), Z20 \
	VBROADCASTSS ·exponential+160(SB), Z21 \
	VBROADCASTSS ·exponential+192(SB), Z22 \
	VBROADCASTSS ·exponential+224(SB), Z23 \
	VBROADCASTSS ·exponential+256(SB), Z24 \
	VBROADCASTSS ·exponential+288(SB), Z25 \
	VBROADCASTSS ·exponential+320(SB), Z26 \
	VBROADCASTSS ·exponential+352(SB), Z27 \
	VBROADCASTSS ·exponential+480(SB), Z28

// EXP512 is EXP for sixteen numbers, with the same polynomial; n, p and q are
// lost. Adding 1.5 2^23 and taking it away rounds to whole numbers, and SCALEF
// rounds what is denormal once.
#define EXP512(x, n, p, q) \
	VMAXPS       x, Z16, x    \
	VMINPS       x, Z17, x    \
	VMOVAPS      Z28, n       \
	VFMADD231PS  Z18, x, n    \
	VSUBPS       Z28, n, n    \
	VFNMADD231PS Z19, n, x    \
	VFNMADD231PS Z20, n, x    \
	VMOVAPS      Z21, p       \
	VFMADD213PS  Z22, x, p    \
	VFMADD213PS  Z23, x, p    \
	VFMADD213PS  Z24, x, p    \
	VFMADD213PS  Z25, x, p    \
	VFMADD213PS  Z26, x, p    \
	VMULPS       x, x, q      \
	VFMADD231PS  p, q, x      \
	VADDPS       Z27, x, x    \
	VSCALEFPS    n, x, x

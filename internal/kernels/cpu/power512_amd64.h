// POWERS keeps what POWER reads in Z24 to Z30.
#define POWERS() \
	VBROADCASTSS ·powers+0(SB), Z24  \
	VBROADCASTSS ·powers+4(SB), Z25  \
	VBROADCASTSS ·powers+8(SB), Z26  \
	VBROADCASTSS ·powers+12(SB), Z27 \
	VBROADCASTSS ·powers+16(SB), Z28 \
	VBROADCASTSS ·powers+20(SB), Z29 \
	VBROADCASTSS ·powers+24(SB), Z30

// POWER sets to to 2^x, sixteen numbers none of which is far above 1, and brings
// x up to -126; the power of what is below is 0, for a denormal one, or one that
// becomes 0, takes as long as twenty others. r and K7 are lost.
//
//	2^x = 2^floor(x) 2^r, 2^r = 1 + r (c1 + r (c2 + ... + r c5))
//
// The polynomial is the one whose largest relative error over 0 to 1 is the
// smallest, 8.3e-8: with what rounding adds, 2^x is right to 2.5 of float32's
// unit roundoffs. A NaN stays one: MAX returns its second operand then.
#define POWER(x, r, to) \
	VCMPPS      $0x15, Z30, x, K7 \
	VMAXPS      x, Z30, x    \
	VREDUCEPS   $1, x, r     \
	VMOVAPS     Z29, to      \
	VFMADD213PS Z28, r, to   \
	VFMADD213PS Z27, r, to   \
	VFMADD213PS Z26, r, to   \
	VFMADD213PS Z25, r, to   \
	VFMADD213PS Z24, r, to   \
	VSCALEFPS.Z x, to, K7, to

#include "power512_amd64.h"

// WEIGH makes weights of the sixteen scores at, and adds them up.
#define WEIGH(at, top, x, r, p, sum, tilt) \
	VMOVUPS     at, x        \
	VSUBPS      top, x, x    \
	POWER(x, r, p)           \
	VMOVUPS     p, at        \
	VADDPS      p, sum, sum  \
	VFMADD231PS p, x, tilt

// FALL is what sixteen lanes' sums shrink by, as their largest score goes from
// top to next; x keeps top - next.
#define FALL(at, x, r, p) \
	VMOVUPS   at(DI), x         \
	VSUBPS    at+192(DI), x, x  \
	POWER(x, r, p)              \
	VMOVUPS   p, at+384(DI)     \
	VCMPPS    $4, p, Z24, K1    \
	KORW      K1, K0, K0        \
	VMOVUPS   at+192(DI), r     \
	VMOVUPS   r, at(DI)

// SETTLE brings eight lanes' sums up to date: at bytes at of those in float64,
// from the eight numbers in sum, tilt, fall and x, which it loses.
#define SETTLE(at, sum, tilt, fall, x) \
	VCVTPS2PD   sum, Z9            \
	VCVTPS2PD   tilt, Z10          \
	VCVTPS2PD   fall, Z11          \
	VCVTPS2PD   x, Z12             \
	VMOVUPD     at+576(DI), Z13    \
	VMOVUPD     at+960(DI), Z14    \
	VFMADD231PD Z13, Z12, Z14      \
	VFMADD213PD Z10, Z11, Z14      \
	VFMADD213PD Z9, Z11, Z13       \
	VMOVUPD     Z13, at+576(DI)    \
	VMOVUPD     Z14, at+960(DI)    \
	VMULPD      at+1344(DI), Z11, Z11 \
	VMOVUPD     Z11, at+1344(DI)

#define SETTLES(at, sum, tilt, x, low, lowTilt, lowX) \
	VMOVUPS       at+384(DI), Z15      \
	SETTLE(2*at, low, lowTilt, Y15, lowX) \
	VEXTRACTF64X4 $1, sum, low         \
	VEXTRACTF64X4 $1, tilt, lowTilt    \
	VEXTRACTF64X4 $1, x, lowX          \
	VEXTRACTF64X4 $1, Z15, Y15         \
	SETTLE(2*at+64, low, lowTilt, Y15, lowX)

// FALLS does so for all lanes, and sets K0 if some fall.
#define FALLS() \
	KXORW K0, K0, K0       \
	FALL(0, Z18, Z9, Z10)  \
	FALL(64, Z19, Z9, Z10) \
	FALL(128, Z20, Z9, Z10)

// NOTHING begins the sums of a panel: Z0 to Z2 are what scores are relative to,
// Z3 to Z5 sums of weights, Z6 to Z8 of weights times scores.
#define NOTHING() \
	VMOVUPS (DI), Z0    \
	VMOVUPS 64(DI), Z1  \
	VMOVUPS 128(DI), Z2 \
	VPXORD  Z3, Z3, Z3  \
	VPXORD  Z4, Z4, Z4  \
	VPXORD  Z5, Z5, Z5  \
	VPXORD  Z6, Z6, Z6  \
	VPXORD  Z7, Z7, Z7  \
	VPXORD  Z8, Z8, Z8

// SETTLED takes them into the sums of all panels.
#define SETTLED() \
	SETTLES(0, Z3, Z6, Z18, Y3, Y6, Y18)  \
	SETTLES(64, Z4, Z7, Z19, Y4, Y7, Y19) \
	SETTLES(128, Z5, Z8, Z20, Y5, Y8, Y20)

#include "textflag.h"

// What powers of two are made of: c0, which is 1, to c5, and the exponent below
// which they are 0.
DATA ·powers+0(SB)/4, $0x3f800000
DATA ·powers+4(SB)/4, $0x3f31725d
DATA ·powers+8(SB)/4, $0x3e75edab
DATA ·powers+12(SB)/4, $0x3d648e73
DATA ·powers+16(SB)/4, $0x3c13bc2b
DATA ·powers+20(SB)/4, $0x3af4ba7d
DATA ·powers+24(SB)/4, $0xc3160000
GLOBL ·powers(SB), RODATA|NOPTR, $28

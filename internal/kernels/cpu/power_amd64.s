#include "textflag.h"

// What powers of two are made of: c0, which is 1, to c5, and the exponent below
// which they are 0.
DATA ·powers+0(SB)/4, $0x3f800000
DATA ·powers+4(SB)/4, $0x3f31725d
DATA ·powers+8(SB)/4, $0x3e75edab
DATA ·powers+12(SB)/4, $0x3d648e73
DATA ·powers+16(SB)/4, $0x3c13bc2b
DATA ·powers+20(SB)/4, $0x3af4ba7d
DATA ·powers+24(SB)/4, $0xc2fc0000
GLOBL ·powers(SB), RODATA|NOPTR, $28

// The same for eight numbers at a time, each eight times over.
// c0 to c5
DATA ·powers8+0(SB)/8, $0x3f8000003f800000
DATA ·powers8+8(SB)/8, $0x3f8000003f800000
DATA ·powers8+16(SB)/8, $0x3f8000003f800000
DATA ·powers8+24(SB)/8, $0x3f8000003f800000
DATA ·powers8+32(SB)/8, $0x3f31725d3f31725d
DATA ·powers8+40(SB)/8, $0x3f31725d3f31725d
DATA ·powers8+48(SB)/8, $0x3f31725d3f31725d
DATA ·powers8+56(SB)/8, $0x3f31725d3f31725d
DATA ·powers8+64(SB)/8, $0x3e75edab3e75edab
DATA ·powers8+72(SB)/8, $0x3e75edab3e75edab
DATA ·powers8+80(SB)/8, $0x3e75edab3e75edab
DATA ·powers8+88(SB)/8, $0x3e75edab3e75edab
DATA ·powers8+96(SB)/8, $0x3d648e733d648e73
DATA ·powers8+104(SB)/8, $0x3d648e733d648e73
DATA ·powers8+112(SB)/8, $0x3d648e733d648e73
DATA ·powers8+120(SB)/8, $0x3d648e733d648e73
DATA ·powers8+128(SB)/8, $0x3c13bc2b3c13bc2b
DATA ·powers8+136(SB)/8, $0x3c13bc2b3c13bc2b
DATA ·powers8+144(SB)/8, $0x3c13bc2b3c13bc2b
DATA ·powers8+152(SB)/8, $0x3c13bc2b3c13bc2b
DATA ·powers8+160(SB)/8, $0x3af4ba7d3af4ba7d
DATA ·powers8+168(SB)/8, $0x3af4ba7d3af4ba7d
DATA ·powers8+176(SB)/8, $0x3af4ba7d3af4ba7d
DATA ·powers8+184(SB)/8, $0x3af4ba7d3af4ba7d
// -127, below which 2^x is less than any normal number
DATA ·powers8+192(SB)/8, $0xc2fe0000c2fe0000
DATA ·powers8+200(SB)/8, $0xc2fe0000c2fe0000
DATA ·powers8+208(SB)/8, $0xc2fe0000c2fe0000
DATA ·powers8+216(SB)/8, $0xc2fe0000c2fe0000
// 127, the bias of an exponent
DATA ·powers8+224(SB)/8, $0x0000007f0000007f
DATA ·powers8+232(SB)/8, $0x0000007f0000007f
DATA ·powers8+240(SB)/8, $0x0000007f0000007f
DATA ·powers8+248(SB)/8, $0x0000007f0000007f
GLOBL ·powers8(SB), RODATA|NOPTR, $256

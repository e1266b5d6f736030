#include "textflag.h"
#include "exp_amd64.h"

// What EXP reads, each number eight times over.
// -104.5, below which exp rounds to 0
DATA ·exponential+0(SB)/8, $0xc2d10000c2d10000
DATA ·exponential+8(SB)/8, $0xc2d10000c2d10000
DATA ·exponential+16(SB)/8, $0xc2d10000c2d10000
DATA ·exponential+24(SB)/8, $0xc2d10000c2d10000
// 89, above which it overflows
DATA ·exponential+32(SB)/8, $0x42b2000042b20000
DATA ·exponential+40(SB)/8, $0x42b2000042b20000
DATA ·exponential+48(SB)/8, $0x42b2000042b20000
DATA ·exponential+56(SB)/8, $0x42b2000042b20000
// 1 / ln 2
DATA ·exponential+64(SB)/8, $0x3fb8aa3b3fb8aa3b
DATA ·exponential+72(SB)/8, $0x3fb8aa3b3fb8aa3b
DATA ·exponential+80(SB)/8, $0x3fb8aa3b3fb8aa3b
DATA ·exponential+88(SB)/8, $0x3fb8aa3b3fb8aa3b
// ln 2 in two parts, the first of so few bits that n times it is exact
DATA ·exponential+96(SB)/8, $0x3f3180003f318000
DATA ·exponential+104(SB)/8, $0x3f3180003f318000
DATA ·exponential+112(SB)/8, $0x3f3180003f318000
DATA ·exponential+120(SB)/8, $0x3f3180003f318000
DATA ·exponential+128(SB)/8, $0xb95e8083b95e8083
DATA ·exponential+136(SB)/8, $0xb95e8083b95e8083
DATA ·exponential+144(SB)/8, $0xb95e8083b95e8083
DATA ·exponential+152(SB)/8, $0xb95e8083b95e8083
// c6 to c1
DATA ·exponential+160(SB)/8, $0x3950696739506967
DATA ·exponential+168(SB)/8, $0x3950696739506967
DATA ·exponential+176(SB)/8, $0x3950696739506967
DATA ·exponential+184(SB)/8, $0x3950696739506967
DATA ·exponential+192(SB)/8, $0x3ab743ce3ab743ce
DATA ·exponential+200(SB)/8, $0x3ab743ce3ab743ce
DATA ·exponential+208(SB)/8, $0x3ab743ce3ab743ce
DATA ·exponential+216(SB)/8, $0x3ab743ce3ab743ce
DATA ·exponential+224(SB)/8, $0x3c0889083c088908
DATA ·exponential+232(SB)/8, $0x3c0889083c088908
DATA ·exponential+240(SB)/8, $0x3c0889083c088908
DATA ·exponential+248(SB)/8, $0x3c0889083c088908
DATA ·exponential+256(SB)/8, $0x3d2aa9c13d2aa9c1
DATA ·exponential+264(SB)/8, $0x3d2aa9c13d2aa9c1
DATA ·exponential+272(SB)/8, $0x3d2aa9c13d2aa9c1
DATA ·exponential+280(SB)/8, $0x3d2aa9c13d2aa9c1
DATA ·exponential+288(SB)/8, $0x3e2aaaaa3e2aaaaa
DATA ·exponential+296(SB)/8, $0x3e2aaaaa3e2aaaaa
DATA ·exponential+304(SB)/8, $0x3e2aaaaa3e2aaaaa
DATA ·exponential+312(SB)/8, $0x3e2aaaaa3e2aaaaa
DATA ·exponential+320(SB)/8, $0x3f0000003f000000
DATA ·exponential+328(SB)/8, $0x3f0000003f000000
DATA ·exponential+336(SB)/8, $0x3f0000003f000000
DATA ·exponential+344(SB)/8, $0x3f0000003f000000
// 1
DATA ·exponential+352(SB)/8, $0x3f8000003f800000
DATA ·exponential+360(SB)/8, $0x3f8000003f800000
DATA ·exponential+368(SB)/8, $0x3f8000003f800000
DATA ·exponential+376(SB)/8, $0x3f8000003f800000
// 127, the bias of an exponent
DATA ·exponential+384(SB)/8, $0x0000007f0000007f
DATA ·exponential+392(SB)/8, $0x0000007f0000007f
DATA ·exponential+400(SB)/8, $0x0000007f0000007f
DATA ·exponential+408(SB)/8, $0x0000007f0000007f
// -2 sqrt(2/pi)
DATA ·exponential+416(SB)/8, $0xbfcc422abfcc422a
DATA ·exponential+424(SB)/8, $0xbfcc422abfcc422a
DATA ·exponential+432(SB)/8, $0xbfcc422abfcc422a
DATA ·exponential+440(SB)/8, $0xbfcc422abfcc422a
// -2 sqrt(2/pi) 0.044715
DATA ·exponential+448(SB)/8, $0xbd922279bd922279
DATA ·exponential+456(SB)/8, $0xbd922279bd922279
DATA ·exponential+464(SB)/8, $0xbd922279bd922279
DATA ·exponential+472(SB)/8, $0xbd922279bd922279
// 1.5 2^23, for sixteen numbers at a time, and so once
DATA ·exponential+480(SB)/4, $0x4b400000
GLOBL ·exponential(SB), RODATA|NOPTR, $484

// func expsAVX2(dst, x []float32, top float32) float64
//
// len(dst) is a multiple of 8.
//
//	sum := 0.0
//	for i, v := range x[:len(dst)] {
//		dst[i] = exp(v - top)
//		sum += float64(dst[i])
//	}
//	return sum
TEXT ·expsAVX2(SB), NOSPLIT, $0-64
	MOVQ         dst_base+0(FP), DI
	MOVQ         dst_len+8(FP), CX
	MOVQ         x_base+24(FP), SI
	VBROADCASTSS top+48(FP), Y8
	LEAQ         ·exponential(SB), R8
	VXORPD       Y6, Y6, Y6
	VXORPD       Y7, Y7, Y7
	SHRQ         $3, CX
	JZ           done

loop:
	VMOVUPS      (SI), Y0
	VSUBPS       Y8, Y0, Y0
	EXP(Y0)
	VMOVUPS      Y0, (DI)
	VEXTRACTF128 $1, Y0, X1
	VCVTPS2PD    X0, Y2
	VCVTPS2PD    X1, Y3
	VADDPD       Y2, Y6, Y6
	VADDPD       Y3, Y7, Y7
	ADDQ         $32, SI
	ADDQ         $32, DI
	DECQ         CX
	JNZ          loop

done:
	VADDPD       Y7, Y6, Y6
	VEXTRACTF128 $1, Y6, X7
	VADDPD       X7, X6, X6
	VHADDPD      X6, X6, X6
	VMOVSD       X6, ret+56(FP)
	VZEROUPPER
	RET

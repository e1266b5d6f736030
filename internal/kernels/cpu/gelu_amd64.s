#include "textflag.h"
#include "exp_amd64.h"

// What geluAVX2 reads, each number eight times over.
// 15, below minus which Φ is 0
DATA ·tails+0(SB)/8, $0x4170000041700000
DATA ·tails+8(SB)/8, $0x4170000041700000
DATA ·tails+16(SB)/8, $0x4170000041700000
DATA ·tails+24(SB)/8, $0x4170000041700000
// everything but the sign
DATA ·tails+32(SB)/8, $0x7fffffff7fffffff
DATA ·tails+40(SB)/8, $0x7fffffff7fffffff
DATA ·tails+48(SB)/8, $0x7fffffff7fffffff
DATA ·tails+56(SB)/8, $0x7fffffff7fffffff
// 1/4, then 1/2, which is also where r is 0, and -1/2
DATA ·tails+64(SB)/8, $0x3e8000003e800000
DATA ·tails+72(SB)/8, $0x3e8000003e800000
DATA ·tails+80(SB)/8, $0x3e8000003e800000
DATA ·tails+88(SB)/8, $0x3e8000003e800000
DATA ·tails+96(SB)/8, $0x3f0000003f000000
DATA ·tails+104(SB)/8, $0x3f0000003f000000
DATA ·tails+112(SB)/8, $0x3f0000003f000000
DATA ·tails+120(SB)/8, $0x3f0000003f000000
DATA ·tails+128(SB)/8, $0xbf000000bf000000
DATA ·tails+136(SB)/8, $0xbf000000bf000000
DATA ·tails+144(SB)/8, $0xbf000000bf000000
DATA ·tails+152(SB)/8, $0xbf000000bf000000
// c9 to c0
DATA ·tails+160(SB)/8, $0x3c8ade1e3c8ade1e
DATA ·tails+168(SB)/8, $0x3c8ade1e3c8ade1e
DATA ·tails+176(SB)/8, $0x3c8ade1e3c8ade1e
DATA ·tails+184(SB)/8, $0x3c8ade1e3c8ade1e
DATA ·tails+192(SB)/8, $0x3c3b08a93c3b08a9
DATA ·tails+200(SB)/8, $0x3c3b08a93c3b08a9
DATA ·tails+208(SB)/8, $0x3c3b08a93c3b08a9
DATA ·tails+216(SB)/8, $0x3c3b08a93c3b08a9
DATA ·tails+224(SB)/8, $0xbd4dbaaebd4dbaae
DATA ·tails+232(SB)/8, $0xbd4dbaaebd4dbaae
DATA ·tails+240(SB)/8, $0xbd4dbaaebd4dbaae
DATA ·tails+248(SB)/8, $0xbd4dbaaebd4dbaae
DATA ·tails+256(SB)/8, $0xbd662adebd662ade
DATA ·tails+264(SB)/8, $0xbd662adebd662ade
DATA ·tails+272(SB)/8, $0xbd662adebd662ade
DATA ·tails+280(SB)/8, $0xbd662adebd662ade
DATA ·tails+288(SB)/8, $0x3d76944d3d76944d
DATA ·tails+296(SB)/8, $0x3d76944d3d76944d
DATA ·tails+304(SB)/8, $0x3d76944d3d76944d
DATA ·tails+312(SB)/8, $0x3d76944d3d76944d
DATA ·tails+320(SB)/8, $0x3e7769f03e7769f0
DATA ·tails+328(SB)/8, $0x3e7769f03e7769f0
DATA ·tails+336(SB)/8, $0x3e7769f03e7769f0
DATA ·tails+344(SB)/8, $0x3e7769f03e7769f0
DATA ·tails+352(SB)/8, $0x3ebf00033ebf0003
DATA ·tails+360(SB)/8, $0x3ebf00033ebf0003
DATA ·tails+368(SB)/8, $0x3ebf00033ebf0003
DATA ·tails+376(SB)/8, $0x3ebf00033ebf0003
DATA ·tails+384(SB)/8, $0x3ec636cf3ec636cf
DATA ·tails+392(SB)/8, $0x3ec636cf3ec636cf
DATA ·tails+400(SB)/8, $0x3ec636cf3ec636cf
DATA ·tails+408(SB)/8, $0x3ec636cf3ec636cf
DATA ·tails+416(SB)/8, $0x3e9b9f1c3e9b9f1c
DATA ·tails+424(SB)/8, $0x3e9b9f1c3e9b9f1c
DATA ·tails+432(SB)/8, $0x3e9b9f1c3e9b9f1c
DATA ·tails+440(SB)/8, $0x3e9b9f1c3e9b9f1c
DATA ·tails+448(SB)/8, $0x3e415a5e3e415a5e
DATA ·tails+456(SB)/8, $0x3e415a5e3e415a5e
DATA ·tails+464(SB)/8, $0x3e415a5e3e415a5e
DATA ·tails+472(SB)/8, $0x3e415a5e3e415a5e
GLOBL ·tails(SB), RODATA|NOPTR, $480

// func geluAVX2(dst, x []float32)
//
// len(dst) is a multiple of 8. x Φ(x) is max(x, 0) - |x| Φ(-|x|), in which
// nothing cancels, and
//
//	Φ(-a) = exp(-a²/2) t (c0 + c1 r + ... + c9 r^9), t = 1 / (1 + a/4), r = t - 1/2
//
// is Φ's tail without its exponential, as Shepherd and Laframboise 1981 have it
// for erfc, with a polynomial of our own: the least largest relative error over
// 0 <= a <= 14.6, 9e-9. What t and a² lose to rounding is added to what they
// multiply. The largest error over every float32 is 3.5 units in the last place
// above 0, 4.7 below, where the result is near nothing (TestGELU).
//
//	for i, v := range x[:len(dst)] {
//		a := |min(v, 15)|
//		m := min(a, 15)
//		dst[i] = max(v, 0) - a*Φ(-m)
//	}
TEXT ·geluAVX2(SB), NOSPLIT, $0-48
	MOVQ    dst_base+0(FP), DI
	MOVQ    dst_len+8(FP), CX
	MOVQ    x_base+24(FP), SI
	LEAQ    ·exponential(SB), R8
	LEAQ    ·tails(SB), R9
	VMOVUPS (R9), Y9
	VMOVUPS 32(R9), Y10
	VMOVUPS 352(R8), Y11
	SHRQ    $3, CX
	JZ      done

loop:
	VMOVUPS (SI), Y1
	VMINPS  Y1, Y9, Y2
	VANDPS  Y10, Y2, Y2 // a
	VMINPS  Y2, Y9, Y3  // m

	// t, and in Y6 its relative error
	VMOVUPS      64(R9), Y7
	VMOVAPS      Y3, Y4
	VFMADD213PS  Y11, Y7, Y4 // 1 + m/4
	VSUBPS       Y11, Y4, Y8
	VFMSUB231PS  Y7, Y3, Y8
	VDIVPS       Y4, Y11, Y5
	VMOVAPS      Y11, Y6
	VFNMADD231PS Y4, Y5, Y6

	// Y8 becomes what 1 + m/4 lost: m/4 - ((1 + m/4) - 1)
	VFNMADD231PS Y8, Y5, Y6

	// -m²/2, and in Y7 what it lost
	VMULPS      Y3, Y3, Y0
	VMOVAPS     Y3, Y7
	VFMSUB213PS Y0, Y3, Y7
	VMOVUPS     128(R9), Y8
	VMULPS      Y8, Y0, Y0
	VMULPS      Y5, Y2, Y2    // a t
	VFMADD213PS Y6, Y7, Y8
	VFMADD213PS Y2, Y2, Y8    // and all that was lost

	// the polynomial
	VSUBPS      96(R9), Y5, Y4
	VFMADD213PS Y4, Y5, Y6  // r
	VMOVUPS     160(R9), Y5
	VFMADD213PS 192(R9), Y6, Y5
	VFMADD213PS 224(R9), Y6, Y5
	VFMADD213PS 256(R9), Y6, Y5
	VFMADD213PS 288(R9), Y6, Y5
	VFMADD213PS 320(R9), Y6, Y5
	VFMADD213PS 352(R9), Y6, Y5
	VFMADD213PS 384(R9), Y6, Y5
	VFMADD213PS 416(R9), Y6, Y5
	VFMADD213PS 448(R9), Y6, Y5
	VMULPS      Y8, Y5, Y5

	EXP(Y0)
	VMULPS  Y0, Y5, Y5
	VXORPS  Y4, Y4, Y4
	VMAXPS  Y1, Y4, Y4
	VSUBPS  Y5, Y4, Y4
	VMOVUPS Y4, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	DECQ    CX
	JNZ     loop

done:
	VZEROUPPER
	RET

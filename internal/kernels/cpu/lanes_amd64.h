// What fused attention's loops by parts are made of. Z21 and Z22 hold half of a
// part's last bit and a part's bits.

// LANES multiplies part i of 32 rows by part p of 48 lanes: there and back, so
// that the first 16 lanes of the part stay for the next. LOAD brings them.
#define LOAD(p) TILELOADD(7, BASE_DI, (p*3072))
#define LANES(i, p) \
	TILELOADD(6, BASE_SI, (i*2048))      \
	TDPBF16PS(0, 6, 7)                   \
	TILELOADD(7, BASE_DI, (p*3072+1024)) \
	TDPBF16PS(1, 6, 7)                   \
	TILELOADD(7, BASE_DI, (p*3072+2048)) \
	TDPBF16PS(2, 6, 7)                   \
	TILELOADD(6, BASE_SI, (i*2048+1024)) \
	TDPBF16PS(5, 6, 7)                   \
	TILELOADD(7, BASE_DI, (p*3072+1024)) \
	TDPBF16PS(4, 6, 7)                   \
	LOAD(p)                              \
	TDPBF16PS(3, 6, 7)

// PRODUCT is one step: six products of parts.
#define PRODUCT \
	LOAD(2)     \
	LANES(0, 2) \
	LOAD(1)     \
	LANES(0, 1) \
	LANES(1, 1) \
	LOAD(0)     \
	LANES(0, 0) \
	LANES(1, 0) \
	LANES(2, 0)

// SUMS loads the sums of 32 rows at BX, STORES stores them.
#define SUMS \
	MOVQ $192, CX               \
	TILELOADD(0, BASE_BX, 0)    \
	TILELOADD(1, BASE_BX, 64)   \
	TILELOADD(2, BASE_BX, 128)  \
	TILELOADD(3, BASE_BX, 3072) \
	TILELOADD(4, BASE_BX, 3136) \
	TILELOADD(5, BASE_BX, 3200)

#define STORES \
	MOVQ $192, CX               \
	TILESTORED(0, BASE_BX, 0)    \
	TILESTORED(1, BASE_BX, 64)   \
	TILESTORED(2, BASE_BX, 128)  \
	TILESTORED(3, BASE_BX, 3072) \
	TILESTORED(4, BASE_BX, 3136) \
	TILESTORED(5, BASE_BX, 3200)

#define ZEROS \
	TILEZERO(0) \
	TILEZERO(1) \
	TILEZERO(2) \
	TILEZERO(3) \
	TILEZERO(4) \
	TILEZERO(5)

// PART takes the next part of sixteen numbers of two rows, x and y, and stores
// their pairs.
#define PART(x, y, p, q, at) \
	VPADDD    Z21, x, p  \
	VPADDD    Z21, y, q  \
	VPANDD    Z22, p, p  \
	VPANDD    Z22, q, q  \
	VSUBPS    p, x, x    \
	VSUBPS    q, y, y    \
	VPSRLD    $16, p, p  \
	VPORD     q, p, p    \
	VMOVDQU64 p, at

// SPLIT splits sixteen numbers of two rows, which it loses, into pairs from at on.
#define SPLIT(x, y, p, q, at, base) \
	VMULPS    Z31, x, x                \
	VMULPS    Z31, y, y                \
	PART(x, y, p, q, at(base))         \
	PART(x, y, p, q, (at+3072)(base))  \
	VPSRLD    $16, x, x                \
	VPORD     y, x, x                  \
	VMOVDQU64 x, (at+6144)(base)

// SPLITS keeps what SPLIT reads, 2^24 in Z31.
#define SPLITS() \
	VPTERNLOGD   $0xff, Z22, Z22, Z22 \
	VPSLLD       $16, Z22, Z22        \
	MOVL         $0x8000, AX          \
	VPBROADCASTD AX, Z21              \
	MOVL         $0x4b800000, AX      \
	VPBROADCASTD AX, Z31

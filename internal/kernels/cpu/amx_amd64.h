// The instructions of AMX in bytes, for Go's assembler has no names for them.
// Tiles are numbers 0 to 7. All of an address is a register and an index, CX.

#define BASE_BX 0x0B
#define BASE_SI 0x0E
#define BASE_DI 0x0F

// LDTILECFG takes the shapes of all tiles from (AX).
#define LDTILECFG BYTE $0xC4; BYTE $0xE2; BYTE $0x78; BYTE $0x49; BYTE $0x00
#define TILERELEASE BYTE $0xC4; BYTE $0xE2; BYTE $0x78; BYTE $0x49; BYTE $0xC0
#define TILEZERO(t) BYTE $0xC4; BYTE $0xE2; BYTE $0x7B; BYTE $0x49; BYTE $(0xC0|(t<<3))

// TILELOADD reads rows CX bytes apart, TILESTORED writes them.
#define TILELOADD(t, base, at) BYTE $0xC4; BYTE $0xE2; BYTE $0x7B; BYTE $0x4B; BYTE $(0x84|(t<<3)); BYTE $base; LONG $at
#define TILESTORED(t, base, at) BYTE $0xC4; BYTE $0xE2; BYTE $0x7A; BYTE $0x4B; BYTE $(0x84|(t<<3)); BYTE $base; LONG $at

// TDPBF16PS adds the product of tiles a and b to tile c.
#define TDPBF16PS(c, a, b) BYTE $0xC4; BYTE $0xE2; BYTE $((((15-b)&15)<<3)|2); BYTE $0x5C; BYTE $(0xC0|(c<<3)|a)

#include "textflag.h"

// lanes is eight ones and eight zeros: a window of eight that begins 8-n
// numbers in is the mask of the first n lanes.
DATA ·lanes+0(SB)/8, $-1
DATA ·lanes+8(SB)/8, $-1
DATA ·lanes+16(SB)/8, $-1
DATA ·lanes+24(SB)/8, $-1
DATA ·lanes+32(SB)/8, $0
DATA ·lanes+40(SB)/8, $0
DATA ·lanes+48(SB)/8, $0
DATA ·lanes+56(SB)/8, $0
GLOBL ·lanes(SB), RODATA|NOPTR, $64

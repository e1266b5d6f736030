// MASK points to at the mask of the first n lanes of eight, n from 0 to 8.
#define MASK(n, to) \
	LEAQ ·lanes(SB), to   \
	NEGQ n                \
	LEAQ 32(to)(n*4), to  \
	NEGQ n

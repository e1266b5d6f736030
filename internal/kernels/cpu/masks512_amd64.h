// FIRST makes of to the mask of the first CX of sixteen lanes, CX from 1 to 15;
// it loses AX.
#define FIRST(to) \
	MOVL  $1, AX   \
	SHLL  CX, AX   \
	DECL  AX       \
	KMOVW AX, to

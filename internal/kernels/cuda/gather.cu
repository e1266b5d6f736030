// out[t][i] = w[ids[t]][i]: rows of a matrix by their numbers.
#include "weights.h"

template <Type T>
DEVICE void gather(const u8 *w, const int *ids, float *out, int width, long row, long col) {
	int i = block_y() * threads() + thread(), t = block_x(); // a grid is wide in x alone
	if (i < width) out[(long)t * width + i] = element<T>(w, ids[t] * row + i * col);
}

#define GATHER(T)                                                                                        \
	KERNEL void gather_##T(const u8 *w, const int *ids, float *out, int width, long row, long col) { \
		gather<T>(w, ids, out, width, row, col);                                                      \
	}
EACH_TYPE(GATHER)

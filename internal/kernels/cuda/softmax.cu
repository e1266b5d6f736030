// out = exp(x - top) / sum of the same, row by row.
#include "softmax.h"

KERNEL void softmax(const float *x, float *out, int width) {
	long first = (long)block_x() * width;
	softmax_row(x + first, out + first, width, -infinity());
}

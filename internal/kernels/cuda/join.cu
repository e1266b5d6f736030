// Puts y's vectors behind x's: out[t][h] = x[t][h], then y[t][h / group]. x is
// [pos][head][left], y [pos][head / group][right].
#include "gpu.h"

KERNEL void join(const float *x, const float *y, float *out, long n, int heads, int group, int left, int right) {
	long at = global_thread();
	if (at >= n) return;
	int width = left + right, i = at % width;
	long row = at / width, pos = row / heads, head = row % heads / group;
	out[at] = i < left ? x[row * left + i] : y[(pos * (heads / group) + head) * right + i - left];
}

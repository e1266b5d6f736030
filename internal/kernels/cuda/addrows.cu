// x[rows[r]] += factors[r] y[r]. The rows are all different.
#include "gpu.h"

KERNEL void addrows(float *x, const float *y, const int *rows, const float *factors, long n, int width) {
	long i = global_thread();
	if (i >= n) return;
	long r = i / width;
	x[(long)rows[r] * width + i % width] += factors[r] * y[i];
}

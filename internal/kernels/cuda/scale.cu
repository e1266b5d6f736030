// out = factor x.
#include "gpu.h"

KERNEL void scale(const float *x, float *out, long n, float factor) {
	long i = global_thread();
	if (i < n) out[i] = factor * x[i];
}

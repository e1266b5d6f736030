// out = a * b, number by number.
#include "gpu.h"

KERNEL void multiply(const float *a, const float *b, float *out, long n) {
	long i = global_thread();
	if (i < n) out[i] = a[i] * b[i];
}

// out = limit tanh(x / limit).
#include "tanh.h"

KERNEL void softcap(const float *x, float *out, long n, float limit) {
	long i = global_thread();
	if (i >= n) return;
	float y = x[i] / limit;
	out[i] = magnitude(y) <= TANH_NEAR ? x[i] * tanh_over(y) : limit * tanh_far(y);
}

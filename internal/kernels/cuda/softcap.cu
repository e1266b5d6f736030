// out = limit tanh(x / limit).
#include "tanh.h"

KERNEL void softcap(const float *x, float *out, long n, float limit) {
	long i = global_thread();
	if (i < n) out[i] = capped(x[i], x[i] / limit, limit);
}

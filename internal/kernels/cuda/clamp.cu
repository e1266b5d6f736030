// out = min(max(x, low), high); NaN stays NaN.
#include "gpu.h"

KERNEL void clamp(const float *x, float *out, long n, float low, float high) {
	long i = global_thread();
	if (i >= n) return;
	float v = x[i];
	v = v < low ? low : v;
	out[i] = v > high ? high : v;
}

// What the device does at its best, for attn bench to hold kernels against: no op
// of a model.
#include "gpu.h"

enum { CHAINS = 16 };

// Each thread turns x into x a + b, in so many chains that no unit ever waits for a
// result, and adds them up so that none can be left out.
KERNEL void probe_fma(float *out, int rounds, float a, float b) {
	float x[CHAINS];
#pragma unroll
	for (int i = 0; i < CHAINS; i++) x[i] = i;
	for (int r = 0; r < rounds; r++)
#pragma unroll
		for (int i = 0; i < CHAINS; i++) x[i] = __builtin_fmaf(x[i], a, b);
	float sum = 0;
#pragma unroll
	for (int i = 0; i < CHAINS; i++) sum += x[i];
	out[global_thread()] = sum;
}

typedef float Four __attribute__((ext_vector_type(4)));

KERNEL void probe_copy(const Four *from, Four *to, long n) {
	long i = global_thread();
	if (i < n) to[i] = from[i];
}

// out[h][q][k] = x[h][q][k] + bias[h][k].
#include "gpu.h"

KERNEL void keybias(const float *x, const float *bias, float *out, long n, int queries, int keys) {
	long i = global_thread();
	if (i < n) out[i] = x[i] + bias[i / keys / queries * keys + i % keys];
}

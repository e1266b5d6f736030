// out[..][q][k] = x, or -Inf where query q may not see key k; window 0 is none.
#include "gpu.h"

KERNEL void mask(const float *x, float *out, long n, int queries, int keys, int causal, int window) {
	long i = global_thread();
	if (i >= n) return;
	int k = i % keys, q = i / keys % queries;
	bool hidden = (causal && k > q) || (window > 0 && (q - k >= window || k - q >= window));
	out[i] = hidden ? -infinity() : x[i];
}

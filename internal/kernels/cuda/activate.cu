// The nonlinearities of MLPs, number by number.
#include "tanh.h"

// erf of z >= 0 within 1.5e-7 (Abramowitz and Stegun 1964, 7.1.26).
DEVICE float erf(float z) {
	float t = 1 / __builtin_fmaf(0.3275911f, z, 1.0f);
	float p = __builtin_fmaf(1.061405429f, t, -1.453152027f);
	p = __builtin_fmaf(p, t, 1.421413741f);
	p = __builtin_fmaf(p, t, -0.284496736f);
	p = __builtin_fmaf(p, t, 0.254829592f);
	return 1 - p * t * exp(-z * z);
}

// gelu_new: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
KERNEL void activate_gelu_new(const float *x, float *out, long n) {
	long i = global_thread();
	if (i >= n) return;
	float v = x[i], y = 0.797884560802865f * (v + 0.044715f * v * v * v);
	float t = magnitude(y) <= TANH_NEAR ? y * tanh_over(y) : tanh_far(y);
	out[i] = 0.5f * v * (1 + t);
}

// gelu: 0.5 x (1 + erf(x / sqrt(2)))
KERNEL void activate_gelu(const float *x, float *out, long n) {
	long i = global_thread();
	if (i >= n) return;
	float v = x[i], e = erf(magnitude(v) * 0.707106781186547524f);
	out[i] = 0.5f * v * (v < 0 ? 1 - e : 1 + e);
}

// relu: max(0, x)
KERNEL void activate_relu(const float *x, float *out, long n) {
	long i = global_thread();
	if (i < n) out[i] = x[i] < 0 ? 0 : x[i];
}

// silu: x / (1 + exp(-x))
KERNEL void activate_silu(const float *x, float *out, long n) {
	long i = global_thread();
	if (i < n) out[i] = x[i] / (1 + exp(-x[i]));
}

// The hyperbolic tangent.
#pragma once
#include "gpu.h"

// tanh_over returns tanh(y) / y for |y| <= TANH_NEAR, a polynomial in y^2
// (Chebyshev fit, error below 2e-9), so that what is multiplied by it keeps its
// digits near zero.
#define TANH_NEAR 0.55f
DEVICE float tanh_over(float y) {
	float s = y * y, p = 0.00253491485f;
	p = __builtin_fmaf(p, s, -0.00853030314f);
	p = __builtin_fmaf(p, s, 0.0218187108f);
	p = __builtin_fmaf(p, s, -0.0539646155f);
	p = __builtin_fmaf(p, s, 0.133333232f);
	p = __builtin_fmaf(p, s, -0.333333333f);
	return __builtin_fmaf(p, s, 1.0f);
}

// tanh_far is 1 - 2 / (e^2|y| + 1) with y's sign, for |y| > TANH_NEAR. What is
// taken from 1 is at most a half, and may be off by two units of its own.
DEVICE float tanh_far(float y) {
	float t = 1 - __nvvm_div_approx_f(2, exp(2 * magnitude(y)) + 1);
	return y < 0 ? -t : t;
}

// capped is limit tanh(y), y being x / limit.
DEVICE float capped(float x, float y, float limit) { return magnitude(y) <= TANH_NEAR ? x * tanh_over(y) : limit * tanh_far(y); }

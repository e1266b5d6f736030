// One row of a softmax, by one block.
#pragma once
#include "reduce.h"

// softmax_row writes exp(x - top) / sum, and returns top and sum; sink is one
// more logit, -Inf for none. A row of only -Inf becomes zeros.
DEVICE float softmax_row(const float *x, float *out, int width, float sink) {
	SHARED float scratch[REDUCES];
	float top = sink;
	for (int i = thread(); i < width; i += threads()) top = larger(top, x[i]);
	top = reduce(scratch, top, Larger());
	if (top == -infinity()) {
		for (int i = thread(); i < width; i += threads()) out[i] = 0;
		return 0;
	}
	float sum = 0;
	for (int i = thread(); i < width; i += threads()) sum += exp(x[i] - top);
	sum = reduce(scratch, sum, Sum());
	float own = exp(sink - top);
	sum += own;
	for (int i = thread(); i < width; i += threads()) out[i] = exp(x[i] - top) / sum;
	return own / sum;
}

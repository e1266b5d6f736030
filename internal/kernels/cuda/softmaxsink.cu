// Softmax with one more logit for each head, which takes part in the sum alone;
// its share is written to rest.
#include "softmax.h"

KERNEL void softmaxsink(const float *x, const float *sinks, float *out, float *rest, int queries, int width) {
	long first = (long)block_x() * width;
	float own = softmax_row(x + first, out + first, width, sinks[block_x() / queries]);
	if (thread() == 0) rest[block_x()] = own;
}

// out = gain (x - mean) / scale + bias, scale = sqrt(variance + epsilon), row by
// row; with rms the mean counts as 0. Sums are taken in double, for squares of
// large numbers leave float's range.
#include "reduce.h"

KERNEL void norm(const float *x, const float *gain, const float *bias, float *out, float *scales, int width, float epsilon, int rms) {
	SHARED double scratch[REDUCES];
	const float *row = x + (long)block_x() * width;
	double sum = 0, mean = 0;
	if (!rms) {
		for (int i = thread(); i < width; i += threads()) sum += row[i];
		mean = reduce(scratch, sum, Sum()) / width;
	}
	sum = 0;
	for (int i = thread(); i < width; i += threads()) sum += (row[i] - mean) * (row[i] - mean);
	double scale = __builtin_sqrt(reduce(scratch, sum, Sum()) / width + epsilon);
	if (thread() == 0) scales[block_x()] = (float)scale;
	for (int i = thread(); i < width; i += threads()) {
		double n = (row[i] - mean) / scale;
		if (gain) n *= gain[i];
		if (bias) n += bias[i];
		out[(long)block_x() * width + i] = (float)n;
	}
}

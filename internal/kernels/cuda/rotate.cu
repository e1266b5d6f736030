// Turns pairs of components by their position's angles:
//
//	out[i] = x[i] cos - x[j] sin
//	out[j] = x[j] cos + x[i] sin
//
// x is [pos][head][width]; components after the first 2 pairs stay.
#include "gpu.h"

KERNEL void rotate(const float *x, const float *cos, const float *sin, float *out, long n, int heads, int width, int pairs, int interleaved) {
	long at = global_thread();
	if (at >= n) return;
	int i = at % width;
	long row = at / width, pos = row / heads;
	if (i >= 2 * pairs) {
		out[at] = x[at];
		return;
	}
	int pair = interleaved ? i / 2 : i % pairs;
	bool first = interleaved ? i % 2 == 0 : i < pairs;
	long other = row * width + (interleaved ? i ^ 1 : first ? i + pairs : i - pairs);
	float c = cos[pos * pairs + pair], s = sin[pos * pairs + pair];
	out[at] = first ? x[at] * c - x[other] * s : x[at] * c + x[other] * s;
}

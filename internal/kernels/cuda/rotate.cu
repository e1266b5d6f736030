// Turns pairs of components by their position's angles:
//
//	out[k] = x[i] cos - x[j] sin
//	out[l] = x[j] cos + x[i] sin
//
// x is [pos][head][width]; components before the first and after 2 pairs stay.
// i, j and k, l are p, p + pairs, or 2p, 2p + 1: i, j when interleaved, k, l when
// that and not apart.
#include "gpu.h"

KERNEL void rotate(const float *x, const float *cos, const float *sin, float *out, long n, int heads, int width, int first, int pairs,
		int interleaved, int apart) {
	long at = global_thread();
	if (at >= n) return;
	int i = at % width - first;
	long row = at / width, pos = row / heads;
	if (i < 0 || i >= 2 * pairs) {
		out[at] = x[at];
		return;
	}
	bool beside = interleaved && !apart;
	int pair = beside ? i / 2 : i % pairs;
	bool k = beside ? i % 2 == 0 : i < pairs;
	const float *from = x + row * width + first + (interleaved ? 2 * pair : pair);
	float a = from[0], b = from[interleaved ? 1 : pairs];
	float c = cos[pos * pairs + pair], s = sin[pos * pairs + pair];
	out[at] = k ? a * c - b * s : b * c + a * s;
}

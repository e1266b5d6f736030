// Each token's experts and their shares, a token to a block: kernels.RouteOpts says
// how they are chosen. In double, so that the choice is the one that the CPU makes.
#include "reduce.h"

// power is 2^k, for k of a normal number.
DEVICE double power(long k) { return __builtin_bit_cast(double, (k + 1023) << 52); }

// exponential is e^x = 2^k e^r with |r| <= ln 2 / 2, whose series ends below double's
// rounding. 2^k is multiplied in two halves: it may be no number of its own.
DEVICE double exponential(double x) {
	x = x > 800 ? 800 : x < -800 ? -800 : x; // infinite, or 0
	int k = __nvvm_d2i_rn(x * 1.44269504088896340736);
	double r = x - k * 0x1.62e42feep-1 - k * 0x1.a39ef35793c76p-33, sum = 1;
#pragma unroll
	for (int n = 13; n > 0; n--) sum = 1 + sum * (r * (1.0 / n));
	return sum * power(k / 2) * power(k - k / 2);
}

// ordered is a whole number for each number, in the order of choice: what is no
// number comes last. It is its own inverse, but for the sign of zero.
DEVICE long ordered(long bits) { return bits < 0 ? (long)(1UL << 63) - bits : bits; }
DEVICE long worth(double x) { return ordered(__builtin_bit_cast(long, x == x ? x : -__builtin_nan(""))); }

// place is how many of n come before i: those that are worth more, and earlier ones
// that are worth as much.
DEVICE int place(const long *x, int n, int i) {
	int before = 0;
	for (int j = 0; j < n; j++) before += j < i ? x[j] >= x[i] : x[j] > x[i];
	return before;
}

// best adds up the most that are worth most of n, the first in place first.
DEVICE double best(const long *x, int n, int most) {
	double sum = 0;
	for (int last = -1; most > 0; most--) {
		int next = -1;
		for (int i = 0; i < n; i++) {
			bool left = last < 0 || x[i] < x[last] || (x[i] == x[last] && i > last);
			if (left && (next < 0 || x[i] > x[next])) next = i;
		}
		sum += __builtin_bit_cast(double, ordered(x[next]));
		last = next;
	}
	return sum;
}

// A token has room for what suits how well, what that is worth for the choice, and
// what its group is.
KERNEL void route(const float *scores, const float *correction, float *out, long *room, int experts, int used, int sigmoid, int anew, float scale, int groups, int groups_used, int group_best) {
	SHARED double scratch[REDUCES];
	const float *row = scores + (long)block_x() * experts;
	float *shares = out + (long)block_x() * experts;
	long *choice = room + (long)block_x() * (2 * experts + groups), *sums = choice + experts;
	double *suits = (double *)(sums + groups);

	double top = -infinity(), sum = 0;
	for (int e = thread(); e < experts; e += threads()) top = larger(top, row[e]);
	top = reduce(scratch, top, Larger()); // of floats, and so exact
	for (int e = thread(); e < experts; e += threads()) {
		suits[e] = sigmoid ? 1 / (1 + exponential(-(double)row[e])) : exponential(row[e] - top);
		sum += suits[e];
	}
	sum = sigmoid ? 1 : reduce(scratch, sum, Sum());
	for (int e = thread(); e < experts; e += threads()) {
		suits[e] /= sum;
		choice[e] = worth(suits[e] + (correction ? correction[e] : 0));
	}
	barrier();

	if (groups) {
		int size = experts / groups;
		for (int g = thread(); g < groups; g += threads()) sums[g] = worth(best(choice + g * size, size, group_best));
		barrier();
		for (int e = thread(); e < experts; e += threads()) {
			if (place(sums, groups, e / size) >= groups_used) choice[e] = worth(-infinity());
		}
		barrier();
	}

	double total = 0;
	for (int e = thread(); e < experts; e += threads()) {
		bool chosen = place(choice, experts, e) < used;
		shares[e] = chosen;
		if (chosen) total += suits[e];
	}
	double factor = anew ? 1 / reduce(scratch, total, Sum()) : 1;
	if (scale != 0) factor *= scale;
	for (int e = thread(); e < experts; e += threads()) {
		if (shares[e] != 0) shares[e] = (float)(suits[e] * factor);
	}
}

// The n largest numbers of each row and their places, the largest first; of two alike
// the earlier stands first, and NaN counts as less than every number. A block takes a
// row, and goes over it once for each number: the next is the largest that is smaller
// than the last one found.
#include "reduce.h"

// rank is a number that is larger for what comes earlier in the list: the float's bits,
// turned so that they count up as it does, and behind them how far the place is from
// the end. No two places have the same, and all are above 0.
DEVICE unsigned long rank(float x, int place) {
	u32 bits = to_bits(x + 0.0f); // -0 is 0
	u32 order = bits >> 31 ? ~bits : bits | 0x80000000;
	return (unsigned long)(x != x ? 0 : order) << 32 | (0xffffffff - (u32)place);
}

// Highest keeps the larger of two ranks.
struct Highest {
	__attribute__((device)) unsigned long operator()(unsigned long a, unsigned long b) const { return b > a ? b : a; }
};

KERNEL void top(const float *x, float *values, float *places, int width, int n) {
	SHARED unsigned long scratch[REDUCES];
	const float *row = x + (long)block_x() * width;
	unsigned long last = 0xfffffffffffffffful;
	for (int r = 0; r < n; r++) {
		unsigned long next = 0;
		for (int i = thread(); i < width; i += threads()) {
			unsigned long own = rank(row[i], i);
			if (own < last && own > next) next = own;
		}
		last = reduce(scratch, next, Highest());
		if (thread() != 0) continue;
		int place = (int)(0xffffffff - (u32)last);
		values[(long)block_x() * n + r] = row[place];
		places[(long)block_x() * n + r] = (float)place;
	}
}

// What all threads of a block make of one number each. The order of the sums is
// the same on every run.
#pragma once
#include "gpu.h"

// A block has at most this many threads where it reduces, a power of two.
enum { REDUCES = 256 };

// reduce folds the numbers of all threads into one with f, and gives it to all.
// scratch has one place for each thread.
template <typename T, typename F>
DEVICE T reduce(T *scratch, T mine, F f) {
	barrier(); // whoever read the last result is done
	scratch[thread()] = mine;
	for (int half = threads() / 2; half > 0; half /= 2) {
		barrier();
		if (thread() < half) scratch[thread()] = f(scratch[thread()], scratch[thread() + half]);
	}
	barrier();
	return scratch[0];
}

// Copies from global to shared memory that run while a block computes
// (cp.async): no register holds what is on its way.
#pragma once
#include "gpu.h"

#define IN_SHARED __attribute__((address_space(3)))
#define IN_GLOBAL __attribute__((address_space(1)))

// copy4 begins to set four numbers of shared memory to the first count of those
// at from, and the rest to 0. Whole says that both are 16-byte aligned and that
// count is at most 0 or at least 4: one copy does then.
DEVICE void copy4(float *to, const float *from, int count, bool whole) {
	if (whole) {
		__nvvm_cp_async_cg_shared_global_16((IN_SHARED void *)to, (const IN_GLOBAL void *)from, count > 0 ? 16 : 0);
		return;
	}
	#pragma unroll
	for (int i = 0; i < 4; i++)
		__nvvm_cp_async_ca_shared_global_4((IN_SHARED void *)(to + i), (const IN_GLOBAL void *)(from + i), i < count ? 4 : 0);
}

// copy_tile begins to copy a tile of ROWS rows of WIDTH numbers, a multiple of 4,
// to shared memory, where they lie PAD apart. Of the source's rows, stride apart,
// so many are inside, and so many columns; what is outside becomes 0.
template <int ROWS, int WIDTH, int PAD, int THREADS>
DEVICE void copy_tile(float *to, const float *from, long stride, int rows, int columns, bool whole) {
	enum { ACROSS = WIDTH / 4, STEP = THREADS / ACROSS };
	static_assert(THREADS % ACROSS == 0 && (ROWS % STEP == 0 || STEP % ROWS == 0), "threads share a tile evenly");
	int row = thread() / ACROSS, column = thread() % ACROSS * 4;
	if (STEP > ROWS && row >= ROWS) return;
	to += row * PAD + column;
	from += row * stride + column;
	#pragma unroll
	for (int i = 0; i < ROWS; i += STEP, to += STEP * PAD, from += STEP * stride)
		copy4(to, from, row + i < rows ? columns - column : 0, whole);
}

// arrived waits for the thread's own copies; a barrier after it, for everybody's.
DEVICE void arrived() { __nvvm_cp_async_wait_all(); }

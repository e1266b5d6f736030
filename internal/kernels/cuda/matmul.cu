// c[z][m][n] = sum_k a[z][m][k] b[z][n][k] + bias[n]
//
// One kernel for MatMul, Scores, Mix and HeadResults: they differ in strides.
// Every number of c is one thread's sum in the order of k, so its bits do not
// depend on the grid.
//
// b_col or b_row is 1; whatever lies otherwise, matrows.cu multiplies.
//
// A block makes a tile of c, 32 WY x 64 WX numbers, DEPTH of k at a time: while
// it multiplies one pair of tiles in shared memory, the next pair arrives in the
// other half of it.
#include "async.h"
#include "product.h"
#include "square.h"

enum { DEPTH = 16, PAD = DEPTH + 4, AT_ONCE = 4 };

// load_stored converts a tile of b, [SIDE][PAD], or with ACROSS [DEPTH][SIDE].
// Neighbouring threads read numbers that lie side by side; each reads several
// before it needs the first.
template <int SIDE, bool ACROSS, int THREADS>
DEVICE void load_stored(float *tile, const Product &p, long first, int n0, int k0) {
	#pragma unroll 1
	for (int from = thread(); from < SIDE * DEPTH; from += THREADS * AT_ONCE) {
		float value[AT_ONCE];
		#pragma unroll
		for (int i = 0; i < AT_ONCE; i++) {
			int at = from + i * THREADS, n = n0 + (ACROSS ? at % SIDE : at / DEPTH), k = k0 + (ACROSS ? at / SIDE : at % DEPTH);
			value[i] = n < p.n && k < p.k ? element<TYPE>(p.b, first + n * p.b_row + k * p.b_col) : 0;
		}
		#pragma unroll
		for (int i = 0; i < AT_ONCE; i++) {
			int at = from + i * THREADS;
			tile[ACROSS ? at : at / DEPTH * PAD + at % DEPTH] = value[i];
		}
	}
}

// load_b makes a tile of b.
template <int SIDE, bool ACROSS, int THREADS>
DEVICE void load_b(float *tile, const Product &p, long first, int n0, int k0) {
	const float *from = (const float *)p.b + first + n0 * p.b_row + k0 * p.b_col;
	if (TYPE != F32) load_stored<SIDE, ACROSS, THREADS>(tile, p, first, n0, k0);
	else if (ACROSS) copy_tile<DEPTH, SIDE, SIDE, THREADS>(tile, from, p.b_col, p.k - k0, p.n - n0, p.whole_b);
	else copy_tile<SIDE, DEPTH, PAD, THREADS>(tile, from, p.b_row, p.n - n0, p.k - k0, p.whole_b);
}

// product makes a block's tile of c. b's numbers lie side by side along k, or
// with ACROSS along n.
template <int WY, int WX, bool ACROSS>
DEVICE void product(const Product &p) {
	enum { THREADS = WARP * WY * WX, M = ROWS * WY, N = COLS * WX };
	SHARED float __attribute__((aligned(16))) tiles[2][(M + N) * PAD];
	const float *a = a_of(p);
	long first = first_of_b(p);
	int m0 = block_y() * M, n0 = block_x() * N;
	int my = thread() / WARP % WY * ROWS, nx = thread() / WARP / WY * COLS;
	auto load = [&](int k0) {
		float *to = tiles[k0 / DEPTH % 2];
		copy_tile<M, DEPTH, PAD, THREADS>(to, a + m0 * p.a_row + k0, p.a_row, p.m - m0, p.k - k0, p.whole_a);
		load_b<N, ACROSS, THREADS>(to + M * PAD, p, first, n0, k0);
	};
	float sum[EACH][EACH] = {};
	load(0);
	for (int k0 = 0; k0 < p.k; k0 += DEPTH) {
		arrived();
		barrier(); // everybody's numbers are here, and nobody reads the other half any more
		if (k0 + DEPTH < p.k) load(k0 + DEPTH);
		const float *from = tiles[k0 / DEPTH % 2];
		if (ACROSS) add_rows(sum, from + my * PAD, PAD, from + M * PAD + nx, N, DEPTH);
		else add_dots(sum, from + my * PAD, PAD, from + (M + nx) * PAD, PAD, DEPTH);
	}
	float *c = c_of(p) + n0 + nx + (m0 + my) * p.c_row;
	#pragma unroll
	for (int j = 0; j < EACH; j++) {
		int n = ACROSS ? col_beside(j) : col_apart(j);
		if (n0 + nx + n >= p.n) continue;
		float bias = p.bias ? p.bias[n0 + nx + n] : -0.0f; // which no sum sees
		#pragma unroll
		for (int i = 0; i < EACH; i++)
			if (m0 + my + row_of(i) < p.m) c[row_of(i) * p.c_row + n] = sum[i][j] + bias;
	}
}

KERNEL __attribute__((launch_bounds(256, 2))) void NAMED(matmul)(Product p) { product<4, 2, false>(p); }
KERNEL __attribute__((launch_bounds(64, 6))) void NAMED(matmul_small)(Product p) { product<2, 1, false>(p); }
#ifndef BLOCKS
KERNEL __attribute__((launch_bounds(256, 2))) void NAMED(matmul_across)(Product p) { product<4, 2, true>(p); }
KERNEL __attribute__((launch_bounds(64, 6))) void NAMED(matmul_across_small)(Product p) { product<2, 1, true>(p); }
#endif

// c[z][m][n] = sum_k a[z][m][k] b[z][n][k] + bias[n]
//
// One kernel for MatMul, Scores, Mix and HeadResults: they differ in strides.
// A block of 16 x 16 threads makes a tile of c, R x R numbers each thread, from
// tiles of a and b in shared memory, 16 of k at a time. Every number of c is one
// thread's sum in the order of k, so its bits do not depend on the grid.
#include "weights.h"

struct Product {
	const float *a;
	const u8 *b;
	const float *bias; // or null
	float *c;
	long a_row, a_batch;        // numbers from one row, or z, to the next
	long b_row, b_col, b_batch; // from one n, k, z to the next
	long c_row, c_batch;
	int m, n, k;
	int a_group, b_group; // so many z share an a, a b
};

enum { SIDE = 16, DEPTH = 16 };

template <int R>
DEVICE void load_a(float (*tile)[SIDE * R + 1], const Product &p, const float *a, int m0, int k0) {
	for (int i = thread(); i < SIDE * R * DEPTH; i += SIDE * SIDE) {
		int row = i / DEPTH, k = i % DEPTH;
		bool inside = m0 + row < p.m && k0 + k < p.k;
		tile[k][row] = inside ? a[(m0 + row) * p.a_row + k0 + k] : 0;
	}
}

template <Type T, int R>
DEVICE void load_b(float (*tile)[SIDE * R + 1], const Product &p, long first, int n0, int k0) {
	for (int i = thread(); i < SIDE * R * DEPTH; i += SIDE * SIDE) {
		bool along = p.b_col == 1; // neighbouring threads read neighbouring numbers
		int row = along ? i / DEPTH : i % (SIDE * R), k = along ? i % DEPTH : i / (SIDE * R);
		bool inside = n0 + row < p.n && k0 + k < p.k;
		tile[k][row] = inside ? element<T>(p.b, first + (n0 + row) * p.b_row + (k0 + k) * p.b_col) : 0;
	}
}

template <Type T, int R>
DEVICE void product(const Product &p) {
	SHARED float a_tile[DEPTH][SIDE * R + 1];
	SHARED float b_tile[DEPTH][SIDE * R + 1];
	const float *a = p.a + block_z() / p.a_group * p.a_batch;
	long first = block_z() / p.b_group * p.b_batch;
	int m0 = block_y() * SIDE * R, n0 = block_x() * SIDE * R;
	int x = thread() % SIDE, y = thread() / SIDE;
	float sum[R][R] = {};
	for (int k0 = 0; k0 < p.k; k0 += DEPTH) {
		load_a<R>(a_tile, p, a, m0, k0);
		load_b<T, R>(b_tile, p, first, n0, k0);
		barrier();
		int depth = p.k - k0 < DEPTH ? p.k - k0 : DEPTH;
		for (int k = 0; k < depth; k++)
			for (int i = 0; i < R; i++)
				for (int j = 0; j < R; j++)
					sum[i][j] = __builtin_fmaf(a_tile[k][y + SIDE * i], b_tile[k][x + SIDE * j], sum[i][j]);
		barrier();
	}
	float *c = p.c + block_z() * p.c_batch;
	for (int i = 0; i < R; i++)
		for (int j = 0; j < R; j++) {
			int m = m0 + y + SIDE * i, n = n0 + x + SIDE * j;
			if (m < p.m && n < p.n) c[m * p.c_row + n] = p.bias ? sum[i][j] + p.bias[n] : sum[i][j];
		}
}

#define MATMUL(T)                                          \
	KERNEL void matmul_##T(Product p) { product<T, 4>(p); } \
	KERNEL void matmul_small_##T(Product p) { product<T, 1>(p); }
EACH_TYPE(MATMUL)

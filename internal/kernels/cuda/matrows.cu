// The product of matmul.cu for so few rows that all there is to do is to read b
// once, and for those whose b lies in no order. The order of the sums is the same on every run.
#include "product.h"
#include "square.h"

enum { WARPS = 8, ACROSS_WARPS = 16 };

// over_warp adds up the numbers of a warp's lanes and gives the sum to all.
DEVICE float over_warp(float mine) {
	#pragma unroll
	for (int apart = WARP / 2; apart > 0; apart /= 2) mine += from_lane(mine, lane() ^ apart);
	return mine;
}

// row is row m of a, or the last one where there are fewer.
DEVICE const float *row(const Product &p, const float *a, int m) { return a + (m < p.m ? m : p.m - 1) * p.a_row; }

// rows_along: a warp makes one n of R rows, its lanes take turns along k.
template <int R>
DEVICE void rows_along(const Product &p) {
	int n = block_x() * WARPS + thread() / WARP, m0 = block_y() * R;
	if (n >= p.n) return;
	const float *a = a_of(p);
	long first = first_of_b(p) + n * p.b_row;
	float sum[R] = {};
	if (TYPE == F32 && p.whole_a && p.whole_b) {
		#pragma unroll 2
		for (int k = lane() * 4; k < p.k; k += WARP * 4) {
			Four right = four((const float *)p.b + first + k);
			#pragma unroll
			for (int r = 0; r < R; r++) {
				Four left = four(row(p, a, m0 + r) + k);
				#pragma unroll
				for (int i = 0; i < 4; i++) sum[r] = __builtin_fmaf(left[i], right[i], sum[r]);
			}
		}
	} else {
		#pragma unroll 2
		for (int k = lane(); k < p.k; k += WARP) {
			float right = element<TYPE>(p.b, first + k * p.b_col);
			#pragma unroll
			for (int r = 0; r < R; r++) sum[r] = __builtin_fmaf(row(p, a, m0 + r)[k], right, sum[r]);
		}
	}
	#pragma unroll
	for (int r = 0; r < R; r++) {
		float all = over_warp(sum[r]);
		if (lane() == r && m0 + r < p.m) c_of(p)[(m0 + r) * p.c_row + n] = p.bias ? all + p.bias[n] : all;
	}
}

// rows_across: b's numbers lie side by side along n. A lane makes one n of R
// rows, the warps of a block take turns along k.
template <int R>
DEVICE void rows_across(const Product &p) {
	SHARED float parts[ACROSS_WARPS][R][WARP];
	int n = block_x() * WARP + lane(), m0 = block_y() * R, warp = thread() / WARP;
	const float *a = a_of(p);
	long first = first_of_b(p) + n * p.b_row;
	float sum[R] = {};
	if (n < p.n) {
		#pragma unroll 4
		for (int k = warp; k < p.k; k += ACROSS_WARPS) {
			float right = element<TYPE>(p.b, first + k * p.b_col);
			#pragma unroll
			for (int r = 0; r < R; r++) sum[r] = __builtin_fmaf(row(p, a, m0 + r)[k], right, sum[r]);
		}
	}
	#pragma unroll
	for (int r = 0; r < R; r++) parts[warp][r][lane()] = sum[r];
	barrier();
	for (int r = warp; r < R; r += ACROSS_WARPS) {
		float all = 0;
		for (int w = 0; w < ACROSS_WARPS; w++) all += parts[w][r][lane()];
		if (n < p.n && m0 + r < p.m) c_of(p)[(m0 + r) * p.c_row + n] = p.bias ? all + p.bias[n] : all;
	}
}

KERNEL void NAMED(matrows_1)(Product p) { rows_along<1>(p); }
KERNEL void NAMED(matrows_8)(Product p) { rows_along<8>(p); }
#ifndef BLOCKS
KERNEL void NAMED(matrows_across_1)(Product p) { rows_across<1>(p); }
KERNEL void NAMED(matrows_across_8)(Product p) { rows_across<8>(p); }
#endif

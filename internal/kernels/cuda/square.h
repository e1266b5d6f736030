// Products in registers: a warp makes 32 x 64 numbers of c, each thread 8 x 8,
// from tiles in shared memory. 64 multiply-adds come of 16 numbers read, so that
// the units that multiply are busy and the ones that read are not.
//
// Lanes that lie side by side share what they read: lane bits 0 and 4 are the
// row y, bits 1 to 3 the column x. A thread's rows are y + 4i. No read has a
// conflict of banks: rows lie a multiple of 4 numbers apart that is odd in
// fours, so eight of them fall on all 32 banks.
#pragma once
#include "gpu.h"

enum { WARP = 32, ROWS = 32, COLS = 64, EACH = 8 };

typedef float Four __attribute__((ext_vector_type(4)));

DEVICE Four four(const float *at) { return *(const Four *)at; }

DEVICE int lane() { return thread() % WARP; }
DEVICE int lane_x() { return lane() >> 1 & 7; }
DEVICE int lane_y() { return (lane() & 1) | lane() >> 4 << 1; }

// Where a thread's numbers stand in its warp's.
DEVICE int row_of(int i) { return lane_y() + 4 * i; }
DEVICE int col_apart(int j) { return lane_x() + 8 * j; }                   // after add_dots
DEVICE int col_beside(int j) { return j / 4 * 32 + lane_x() * 4 + j % 4; } // after add_rows

// add_dots adds products of rows: c[i][j] += sum over e of a[row i][e] b[col j][e],
// in the order of e, for depth numbers.
DEVICE void add_dots(float (&c)[EACH][EACH], const float *a, int a_row, const float *b, int b_row, int depth) {
	#pragma unroll 1
	for (int e = 0; e < depth; e += 4) {
		Four right[EACH];
		#pragma unroll
		for (int j = 0; j < EACH; j++) right[j] = four(b + col_apart(j) * b_row + e);
		#pragma unroll
		for (int i = 0; i < EACH; i++) {
			Four left = four(a + row_of(i) * a_row + e);
			#pragma unroll
			for (int n = 0; n < 4; n++)
				#pragma unroll
				for (int j = 0; j < EACH; j++) c[i][j] = __builtin_fmaf(left[n], right[j][n], c[i][j]);
		}
	}
}

// add_rows adds weighted rows: c[i][j] += sum over e of a[row i][e] b[e][col j],
// in the order of e.
DEVICE void add_rows(float (&c)[EACH][EACH], const float *a, int a_row, const float *b, int b_row, int depth) {
	#pragma unroll 1
	for (int e = 0; e < depth; e += 4) {
		Four left[EACH];
		#pragma unroll
		for (int i = 0; i < EACH; i++) left[i] = four(a + row_of(i) * a_row + e);
		#pragma unroll
		for (int n = 0; n < 4; n++) {
			Four right[2] = {four(b + (e + n) * b_row + col_beside(0)), four(b + (e + n) * b_row + col_beside(4))};
			#pragma unroll
			for (int i = 0; i < EACH; i++)
				#pragma unroll
				for (int j = 0; j < EACH; j++) c[i][j] = __builtin_fmaf(left[i][n], right[j / 4][j % 4], c[i][j]);
		}
	}
}

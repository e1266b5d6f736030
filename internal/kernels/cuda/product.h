// What the kernels of a matrix product are told. make.sh compiles them once for
// each TYPE of b; the numbers of those that are stored in BLOCKS lie side by side
// along k, those of the others may lie so along n.
#pragma once
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
	int whole_a, whole_b; // they can be read four numbers at a time
};

DEVICE const float *a_of(const Product &p) { return p.a + block_z() / p.a_group * p.a_batch; }
DEVICE long first_of_b(const Product &p) { return block_z() / p.b_group * p.b_batch; }

DEVICE float *c_of(const Product &p) { return p.c + block_z() * p.c_batch; }

// NAMED is a kernel's name with its type: matmul_F32.
#define JOIN(name, type) name##_##type
#define JOINED(name, type) JOIN(name, type)
#define NAMED(name) JOINED(name, TYPE)

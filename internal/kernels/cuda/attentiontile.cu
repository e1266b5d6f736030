// A rectangle of the pattern as it is: the scores and the weights of some queries
// and keys.
#include "attention.h"

KERNEL __attribute__((launch_bounds(64, 4))) void attentiontile(Attention p) {
	SHARED Stages __attribute__((aligned(16))) stages;
	int head = block_z(), query = p.tile_query + block_y() * QUERIES, key = p.tile_key + block_x() * TILE_KEYS;
	float s[EACH][EACH];
	tile_scores(s, stages, p, head, query, key);
	int rows = thread() / WARP * ROWS;
	#pragma unroll
	for (int i = 0; i < EACH; i++) {
		int q = query + rows + row_of(i) - p.tile_query;
		if (q >= p.tile_queries) continue;
		long row = (long)head * p.t + p.tile_query + q, at = ((long)head * p.tile_queries + q) * p.tile_keys;
		float shift = p.shift[row], inverse = 1 / p.total[row];
		#pragma unroll
		for (int j = 0; j < EACH; j++) {
			int k = key + col_apart(j) - p.tile_key;
			if (k >= p.tile_keys) continue;
			p.tile_scores[at + k] = s[i][j];
			p.tile_pattern[at + k] = weight(s[i][j], shift, inverse);
		}
	}
}

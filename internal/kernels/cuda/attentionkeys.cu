// What each key receives of all queries, and the pooled map: attention.cu's
// scores once more, now that the sums of the rows are known. A block owns some
// keys, whole blocks of the map, and goes over the queries in their order: no
// sum is ever split.
#include "attention.h"

enum { ROW = TILE_KEYS + 1 }; // columns are read as well as rows

// Owned is what one block owns of the pooled map.
struct Owned {
	int head, first, count; // its columns of the map
	int per_tile;           // how many of them begin in a tile of keys
};

DEVICE float *pooled_of(const Attention &p, const Owned &o, int i, int column) {
	return p.pooled + ((long)o.head * p.query_blocks + i) * p.key_blocks + o.first + column;
}

// pool adds a tile's weights to the map: each thread sums one row's weights over
// the keys of each column, and then one column's sums over the rows.
DEVICE void pool(const Attention &p, const Owned &o, float *weights, int query, int keys) {
	int columns = o.per_tile, width = columns > 1 ? p.block : keys;
	float *row = weights + thread() * ROW;
	for (int c = 0; c < columns && c * width < keys; c++) {
		float sum = 0;
		for (int k = c * width; k < (c + 1) * width && k < keys; k++) sum += row[k];
		row[c] = sum; // whose weight has been added
	}
	barrier();
	if (thread() >= columns || thread() * width >= keys) return;
	float sum = 0;
	int last = smaller(QUERIES, p.t - query) - 1;
	for (int r = 0; r <= last; r++) {
		sum += weights[r * ROW + thread()];
		if (r < last && (query + r + 1) % p.block != 0) continue;
		*pooled_of(p, o, (query + r) / p.block, thread()) += sum;
		sum = 0;
	}
}

// give leaves in weights what 64 queries give to 64 keys.
DEVICE void give(float (&s)[EACH][EACH], float *weights, const Attention &p, int head, int query) {
	int rows = thread() / WARP * ROWS;
	#pragma unroll
	for (int i = 0; i < EACH; i++) {
		int q = query + rows + row_of(i);
		long at = (long)head * p.t + smaller(q, p.t - 1);
		float shift = p.shift[at], inverse = 1 / p.total[at];
		#pragma unroll
		for (int j = 0; j < EACH; j++) weights[(rows + row_of(i)) * ROW + col_apart(j)] = q < p.t ? weight(s[i][j], shift, inverse) : 0;
	}
}

KERNEL __attribute__((launch_bounds(64, 4))) void attentionkeys(Attention p, int own) {
	SHARED Stages __attribute__((aligned(16))) stages;
	SHARED float weights[QUERIES * ROW];
	int head = block_y(), first = block_x() * own, past = smaller(first + own, p.n);
	Owned o = {head, 0, 0, 0};
	if (p.pooled) {
		o.first = first / p.block, o.count = (past - first + p.block - 1) / p.block;
		o.per_tile = o.count;
		if (thread() < o.count)
			for (int i = 0; i < p.query_blocks; i++) *pooled_of(p, o, i, thread()) = 0;
	}
	for (int key = first; key < past; key += TILE_KEYS) {
		int keys = smaller(TILE_KEYS, past - key);
		float received = 0;
		for (int query = 0; query < p.t; query += QUERIES) {
			if (past_key(p, smaller(query + QUERIES, p.t) - 1) <= key || first_key(p, query) >= key + keys) continue;
			float s[EACH][EACH];
			tile_scores(s, stages, p, head, query, key);
			give(s, weights, p, head, query);
			barrier();
			for (int r = 0; r < QUERIES; r++) received += weights[r * ROW + thread()];
			if (!p.pooled) continue;
			barrier();
			pool(p, o, weights, query, keys);
		}
		if (p.received && thread() < keys) p.received[(long)head * p.n + key + thread()] = received;
	}
	if (!p.pooled || thread() >= o.count) return;
	for (int i = 0; i < p.query_blocks; i++) {
		int queries = smaller((i + 1) * p.block, p.t) - i * p.block;
		*pooled_of(p, o, i, thread()) /= (float)queries;
	}
}

// What the kernels of fused attention share: what they are told, which keys a
// query may see, and how a product becomes a score.
#pragma once
#include "async.h"
#include "square.h"
#include "tanh.h"

struct Attention {
	const float *q, *k, *v;       // [pos t][head][d], [pos n][head / group][d], [pos n][head / group][v_wide]
	float *out;                   // [pos t][head][v_wide]
	const float *slopes, *sinks;  // one per head, or null
	float *shift, *total;         // [head][query_pos]: what a row's weights are relative to, and their sum
	float *lse, *entropy, *first, *near, *sink; // [head][query_pos], or null
	float *top_keys, *top_weights, *rest;       // [head][query_pos][top], [head][query_pos], or null
	float *received;                            // [head][key_pos], or null
	float *pooled;                              // [head][query_block][key_block], or null
	float *tile_scores, *tile_pattern;          // [head][query][key]
	int t, n;                             // queries, keys
	int heads, group, d, wide, v_wide;    // wide columns of v are mixed
	float scale, softcap;                 // 0 is none
	int causal, window;                   // 0 is none
	int near_keys, top;
	int block, query_blocks, key_blocks;  // positions of a pooled block, and how many there are
	int tile_query, tile_queries, tile_key, tile_keys;
	int whole_qk, whole_v;                // their rows can be read four numbers at a time
};

// A tile has so many queries: two warps' rows.
enum { QUERIES = 2 * ROWS };

DEVICE int smaller(int a, int b) { return a < b ? a : b; }

// The keys that a query may see are those from first_key to before past_key.
DEVICE int first_key(const Attention &p, int query) { return p.window > 0 && query >= p.window ? query - p.window + 1 : 0; }

DEVICE int past_key(const Attention &p, int query) {
	int to = p.causal ? query + 1 : p.n;
	if (p.window > 0) to = smaller(to, query + p.window);
	return smaller(to, p.n);
}

DEVICE const float *queries_of(const Attention &p, int head, int query) { return p.q + ((long)query * p.heads + head) * p.d; }
DEVICE long queries_apart(const Attention &p) { return (long)p.heads * p.d; }
DEVICE const float *keys_of(const Attention &p, int head, int key) {
	return p.k + ((long)key * (p.heads / p.group) + head / p.group) * p.d;
}
DEVICE long keys_apart(const Attention &p) { return (long)(p.heads / p.group) * p.d; }

// ahead_of is how far a thread's first key lies behind its first query, in a warp
// whose first ones are given; it grows by 8 with j and shrinks by 4 with i.
DEVICE int ahead_of(int query, int key) { return key + col_apart(0) - query - row_of(0); }

// scored makes of products what the softmax reads: cap(scale q·k) + slope key,
// and -Inf where a query may not see the key. The products are those of a warp
// whose first query and key are given; edge says that some key may be hidden.
DEVICE void scored(float (&s)[EACH][EACH], const Attention &p, int head, int query, int key, bool edge) {
	#pragma unroll
	for (int i = 0; i < EACH; i++)
		#pragma unroll
		for (int j = 0; j < EACH; j++) s[i][j] *= p.scale;
	if (p.softcap != 0) {
		float inverse = 1 / p.softcap;
		#pragma unroll
		for (int i = 0; i < EACH; i++)
			#pragma unroll
			for (int j = 0; j < EACH; j++) s[i][j] = capped(s[i][j], s[i][j] * inverse, p.softcap);
	}
	if (p.slopes) {
		float slope = p.slopes[head];
		#pragma unroll
		for (int i = 0; i < EACH; i++)
			#pragma unroll
			for (int j = 0; j < EACH; j++) s[i][j] += slope * (float)(key + col_apart(j));
	}
	if (!edge) return;
	#pragma unroll
	for (int i = 0; i < EACH; i++)
		#pragma unroll
		for (int j = 0; j < EACH; j++) {
			int ahead = ahead_of(query, key) + 8 * j - 4 * i;
			bool seen = key + col_apart(j) < p.n && !(p.causal && ahead > 0) && !(p.window > 0 && (ahead >= p.window || -ahead >= p.window));
			if (!seen) s[i][j] = -infinity();
		}
}

// A tile of 64 queries and 64 keys, by two warps.
enum { TILE_KEYS = COLS, TILE_THREADS = 2 * WARP, TILE_DEPTH = 16, TILE_PAD = TILE_DEPTH + 4 };
typedef float Stages[2][(QUERIES + TILE_KEYS) * TILE_PAD];

// tile_scores works out the scores of a tile. The next numbers of queries and
// keys arrive in one half of the stages while those in the other are multiplied.
// Between two tiles a block has a barrier.
DEVICE void tile_scores(float (&s)[EACH][EACH], Stages &stages, const Attention &p, int head, int query, int key) {
	auto fetch = [&](int e) {
		float *to = stages[e / TILE_DEPTH % 2];
		copy_tile<QUERIES, TILE_DEPTH, TILE_PAD, TILE_THREADS>(to, queries_of(p, head, query) + e, queries_apart(p), p.t - query, p.d - e, p.whole_qk);
		copy_tile<TILE_KEYS, TILE_DEPTH, TILE_PAD, TILE_THREADS>(to + QUERIES * TILE_PAD, keys_of(p, head, key) + e, keys_apart(p), p.n - key, p.d - e, p.whole_qk);
	};
	#pragma unroll
	for (int i = 0; i < EACH; i++)
		#pragma unroll
		for (int j = 0; j < EACH; j++) s[i][j] = 0;
	int rows = thread() / WARP * ROWS;
	fetch(0);
	for (int e = 0; e < p.d; e += TILE_DEPTH) {
		arrived();
		barrier();
		if (e + TILE_DEPTH < p.d) fetch(e + TILE_DEPTH);
		const float *from = stages[e / TILE_DEPTH % 2];
		add_dots(s, from + rows * TILE_PAD, TILE_PAD, from + QUERIES * TILE_PAD, TILE_PAD, TILE_DEPTH);
	}
	scored(s, p, head, query + rows, key, true);
}

// weight is a key's share of what a query gives, given one over the sum of it
// all; a hidden key's is 0, in a row of NaN too.
DEVICE float weight(float score, float shift, float inverse) { return score == -infinity() ? 0 : exp(score - shift) * inverse; }

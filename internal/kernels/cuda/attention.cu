// Attention without the pattern: each block goes over the keys of 64 queries of
// one head, tile by tile. Every query keeps the largest score so far and sums
// relative to it, which are scaled down when a larger one comes (Milakov and
// Gimelshein 2018; Dao et al. 2022).
//
// A block has two warps for the rows and X across: X warps share the 64 X keys of
// a tile, and then the 64 X columns of the values. Both products are 8 x 8
// numbers to a thread. Queries, keys and values pass DEPTH numbers at a time
// through two halves of shared memory, one of which is filled while the other is
// read; the queries come again for every tile, because what they would take of
// shared memory is worth more as a second block. Weights go from the threads
// that made them to those that need them through a tile of 64 keys.
#include "attention.h"

enum { WEIGHTS_PAD = COLS + 4 };

const float FAR = -200; // e^FAR is 0 in float32

// Row is how far one query has come, in one thread of its eight: the one at x has
// the row of i = x. All but top is of the warp's own keys, and relative to e^top.
struct Row {
	float top;  // the largest score so far, of all keys
	float sum;  // of e^score
	float tilt; // of e^score (score - top)
	float near; // of e^score over the near keys
};

// over_rows folds eight numbers of each of eight threads with f: the thread at x
// gets what f makes of everybody's number x. Each step halves the numbers.
template <typename F>
DEVICE float over_rows(const float (&mine)[EACH], F f) {
	float fours[4], twos[2];
	bool high = lane_x() & 4, middle = lane_x() & 2, low = lane_x() & 1;
	#pragma unroll
	for (int i = 0; i < 4; i++) fours[i] = f(high ? mine[i + 4] : mine[i], from_lane(high ? mine[i] : mine[i + 4], lane() ^ 8));
	#pragma unroll
	for (int i = 0; i < 2; i++) twos[i] = f(middle ? fours[i + 2] : fours[i], from_lane(middle ? fours[i] : fours[i + 2], lane() ^ 4));
	return f(low ? twos[1] : twos[0], from_lane(low ? twos[0] : twos[1], lane() ^ 2));
}

// of_row gives all eight threads what the one that has row i has.
DEVICE float of_row(float mine, int i) { return from_lane(mine, (lane() & ~14) | i << 1); }

// List is how much of a query's list is made: the largest scores and their keys,
// in their place in the results, the largest first; of two alike the earlier key
// stands first.
struct List {
	int count;
	float last; // the smallest that is listed

	// add offers the scores of the 64 keys from first on.
	__attribute__((device)) void add(const Attention &p, int head, int query, int first, const float *offered) {
		long row = ((long)head * p.t + query) * p.top;
		float *keys = p.top_keys + row, *scores = p.top_weights + row, least = last;
		int n = count, to = smaller(past_key(p, query) - first, COLS);
		for (int c = first_key(p, query) > first ? first_key(p, query) - first : 0; c < to; c++) {
			float score = offered[c];
			if (n == p.top && !(score > least)) continue;
			int at = n < p.top ? n++ : n - 1;
			for (; at > 0 && score > scores[at - 1]; at--) scores[at] = scores[at - 1], keys[at] = keys[at - 1];
			scores[at] = score, keys[at] = (float)(first + c);
			least = scores[n - 1];
		}
		count = n, last = least;
	}

	// finish makes weights of the scores; sum is that of all the query's keys.
	__attribute__((device)) void finish(const Attention &p, int head, int query, float sum) {
		long at = (long)head * p.t + query;
		float *keys = p.top_keys + at * p.top, *scores = p.top_weights + at * p.top;
		for (int i = 0; i < p.top; i++) {
			if (i >= count) {
				keys[i] = -1, scores[i] = 0;
				continue;
			}
			float w = exp(scores[i] - p.shift[at]);
			sum -= w;
			scores[i] = w / p.total[at];
		}
		bool more = past_key(p, query) - first_key(p, query) > p.top;
		p.rest[at] = !more || sum < 0 ? 0 : sum / p.total[at];
	}
};

template <int X>
DEVICE void attention(const Attention &p) {
	enum { THREADS = 2 * X * WARP, KEYS = X * COLS, DEPTH = X == 4 ? 8 : 16, PAD = DEPTH + 4 };
	SHARED float __attribute__((aligned(16))) stages[2][(QUERIES + KEYS) * PAD];
	SHARED float __attribute__((aligned(16))) weights[QUERIES * WEIGHTS_PAD];
	SHARED List lists[QUERIES];

	int head = block_y(), query = ((p.t - 1) / QUERIES - block_x()) * QUERIES; // the longest rows first
	int rows = thread() / WARP % 2 * ROWS, across = thread() / WARP / 2;
	int from = first_key(p, query), to = past_key(p, smaller(query + QUERIES, p.t) - 1);
	bool tell = p.lse;
	int half = 0;

	auto fetch_dots = [&](int key, int e) {
		float *at = stages[half];
		copy_tile<QUERIES, DEPTH, PAD, THREADS>(at, queries_of(p, head, query) + e, queries_apart(p), p.t - query, p.d - e, p.whole_qk);
		copy_tile<KEYS, DEPTH, PAD, THREADS>(at + QUERIES * PAD, keys_of(p, head, key) + e, keys_apart(p), p.n - key, p.d - e, p.whole_qk);
	};
	auto fetch_values = [&](int key) {
		int heads = p.heads / p.group;
		const float *v = p.v + ((long)key * heads + head / p.group) * p.v_wide;
		copy_tile<DEPTH, KEYS, KEYS, THREADS>(stages[half], v, (long)heads * p.v_wide, to - key, p.wide, p.whole_v);
	};

	float mixed[EACH][EACH] = {};
	Row row = {p.sinks ? p.sinks[head] : -infinity(), 0, 0, 0};
	int own = rows + row_of(lane_x()); // its place in the tile
	bool listing = p.top > 0 && thread() < QUERIES && query + thread() < p.t; // for the query of the thread's number
	if (listing) lists[thread()] = {0, 0};

	fetch_dots(from, 0);
	for (int key = from; key < to; key += KEYS) {
		float s[EACH][EACH] = {};
		#pragma unroll 1
		for (int e = 0; e < p.d; e += DEPTH) {
			arrived();
			barrier(); // everybody's numbers are here, and nobody reads the other half any more
			const float *at = stages[half];
			half ^= 1;
			if (e + DEPTH < p.d) fetch_dots(key, e + DEPTH);
			else fetch_values(key);
			add_dots(s, at + rows * PAD, PAD, at + (QUERIES + across * COLS) * PAD, PAD, DEPTH);
		}
		bool edge = past_key(p, query) < key + KEYS || first_key(p, query + QUERIES - 1) > key;
		scored(s, p, head, query + rows, key + across * COLS, edge);
		if (tell && key == 0 && across == 0 && lane_x() == 0) {
			#pragma unroll
			for (int i = 0; i < EACH; i++)
				if (query + rows + row_of(i) < p.t) p.first[(long)head * p.t + query + rows + row_of(i)] = s[i][0];
		}
		if (p.top > 0) {
			#pragma unroll 1
			for (int x = 0; x < X; x++) {
				if (across == x) {
					#pragma unroll
					for (int i = 0; i < EACH; i++)
						#pragma unroll
						for (int j = 0; j < EACH; j++) weights[(rows + row_of(i)) * WEIGHTS_PAD + col_apart(j)] = s[i][j];
				}
				barrier();
				if (listing) lists[thread()].add(p, head, query + thread(), key + x * COLS, weights + thread() * WEIGHTS_PAD);
				barrier();
			}
		}

		float part[EACH];
		#pragma unroll
		for (int i = 0; i < EACH; i++) {
			part[i] = s[i][0];
			#pragma unroll
			for (int j = 1; j < EACH; j++) part[i] = larger(part[i], s[i][j]);
		}
		float before = row.top, now = over_rows(part, Larger());
		if (X > 1) {
			float *tops = weights + own;
			tops[across * QUERIES] = now;
			barrier();
			#pragma unroll
			for (int x = 0; x < X; x++) now = larger(now, tops[x * QUERIES]);
			barrier();
		}
		row.top = now = larger(before, now);
		float shift = now == -infinity() ? 0 : now; // where no key has been seen yet
		float down = exp(before - shift);
		if (tell) row.tilt = before == -infinity() ? 0 : down * (row.tilt + row.sum * (before - now));
		row.sum *= down;
		row.near *= down;
		#pragma unroll
		for (int i = 0; i < EACH; i++) {
			float down_i = of_row(down, i), shift_i = of_row(shift, i);
			#pragma unroll
			for (int j = 0; j < EACH; j++) mixed[i][j] *= down_i, s[i][j] -= shift_i;
		}
		if (tell) {
			#pragma unroll
			for (int i = 0; i < EACH; i++) {
				part[i] = 0;
				#pragma unroll
				for (int j = 0; j < EACH; j++) {
					float below = s[i][j] < FAR ? FAR : s[i][j]; // -Inf times 0 would be NaN
					part[i] = __builtin_fmaf(exp(s[i][j]), below, part[i]);
				}
			}
			row.tilt += over_rows(part, Sum());
		}
		#pragma unroll
		for (int i = 0; i < EACH; i++) {
			part[i] = 0;
			#pragma unroll
			for (int j = 0; j < EACH; j++) part[i] += s[i][j] = exp(s[i][j]);
		}
		row.sum += over_rows(part, Sum());
		if (tell && key < query + QUERIES + p.near_keys && query < key + KEYS + p.near_keys) {
			#pragma unroll
			for (int i = 0; i < EACH; i++) {
				part[i] = 0;
				#pragma unroll
				for (int j = 0; j < EACH; j++) {
					int ahead = ahead_of(query + rows, key + across * COLS) + 8 * j - 4 * i;
					if (ahead < p.near_keys && -ahead < p.near_keys) part[i] += s[i][j];
				}
			}
			row.near += over_rows(part, Sum());
		}

		#pragma unroll 1
		for (int e = 0; e < KEYS && key + e < to; e += DEPTH) {
			if (e % COLS == 0) {
				if (e > 0) barrier(); // the last 64 keys' weights are read
				if (across == e / COLS) {
					#pragma unroll
					for (int i = 0; i < EACH; i++)
						#pragma unroll
						for (int j = 0; j < EACH; j++) weights[(rows + row_of(i)) * WEIGHTS_PAD + col_apart(j)] = s[i][j];
				}
			}
			arrived();
			barrier();
			const float *at = stages[half];
			half ^= 1;
			if (e + DEPTH < KEYS && key + e + DEPTH < to) fetch_values(key + e + DEPTH);
			else if (key + KEYS < to) fetch_dots(key + KEYS, 0);
			add_rows(mixed, weights + rows * WEIGHTS_PAD + e % COLS, WEIGHTS_PAD, at + across * COLS, KEYS, DEPTH);
		}
	}

	float *parts = stages[0], *sums = stages[1]; // [3][X][QUERIES]; [QUERIES]
	float *part = parts + own;
	barrier();
	part[across * QUERIES] = row.sum, part[(X + across) * QUERIES] = row.tilt, part[(2 * X + across) * QUERIES] = row.near;
	barrier();
	float sum = 0, tilt = 0, near = 0;
	#pragma unroll
	for (int x = 0; x < X; x++) sum += part[x * QUERIES], tilt += part[(X + x) * QUERIES], near += part[(2 * X + x) * QUERIES];
	float sink = p.sinks ? exp(p.sinks[head] - row.top) : 0, total = sum + sink;
	#pragma unroll
	for (int i = 0; i < EACH; i++) {
		float inverse = of_row(1 / total, i);
		int q = query + rows + row_of(i);
		float *out = p.out + ((long)q * p.heads + head) * p.v_wide;
		#pragma unroll
		for (int j = 0; j < EACH; j++) {
			int column = across * COLS + col_beside(j);
			if (q < p.t && column < p.wide) out[column] = mixed[i][j] * inverse;
		}
	}
	if (across == 0 && query + own < p.t) {
		long at = (long)head * p.t + query + own;
		sums[own] = sum;
		p.shift[at] = row.top, p.total[at] = total;
		if (tell) {
			float log = logarithm(total), entropy = (sum * log - tilt) / total;
			p.lse[at] = row.top + log;
			p.entropy[at] = entropy < 0 ? 0 : entropy;
			p.first[at] = from == 0 ? weight(p.first[at], row.top, 1 / total) : 0;
			p.near[at] = near / total;
			if (p.sinks) p.sink[at] = sink / total;
		}
	}
	if (p.top == 0) return;
	barrier();
	if (listing) lists[thread()].finish(p, head, query + thread(), sums[thread()]);
}

// COLUMNS columns of values at most, in a file of its own: a GPU takes long to make one
// ready.
#define JOINED(name, width) name##_##width
#define SIZED(name, width) JOINED(name, width)
KERNEL __attribute__((launch_bounds(COLUMNS, 256 / COLUMNS))) void SIZED(attention, COLUMNS)(Attention p) { attention<COLUMNS / 64>(p); }
